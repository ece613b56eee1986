#pragma once

/// Where the bytes of a part come from.

#include <flux/types.hpp>

#include <span>

namespace flux {

/// A request for a piece of a part. A large part is asked for in several pieces, over several steps.
struct FillRequest {
  BlockHandle block;
  PartId part;
  ByteOffset offset = 0;             ///< Of the piece inside the part, in bytes.
  std::span<std::byte> destination;  ///< Staging memory to fill, every byte, front to back. Write only.
  std::uint64_t tag = 0;             ///< As given to `Source::callback`.
};

/// Fills a piece; false: the bytes cannot be had, and the block is reported Lost.
/// Called on the geometry thread, inside `Pool::step`. Must not call the pool.
using FillFunction = bool (*)(void* context, const FillRequest& request);

/// Where a part's bytes come from: bytes given now, or a function that is asked for them.
///
/// - `Source::bytes`: copied into staging before the call returns; the memory may be reused at once.
///   The call fails with `StagingFull` when no staging is free.
/// - `Source::callback`: asked during later steps, within the step's quota, so any amount may be
///   waiting. `context` must stay valid until the block is resident, or removed.
class Source {
 public:
  [[nodiscard]] static constexpr Source bytes(std::span<const std::byte> data) noexcept {
    Source source;
    source.data_ = data;
    return source;
  }
  [[nodiscard]] static constexpr Source callback(FillFunction fill, void* context, std::uint64_t tag = 0) noexcept {
    Source source;
    source.fill_ = fill;
    source.context_ = context;
    source.tag_ = tag;
    return source;
  }

  [[nodiscard]] constexpr bool isCallback() const noexcept { return fill_ != nullptr; }
  [[nodiscard]] constexpr std::span<const std::byte> data() const noexcept { return data_; }
  [[nodiscard]] bool fill(FillRequest request) const {
    request.tag = tag_;
    return fill_(context_, request);
  }

 private:
  std::span<const std::byte> data_;
  FillFunction fill_ = nullptr;
  void* context_ = nullptr;
  std::uint64_t tag_ = 0;
};

}  // namespace flux
