#pragma once

#include "base/gauge.hpp"
#include "base/sync.hpp"
#include "base/witness.hpp"

#include <flux/device.hpp>
#include <flux/result.hpp>
#include <flux/staged_bytes.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace flux {

/// Host memory that the device reads from: pages of one size, mapped once, filled front to back by whichever threads
/// have the bytes, used again when the batches that read them are done. Bounded, and shrinking when idle. Or host
/// memory that the device writes to, the other way round: then a span is taken for a copy, and read when its batch is
/// done.
///
/// **Thread contract.** Geometry thread, but `reserveOnAnyThread`, `waitForRoom`, `openPages`, and dropping
/// `StagedBytes`: any thread.
/// **Progress.** The first page is the step's own: bytes that a call brings along may wait for a copy that needs
/// staging itself, so they never get all of it.
/// **Invariants.** A page starts over only when none of its spans is open (some `StagedBytes` holds it) and the copy
/// queue has passed the last batch that read it. Together the pages never exceed the limit.
///
/// A page's fill level and the number of its open spans share one atomic word: a span is taken by one compare-and-swap,
/// which fails on a page that has started over or closed meanwhile only if there is no room. So no thread ever waits
/// for another that fills its span. Threads that fill at the same time choose different pages while they can, so that
/// they do not pass the word to and fro.
class StagingPages {
 public:
  /// Its pages have the device's staging indices from `firstPage` on, as many as the limit has room for. The witness
  /// knows it as `which`.
  StagingPages(Device& device, ByteCount pageBytes, ByteCount limitBytes, StagingIndex firstPage = {},
               StagingUse use = StagingUse::Upload, Witness* witness = nullptr, std::uint32_t which = 0);
  ~StagingPages();
  StagingPages(const StagingPages&) = delete;
  StagingPages& operator=(const StagingPages&) = delete;

  /// Takes `bytes` (1 to `pageBytes`) of one page, 16-byte aligned. They must be used or dropped before the step ends.
  /// O(pages). Errors: StagingFull, and what the device says when it cannot open
  /// another page.
  [[nodiscard]] Result<StagedBytes> reserve(ByteCount bytes) { return reserveOrOpen(0, bytes); }

  /// The same for bytes that may stay open over many steps. Errors: also StagingFull when only the first page is left,
  /// and InvalidArgument for a size that no page has.
  [[nodiscard]] Result<StagedBytes> reserveAhead(ByteCount bytes);

  /// The page that a thread fills, and that others leave to it while they can.
  class Filling {
   public:
    explicit Filling(StagingPages& pages) noexcept : pages_(pages) {}
    ~Filling() { pages_.leave(*this); }
    Filling(const Filling&) = delete;
    Filling& operator=(const Filling&) = delete;

   private:
    friend class StagingPages;
    StagingPages& pages_;
    std::uint32_t page_ = 1;
  };

  /// As `reserveAhead`, but it only asks for another page: the next `recycle` opens it. Any thread, each with a
  /// `Filling` of its own. O(1) while its page has room, else O(pages).
  [[nodiscard]] Result<StagedBytes> reserveOnAnyThread(ByteCount bytes, Filling& filling);

  /// The same for several spans that lie in one page, one behind the other: one atomic operation takes all of them.
  /// Errors: also InvalidArgument if no page has so many bytes. REQUIRES: `staged` has a place for each.
  [[nodiscard]] Result<void> reserveOnAnyThread(std::span<const ByteCount> bytes, std::span<StagedBytes> staged,
                                                Filling& filling);

  /// Waits until `bytes` may be had on any thread, or for `timeout`. False: it timed out. Any thread but the geometry
  /// thread, which is the one that makes room.
  [[nodiscard]] bool waitForRoom(ByteCount bytes, std::chrono::nanoseconds timeout);

  /// What lies there is complete: the next batch reads it. Returns where it is.
  const StagingSpan& use(const StagedBytes& staged);
  void use(StagingIndex page);

  /// Where it is.
  [[nodiscard]] static const StagingSpan& spanOf(const StagedBytes& staged) noexcept { return staged.span_; }

  /// Makes all that is used visible to the device; call before the batch is submitted. May be repeated.
  [[nodiscard]] Result<void> seal();

  /// The batch that reads all that was used since the last call was submitted with `value`.
  void submitted(TimelineValue value);

  /// That batch has been refused, and will not be submitted again: whoever wants its copies stages them once more.
  void givenUp();

  /// Starts finished pages over, opens one that another thread has missed, and closes those that have been idle for
  /// long; one that has been for a few calls is left to any thread.
  /// Once a step. Errors: what the device says when it cannot open a page; the next call tries again.
  Result<void> recycle(TimelineValue completed);

  /// An open page, as it is at a moment: other threads may be filling it.
  struct PageUse {
    StagingIndex index{};
    ByteCount filledBytes = 0;
    std::uint32_t openSpans = 0;  ///< Somebody fills them, or they wait for their batch.
    TimelineValue lastUse = 0;    ///< Of the last batch that reads it; 0: none did since it was opened.
  };
  /// All open pages, by index. For dumps.
  [[nodiscard]] std::vector<PageUse> pagesInUse() const;

  [[nodiscard]] ByteCount pageBytes() const noexcept { return pageBytes_; }
  [[nodiscard]] ByteCount reservedBytes() const noexcept { return openPages_ * pageBytes_; }
  [[nodiscard]] ByteCount openPages() const noexcept { return openPages_; }

 private:
  friend class StagedBytes;
  struct alignas(64) Page {
    sync::Atomic<std::uint64_t> fill{kClosed};
    sync::Atomic<const Filling*> filler{nullptr};  ///< Who fills it; a hint that keeps others away while they can.
    std::span<std::byte> memory;  ///< Constant from opening to closing; read only after `fill` has told of it.
    // Of the geometry thread:
    TimelineValue lastUse = 0;
    std::uint32_t idleRecycles = 0;
    bool usedByNextBatch = false;
    bool sealed = true;
  };

  // `Page::fill`: open spans in the low half, units filled in the high half; a closed page has no room.
  static constexpr std::uint64_t kFilledUnit = std::uint64_t{1} << 32U;
  static constexpr std::uint64_t kClosed = 0xffffffffULL << 32U;
  static constexpr std::uint64_t filledUnits(std::uint64_t fill) noexcept { return fill >> 32U; }
  static constexpr bool hasOpenSpans(std::uint64_t fill) noexcept { return (fill & (kFilledUnit - 1)) != 0; }

  [[nodiscard]] StagingIndex indexOf(std::uint32_t page) const noexcept { return StagingIndex{firstPage_ + page}; }
  [[nodiscard]] Page& pageOf(StagingIndex index) noexcept {
    return pages_[static_cast<std::uint32_t>(index) - firstPage_];
  }
  [[nodiscard]] bool isOpen(const Page& page) const noexcept { return !page.memory.empty(); }
  [[nodiscard]] bool hasRoom(std::uint64_t fill, ByteCount bytes) const noexcept;
  /// Of these functions; what they return stands for all spans that will be in it.
  struct Room {
    ByteCount bytes = 0;
    std::uint32_t spans = 1;
  };
  [[nodiscard]] StagedBytes take(std::uint32_t index, const Room& room);
  [[nodiscard]] StagedBytes takeAnywhere(std::uint32_t first, const Room& room);
  [[nodiscard]] StagedBytes takeApart(const Room& room, Filling& filling);
  void leave(const Filling& filling) noexcept;
  [[nodiscard]] Result<StagedBytes> reserveOrOpen(std::uint32_t first, ByteCount bytes);
  [[nodiscard]] Result<StagedBytes> takeOrOpen(std::uint32_t first, ByteCount bytes);
  [[nodiscard]] Result<void> seenAs(RecordKind kind, const Result<void>& result) const;
  [[nodiscard]] Result<void> sealPages();
  [[nodiscard]] Result<void> recyclePages(TimelineValue completed);
  [[nodiscard]] Result<bool> openPage(std::uint32_t first);
  [[nodiscard]] Result<void> checkSize(ByteCount bytes) const;
  [[nodiscard]] Error full(std::uint32_t first, ByteCount bytes) const noexcept;
  void wake() noexcept;

  Device& device_;
  const ByteCount pageBytes_;
  const std::uint32_t firstPage_;
  const StagingUse use_;
  Witness* const witness_;  ///< Null: nobody looks on.
  const std::uint32_t which_;
  std::vector<Page> pages_;
  Gauge<ByteCount> openPages_;
  sync::Atomic<bool> wanted_{false};  ///< A thread that cannot open pages found no room.
  sync::Mutex mutex_;
  sync::ConditionVariable wakeUp_;
  std::uint32_t waiting_ = 0;
};

}  // namespace flux
