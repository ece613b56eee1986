#include "transfer/staging_pages.hpp"

#include "base/rounding.hpp"

#include <flux/assert.hpp>

#include <mutex>

namespace flux {
namespace {

constexpr ByteCount kUnitBytes = 16;

/// A page that served nothing for so many steps is closed; the step's own page stays.
constexpr std::uint32_t kIdleRecycles = 240;

/// After so many the thread that has filled it last has no claim to it any more.
constexpr std::uint32_t kClaimedRecycles = 8;

constexpr std::uint64_t units(ByteCount bytes) noexcept {
  return roundUp(bytes, kUnitBytes) / kUnitBytes;
}

}  // namespace

StagingPages::StagingPages(Device& device, ByteCount pageBytes, ByteCount limitBytes, StagingIndex firstPage,
                           StagingUse use, Witness* witness, std::uint32_t which)
    : device_(device),
      pageBytes_(pageBytes),
      firstPage_(static_cast<std::uint32_t>(firstPage)),
      use_(use),
      witness_(witness),
      which_(which),
      pages_(static_cast<std::size_t>(limitBytes / pageBytes)) {}

StagingPages::~StagingPages() {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    if (isOpen(pages_[i])) device_.closeStaging(indexOf(i));
  }
}

// ---- Taking spans, on any thread ---------------------------------------------------------------------------

bool StagingPages::hasRoom(std::uint64_t fill, ByteCount bytes) const noexcept {
  return filledUnits(fill) + units(bytes) <= pageBytes_ / kUnitBytes;
}

/// Nothing, if the page has no room.
StagedBytes StagingPages::take(std::uint32_t index, const Room& room) {
  Page& page = pages_[index];
  std::uint64_t fill = page.fill.load(std::memory_order_relaxed);
  do {
    if (!hasRoom(fill, room.bytes)) return {};
  } while (!page.fill.compare_exchange_weak(fill, fill + units(room.bytes) * kFilledUnit + room.spans,
                                            std::memory_order_acquire, std::memory_order_relaxed));
  const ByteOffset offset = filledUnits(fill) * kUnitBytes;
  return {*this, {indexOf(index), offset, page.memory.subspan(static_cast<std::size_t>(offset), room.bytes)}};
}

StagedBytes StagingPages::takeAnywhere(std::uint32_t first, const Room& room) {
  // Lowest index first, so that pages at the end fall idle and can go.
  for (std::uint32_t i = first; i < pages_.size(); ++i) {
    if (StagedBytes taken = take(i, room)) return taken;
  }
  return {};
}

/// Where the thread took last, else from a page that no other fills, else from any.
StagedBytes StagingPages::takeApart(const Room& room, Filling& filling) {
  const auto takeAlone = [&](std::uint32_t index) -> StagedBytes {
    sync::Atomic<const Filling*>& filler = pages_[index].filler;
    const Filling* const other = filler.load(std::memory_order_relaxed);
    if (other != nullptr && other != &filling) return {};
    StagedBytes taken = take(index, room);
    if (taken && other == nullptr) filler.store(&filling, std::memory_order_relaxed);
    return taken;
  };
  if (filling.page_ < pages_.size()) {
    if (StagedBytes taken = takeAlone(filling.page_)) return taken;
    leave(filling);
  }
  for (std::uint32_t i = 1; i < pages_.size(); ++i) {
    StagedBytes taken = takeAlone(i);
    if (!taken) continue;
    filling.page_ = i;
    return taken;
  }
  return takeAnywhere(1, room);
}

void StagingPages::leave(const Filling& filling) noexcept {
  if (filling.page_ >= pages_.size()) return;
  sync::Atomic<const Filling*>& filler = pages_[filling.page_].filler;
  if (filler.load(std::memory_order_relaxed) == &filling) filler.store(nullptr, std::memory_order_relaxed);
}

Result<StagedBytes> StagingPages::reserveOnAnyThread(ByteCount bytes, Filling& filling) {
  if (const Result<void> checked = checkSize(bytes); !checked) return Unexpected(checked.error());
  if (StagedBytes taken = takeApart({bytes}, filling)) return taken;
  wanted_.store(true, std::memory_order_relaxed);
  return Unexpected(full(1, bytes));
}

Result<void> StagingPages::reserveOnAnyThread(std::span<const ByteCount> bytes, std::span<StagedBytes> staged,
                                              Filling& filling) {
  FLUX_ASSERT(staged.size() >= bytes.size(), "each span that is reserved has a place to go");
  Room room{0, static_cast<std::uint32_t>(bytes.size())};
  for (const ByteCount each : bytes) {
    if (const Result<void> checked = checkSize(each); !checked) return checked;
    room.bytes = roundUp(room.bytes, kUnitBytes) + each;
  }
  if (const Result<void> checked = checkSize(room.bytes); !checked) return checked;
  StagedBytes all = takeApart(room, filling);
  if (!all) {
    wanted_.store(true, std::memory_order_relaxed);
    return Unexpected(full(1, room.bytes));
  }
  const StagingSpan whole = all.span_;
  all.pages_ = nullptr;  // The spans have the counts, one each.
  ByteOffset at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    at = roundUp(at, kUnitBytes);
    staged[i] =
        StagedBytes(*this, {whole.page, whole.offset + at,
                            whole.bytes.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(bytes[i]))});
    at += bytes[i];
  }
  return {};
}

bool StagingPages::waitForRoom(ByteCount bytes, std::chrono::nanoseconds timeout) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  const bool room = wakeUp_.wait_for(lock, timeout, [&] {
    for (std::uint32_t i = 1; i < pages_.size(); ++i) {
      if (hasRoom(pages_[i].fill.load(std::memory_order_relaxed), bytes)) return true;
    }
    wanted_.store(true, std::memory_order_relaxed);
    return false;
  });
  --waiting_;
  return room;
}

void StagedBytes::retain() const noexcept {
  if (pages_ == nullptr) return;
  pages_->pageOf(span_.page).fill.fetch_add(1, std::memory_order_relaxed);
}

void StagedBytes::release() const noexcept {
  // Whoever starts the page over sees all that was written here.
  pages_->pageOf(span_.page).fill.fetch_sub(1, std::memory_order_release);
}

Result<void> StagingPages::checkSize(ByteCount bytes) const {
  if (bytes > 0 && bytes <= pageBytes_) return {};
  return Unexpected(makeError(ErrorCode::InvalidArgument, "staged bytes", {}, {bytes, pageBytes_}));
}

Error StagingPages::full(std::uint32_t first, ByteCount bytes) const noexcept {
  return makeError(ErrorCode::StagingFull, "staging", {}, {bytes, (pages_.size() - first) * pageBytes_});
}

// ---- Of the geometry thread --------------------------------------------------------------------------------

Result<StagedBytes> StagingPages::reserveAhead(ByteCount bytes) {
  if (const Result<void> checked = checkSize(bytes); !checked) return Unexpected(checked.error());
  return reserveOrOpen(1, bytes);
}

Result<StagedBytes> StagingPages::reserveOrOpen(std::uint32_t first, ByteCount bytes) {
  Result<StagedBytes> taken = takeOrOpen(first, bytes);
  if (witness_ == nullptr) return taken;
  const Result<void> seen = witnessedResult(*witness_, RecordKind::StagingRefused, taken, "staging", which_);
  if (!seen) return Unexpected(seen.error());
  return taken;
}

Result<StagedBytes> StagingPages::takeOrOpen(std::uint32_t first, ByteCount bytes) {
  FLUX_ASSERT(bytes > 0 && bytes <= pageBytes_, "what is staged fits a page");
  for (;;) {
    if (StagedBytes taken = takeAnywhere(first, {bytes})) return taken;
    const Result<bool> opened = openPage(first);
    if (!opened) return Unexpected(opened.error());
    if (!*opened) return Unexpected(full(first, bytes));
    // Other threads may be quicker to fill what was opened; then the next one is opened.
  }
}

/// False: all are open, or as many as the device allows.
Result<bool> StagingPages::openPage(std::uint32_t first) {
  for (std::uint32_t i = first; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    if (isOpen(page)) continue;
    const Result<std::span<std::byte>> memory = device_.openStaging(indexOf(i), pageBytes_, use_);
    if (!memory && memory.error().code == ErrorCode::TooManyChunks && openPages_ != 0) return false;
    if (!memory) return Unexpected(memory.error());
    page.memory = *memory;
    page.lastUse = 0;
    page.idleRecycles = 0;
    page.fill.store(0, std::memory_order_release);
    ++openPages_;
    return true;
  }
  return false;
}

const StagingSpan& StagingPages::use(const StagedBytes& staged) {
  use(staged.span_.page);
  return staged.span_;
}

void StagingPages::use(StagingIndex index) {
  Page& page = pageOf(index);
  page.usedByNextBatch = true;
  page.sealed = false;
}

Result<void> StagingPages::seenAs(RecordKind kind, const Result<void>& result) const {
  return witness_ == nullptr ? result : witnessedResult(*witness_, kind, result, "staging", which_);
}

Result<void> StagingPages::seal() {
  return seenAs(RecordKind::SealingRefused, sealPages());
}

Result<void> StagingPages::sealPages() {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    if (page.sealed) continue;
    const ByteCount filled = filledUnits(page.fill.load(std::memory_order_relaxed)) * kUnitBytes;
    if (Result<void> sealed = device_.sealStaging(indexOf(i), filled); !sealed) return sealed;
    page.sealed = true;
  }
  return {};
}

void StagingPages::submitted(TimelineValue value) {
  for (Page& page : pages_) {
    if (!page.usedByNextBatch) continue;
    page.usedByNextBatch = false;
    page.lastUse = value;
  }
}

void StagingPages::givenUp() {
  for (Page& page : pages_) page.usedByNextBatch = false;
}

Result<void> StagingPages::recycle(TimelineValue completed) {
  return seenAs(RecordKind::RecyclingRefused, recyclePages(completed));
}

Result<void> StagingPages::recyclePages(TimelineValue completed) {
  bool room = false;
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    if (!isOpen(page) || page.usedByNextBatch || page.lastUse > completed) continue;
    std::uint64_t fill = page.fill.load(std::memory_order_acquire);
    if (hasOpenSpans(fill)) continue;
    page.idleRecycles = fill == 0 ? page.idleRecycles + 1 : 0;
    const bool closes = page.idleRecycles > kIdleRecycles && (i > 0 || use_ == StagingUse::Readback);
    // Another thread may take a span meanwhile; then the page stays as it is.
    if (!page.fill.compare_exchange_strong(fill, closes ? kClosed : 0, std::memory_order_acq_rel)) continue;
    if (page.idleRecycles == kClaimedRecycles) page.filler.store(nullptr, std::memory_order_relaxed);
    if (closes) {
      page.memory = {};
      device_.closeStaging(indexOf(i));
      --openPages_;
    } else {
      room = room || fill != 0;
    }
  }
  if (wanted_.load(std::memory_order_relaxed)) {
    if (!room) {
      const Result<bool> opened = openPage(1);
      if (!opened) return Unexpected(opened.error());
      room = *opened;
    }
    // Who finds no room from now on asks again.
    wanted_.store(false, std::memory_order_relaxed);
  }
  if (room) wake();
  return {};
}

std::vector<StagingPages::PageUse> StagingPages::pagesInUse() const {
  std::vector<PageUse> uses;
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    if (!isOpen(pages_[i])) continue;
    const std::uint64_t fill = pages_[i].fill.load(std::memory_order_relaxed);
    const auto openSpans = static_cast<std::uint32_t>(fill & (kFilledUnit - 1));
    uses.push_back({indexOf(i), filledUnits(fill) * kUnitBytes, openSpans, pages_[i].lastUse});
  }
  return uses;
}

/// The lock orders this after a waiter's look at the pages.
void StagingPages::wake() noexcept {
  const std::lock_guard lock(mutex_);
  if (waiting_ > 0) wakeUp_.notify_all();
}

}  // namespace flux
