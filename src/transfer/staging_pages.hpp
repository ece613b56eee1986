#pragma once

#include <flux/device.hpp>
#include <flux/result.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace flux {

/// A piece of a staging page that somebody fills, and that a batch then reads.
struct StagingSpan {
  StagingIndex page{};
  ByteOffset offset = 0;
  std::span<std::byte> bytes;
};

/// Host memory that the device reads from: pages of one size, mapped once, filled front to back, used again
/// when the batches that read them are done. Bounded, and shrinking when idle.
///
/// **Thread contract.** Geometry thread only.
/// **Progress.** The first page is the step's own: bytes that a call brings along may wait for a copy that needs
/// staging itself, so they never get all of it.
/// **Invariants.** A page starts over only when none of its spans is open (reserved, but neither submitted nor
/// released) and the copy queue has passed the last batch that read it. Together the pages never exceed the limit.
class StagingPages {
 public:
  StagingPages(Device& device, ByteCount pageBytes, ByteCount limitBytes);
  ~StagingPages();
  StagingPages(const StagingPages&) = delete;
  StagingPages& operator=(const StagingPages&) = delete;

  /// Reserves `bytes` (1 to `pageBytes`) in one page; the span is 16-byte aligned and open from now on. It must be used
  /// or released before the step ends.
  /// O(pages). Errors: StagingFull, and what the device says when it cannot open another page.
  [[nodiscard]] Result<StagingSpan> reserve(ByteCount bytes) { return reserveFrom(0, bytes); }

  /// The same for a span that may stay open over many steps. Errors: also StagingFull when only the first page is left.
  [[nodiscard]] Result<StagingSpan> reserveAhead(ByteCount bytes) { return reserveFrom(1, bytes); }

  /// Cuts an open span after `bytes`, a multiple of 4, into two open ones; returns the second.
  [[nodiscard]] StagingSpan split(StagingSpan& span, ByteCount bytes);

  /// Gives an open span back unread.
  void release(const StagingSpan& span);

  /// Closes an open span: the next batch reads it.
  void use(const StagingSpan& span);

  /// Takes `use` back: the batch was not submitted.
  void reopen(const StagingSpan& span);

  /// Makes all used spans visible to the device; call before the batch is submitted. May be repeated.
  [[nodiscard]] Result<void> seal();

  /// The batch that reads all spans used since the last call was submitted with `value`.
  void submitted(TimelineValue value);

  /// Starts finished pages over, and closes a page that has been idle for long. Once a step.
  void recycle(TimelineValue completed);

  [[nodiscard]] ByteCount pageBytes() const noexcept { return pageBytes_; }
  [[nodiscard]] ByteCount reservedBytes() const noexcept { return openPages_ * pageBytes_; }
  [[nodiscard]] ByteCount openPages() const noexcept { return openPages_; }

 private:
  struct Page {
    std::span<std::byte> memory;  ///< Empty: not opened.
    ByteCount filled = 0;
    ByteCount sealed = 0;
    TimelineValue lastUse = 0;
    std::uint32_t openSpans = 0;
    std::uint32_t idleRecycles = 0;
    bool usedByNextBatch = false;
  };

  Result<StagingSpan> reserveFrom(std::uint32_t first, ByteCount bytes);
  static StagingSpan take(Page& page, std::uint32_t index, ByteCount bytes);

  Device& device_;
  ByteCount pageBytes_;
  std::vector<Page> pages_;
  ByteCount openPages_ = 0;
};

}  // namespace flux
