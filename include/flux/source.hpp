#pragma once

/// Where the bytes of a part come from.

#include <flux/staged_bytes.hpp>
#include <flux/types.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace flux {

/// A request for a piece of a part. A large part is asked for in several pieces, over several steps.
struct FillRequest {
  BlockHandle block;
  PartId part;
  ByteOffset offset = 0;             ///< Of the piece inside the part, in bytes.
  std::span<std::byte> destination;  ///< Staging, or the chunk itself, to fill: every byte, front to back. Write only.
  std::uint64_t tag = 0;             ///< As given to `Source::callback`.
};

/// Fills a piece; false: the bytes cannot be had, and the block is reported Lost.
/// Called on the geometry thread, inside `Pool::step`. Must not call the pool.
using FillFunction = bool (*)(void* context, const FillRequest& request);

/// Where a part's bytes come from: bytes given now, bytes handed over, or a function that is asked for them.
///
/// - `Source::bytes`: copied before the call returns, into staging or, for a new block, straight into its place where
///   the host can reach it; the memory may be reused at once. The call fails with `StagingFull` when it needs staging
///   and none is free.
/// - `Source::staged`: lie in staging already, where the caller has written them. A call that fails leaves them to him.
/// - `Source::owned`: kept, and copied into staging, or into its place, during later steps, within the step's quota, so
/// any amount
///   may be waiting. Let go on the geometry thread when they have arrived, or are not wanted any more.
/// - `Source::callback`: asked likewise during later steps. `context` must stay valid until the block is resident, or
///   removed. One that is `lasting` may be asked again at any time until the block is removed, or the part has got
///   other contents.
class Source {
 public:
  [[nodiscard]] static Source bytes(std::span<const std::byte> data) noexcept {
    Source source;
    source.data_ = data;
    return source;
  }
  [[nodiscard]] static Source staged(StagedBytes bytes) noexcept {
    Source source;
    source.data_ = bytes.bytes();
    source.staged_ = std::move(bytes);
    return source;
  }
  [[nodiscard]] static Source owned(std::shared_ptr<const std::byte[]> bytes, std::size_t size) noexcept {
    Source source;
    source.data_ = {bytes.get(), size};
    source.owner_ = std::move(bytes);
    return source;
  }
  [[nodiscard]] static Source callback(FillFunction fill, void* context, std::uint64_t tag = 0) noexcept {
    Source source;
    source.fill_ = fill;
    source.context_ = context;
    source.tag_ = tag;
    return source;
  }

  /// The same function, which gives the same bytes whenever it is asked: a block whose parts all have such a source
  /// can leave the device without a copy (`PoolDesc::evicts`). REQUIRES: it is a function.
  [[nodiscard]] Source lasting() const noexcept {
    Source source = *this;
    source.lasts_ = true;
    return source;
  }

  [[nodiscard]] bool isLasting() const noexcept { return lasts_; }
  /// Whether the bytes stay available, and are taken during later steps.
  [[nodiscard]] bool isLater() const noexcept { return fill_ != nullptr || owner_ != nullptr; }
  /// Whether the bytes lie in memory of the caller, who may use that again after the call.
  [[nodiscard]] bool isGivenNow() const noexcept { return !isLater() && !staged_; }
  /// Whether it can give exactly so many bytes. A function can give any number.
  [[nodiscard]] bool gives(ByteCount bytes) const noexcept { return fill_ != nullptr || data_.size() == bytes; }
  [[nodiscard]] std::span<const std::byte> data() const noexcept { return data_; }
  /// Nothing, unless the bytes lie in staging.
  [[nodiscard]] const StagedBytes& stagedBytes() const noexcept { return staged_; }

  /// Its first byte belongs to `begins` of the part. REQUIRES: nothing is staged.
  [[nodiscard]] bool fill(FillRequest request, ByteOffset begins) const {
    if (fill_ == nullptr) {
      const std::byte* const from = data_.data() + (request.offset - begins);
      std::copy_n(from, request.destination.size(), request.destination.data());
      return true;
    }
    request.tag = tag_;
    return fill_(context_, request);
  }

 private:
  std::span<const std::byte> data_;
  StagedBytes staged_;
  std::shared_ptr<const std::byte[]> owner_;
  FillFunction fill_ = nullptr;
  void* context_ = nullptr;
  std::uint64_t tag_ = 0;
  bool lasts_ = false;
};

}  // namespace flux
