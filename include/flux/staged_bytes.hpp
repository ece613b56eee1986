#pragma once

/// Bytes that are written where the device reads them from, by any thread.

#include <flux/types.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace flux {

class StagingPages;

/// A piece of a staging page. `StagingPages` knows when a batch may read it.
struct StagingSpan {
  StagingIndex page{};
  ByteOffset offset = 0;
  std::span<std::byte> bytes;
};

/// Staging memory to fill in place, then to give to a call as `Source::staged`: the bytes are copied no more on the
/// host.
///
///     flux::StagedBytes vertices = producer.stage(bytes).value();
///     build(vertices.bytes());                                             // no lock is held
///     producer.add({.name = "rock", .parts = {{flux::PartKind::Vertex, bytes, flux::Source::staged(vertices)}}});
///
/// **Thread contract.** Like `std::shared_ptr`: copies may be used on different threads at once, one copy may not. The
/// pool must outlive the last copy.
/// **Rules.** Write front to back, never read: the memory may be uncached. Nothing is written any more once the bytes
/// have been given to a call that accepted them; they may be given to several.
/// **Cost.** Copies are counted, and nothing is allocated. Until the last one is gone and the device has read the
/// bytes, the staging page that they lie in cannot start over; other pages can.
class StagedBytes {
 public:
  /// Holds nothing.
  StagedBytes() = default;
  StagedBytes(const StagedBytes& other) noexcept : pages_(other.pages_), span_(other.span_) { retain(); }
  StagedBytes(StagedBytes&& other) noexcept
      : pages_(std::exchange(other.pages_, nullptr)), span_(std::exchange(other.span_, {})) {}
  StagedBytes& operator=(StagedBytes other) noexcept {
    std::swap(pages_, other.pages_);
    std::swap(span_, other.span_);
    return *this;
  }
  ~StagedBytes() {
    if (pages_ != nullptr) release();
  }

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return span_.bytes; }
  [[nodiscard]] explicit operator bool() const noexcept { return pages_ != nullptr; }

 private:
  friend class StagingPages;
  /// Takes over one count of the span's page.
  StagedBytes(StagingPages& pages, const StagingSpan& span) noexcept : pages_(&pages), span_(span) {}
  void retain() const noexcept;
  void release() const noexcept;

  StagingPages* pages_ = nullptr;
  StagingSpan span_;
};

}  // namespace flux
