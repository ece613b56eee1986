#pragma once

/// Bytes that are written where the device reads them from, by any thread.

#include <flux/types.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace flux {

/// A piece of a staging page. `StagingPages` knows when a batch may read it.
struct StagingSpan {
  StagingIndex page{};
  ByteOffset offset = 0;
  std::span<std::byte> bytes;
};

/// Staging memory to fill in place, then to give to a call as `Source::staged`: the bytes are copied no more on the
/// host.
///
///     flux::StagedBytes vertices = pool->stage(bytes).value();              // any thread
///     build(vertices.bytes());                                             // no lock is held
///     producer.add({.name = "rock", .parts = {{flux::PartKind::Vertex, bytes, flux::Source::staged(vertices)}}});
///
/// **Thread contract.** Like `std::shared_ptr`: copies may be used on different threads at once, one copy may not. The
/// pool must outlive the last copy.
/// **Rules.** Write front to back, never read: the memory may be uncached. Nothing is written any more once the bytes
/// have been given to a call that accepted them; they may be given to several.
/// **Cost.** Until the last copy is gone and the device has read them, the staging page that they lie in cannot start
/// over; other pages can.
class StagedBytes {
 public:
  /// Holds nothing.
  StagedBytes() = default;

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return span_ ? span_->bytes : std::span<std::byte>{}; }
  [[nodiscard]] explicit operator bool() const noexcept { return span_ != nullptr; }

 private:
  friend class StagingPages;
  explicit StagedBytes(std::shared_ptr<const StagingSpan> span) noexcept : span_(std::move(span)) {}
  std::shared_ptr<const StagingSpan> span_;
};

}  // namespace flux
