#include "alloc/allocation_map.hpp"

#include "base/rounding.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <limits>

namespace flux {

namespace {

/// Of a size that is at most that of a block, so under 32 bits.
constexpr std::uint32_t roomFor(ByteCount bytes) {
  return static_cast<std::uint32_t>(wholeUnits(bytes));
}

}  // namespace

AllocationMap::AllocationMap(std::uint32_t blockBytes) : totalBytes_(blockBytes), freeBytes_(blockBytes) {
  FLUX_ASSERT(blockBytes % kPlaceUnitBytes == 0, "a block is whole units");
  if (blockBytes != 0) gaps_.push_back({0, blockBytes});
}

std::optional<std::uint32_t> AllocationMap::allocate(ByteCount bytes, std::uint32_t alignment, ByteOffset base) {
  if (bytes == 0 || bytes > freeBytes_) return std::nullopt;
  const std::uint32_t wanted = roomFor(bytes);
  std::size_t best = gaps_.size();
  std::uint32_t bestOffset = 0;
  for (std::size_t i = 0; i < gaps_.size(); ++i) {
    const Gap& gap = gaps_[i];
    if (gap.bytes < wanted || (best != gaps_.size() && gap.bytes >= gaps_[best].bytes)) continue;
    // A place is a whole number of units in its chunk, so that both alignments hold together.
    ByteOffset start = roundUp(base + gap.offset, alignment);
    while (start % kPlaceUnitBytes != 0) start += alignment;
    if (start - base + wanted > ByteOffset{gap.offset} + gap.bytes) continue;
    best = i;
    bestOffset = static_cast<std::uint32_t>(start - base);
  }
  if (best == gaps_.size()) return std::nullopt;
  cut(best, bestOffset, wanted);
  return bestOffset;
}

void AllocationMap::take(std::uint32_t offset, std::uint32_t bytes) {
  const auto behind = std::ranges::upper_bound(gaps_, offset, {}, &Gap::offset);
  const std::uint32_t whole = roomFor(bytes);
  const bool isFree =
      behind != gaps_.begin() && std::uint64_t{offset} + whole <= std::uint64_t{behind[-1].offset} + behind[-1].bytes;
  FLUX_ASSERT(isFree, "a range that is taken is free");
  if (isFree) cut(static_cast<std::size_t>(behind - gaps_.begin()) - 1, offset, whole);
}

void AllocationMap::cut(std::size_t gap, std::uint32_t offset, std::uint32_t bytes) {
  const Gap old = gaps_[gap];
  const Gap before{old.offset, offset - old.offset};
  const Gap behind{offset + bytes, old.offset + old.bytes - offset - bytes};
  const auto at = gaps_.begin() + static_cast<std::ptrdiff_t>(gap);
  if (before.bytes != 0 && behind.bytes != 0) {
    *at = behind;
    gaps_.insert(at, before);
  } else if (before.bytes != 0 || behind.bytes != 0) {
    *at = before.bytes != 0 ? before : behind;
  } else {
    gaps_.erase(at);
  }
  freeBytes_ -= bytes;
}

bool AllocationMap::resize(std::uint32_t offset, std::uint32_t bytes, ByteCount newBytes) {
  if (newBytes == 0 || newBytes > totalBytes_) return false;
  const std::uint32_t now = roomFor(bytes);
  const std::uint32_t wanted = roomFor(newBytes);
  if (wanted < now) free(offset + wanted, now - wanted);
  if (wanted <= now) return true;
  const auto behind = std::ranges::lower_bound(gaps_, offset + now, {}, &Gap::offset);
  if (behind == gaps_.end() || behind->offset != offset + now || behind->bytes < wanted - now) return false;
  cut(static_cast<std::size_t>(behind - gaps_.begin()), offset + now, wanted - now);
  return true;
}

void AllocationMap::free(std::uint32_t offset, std::uint32_t bytes) {
  const std::uint32_t whole = roomFor(bytes);
  const std::uint64_t end = std::uint64_t{offset} + whole;
  const auto behind = std::ranges::upper_bound(gaps_, offset, {}, &Gap::offset);
  const bool taken = whole != 0 && end <= totalBytes_ && (behind == gaps_.end() || end <= behind->offset) &&
                     (behind == gaps_.begin() || behind[-1].offset + behind[-1].bytes <= offset);
  FLUX_ASSERT(taken, "a range is given back once, and lies inside its block");
  if (!taken) return;
  const bool touchesBefore = behind != gaps_.begin() && behind[-1].offset + behind[-1].bytes == offset;
  const bool touchesBehind = behind != gaps_.end() && behind->offset == end;
  if (touchesBefore && touchesBehind) {
    behind[-1].bytes += whole + behind->bytes;
    gaps_.erase(behind);
  } else if (touchesBefore) {
    behind[-1].bytes += whole;
  } else if (touchesBehind) {
    *behind = {offset, behind->bytes + whole};
  } else {
    gaps_.insert(behind, {offset, whole});
  }
  freeBytes_ += whole;
}

std::uint32_t AllocationMap::largestGap() const {
  return gaps_.empty() ? 0 : std::ranges::max_element(gaps_, {}, &Gap::bytes)->bytes;
}

double AllocationMap::fragmentation() const {
  return freeBytes_ == 0 ? 0.0 : 1.0 - static_cast<double>(largestGap()) / static_cast<double>(freeBytes_);
}

}  // namespace flux
