#include "alloc/chunk_drain.hpp"

#include <algorithm>
#include <bit>

namespace flux {

namespace {

constexpr std::uint64_t kNoBound = ~std::uint64_t{0};

/// What the First chunks must have room for.
constexpr std::uint64_t needOf(std::uint64_t live) {
  return live + live / 8;
}

/// The most that may be live so that the need is at most `room`.
constexpr std::uint64_t mostFor(std::uint64_t room) {
  std::uint64_t live = room / 9 * 8 + room % 9 * 8 / 9;
  while (needOf(live + 1) <= room) ++live;
  return live;
}

}  // namespace

std::uint32_t ChunkDrain::levelOf(std::uint32_t ranges) {
  const auto octave = static_cast<std::uint32_t>(std::bit_width(ranges | 1U)) - 1;
  const auto quarter = static_cast<std::uint32_t>((std::uint64_t{ranges} << 2U >> octave) & 3U);
  return std::min(octave * 4 + quarter, kLevels - 1);
}

/// A side has got or lost a chunk. Until the next time, what is live alone decides.
void ChunkDrain::setBounds() {
  const std::uint64_t have = std::uint64_t{sides_[0].chunks} * chunkUnits_;
  least_ = have > chunkUnits_ ? mostFor(have - chunkUnits_ - 1) + 1 : 0;
  most_ = sides_[1].chunks != 0 ? mostFor(have) : kNoBound;
}

void ChunkDrain::changeLevel(std::uint32_t chunk, std::uint32_t ranges) {
  const std::uint32_t before = lists_.listOf(chunk);
  const bool drains = before != IndexLists::kNone && before >= kLevels;
  const std::uint32_t level = levelOf(ranges);
  Record& record = records_[chunk];
  record.span = std::max((1U << (level / 4)) / 4, 1U);
  record.fewest = std::min(ranges, kFewestOfLast) / record.span * record.span;
  if (level == kLevels - 1) record.span = 0 - record.fewest;  // up to 2^32
  if (before != IndexLists::kNone) take(chunk);
  put(chunk, level + (drains ? kLevels : 0));
  if (before == IndexLists::kNone) setBounds();
}

void ChunkDrain::forget(std::uint32_t chunk) {
  if (!contains(chunk)) return;
  take(chunk);
  live_ -= records_[chunk].used;
  records_[chunk] = {};
  setBounds();
}

void ChunkDrain::put(std::uint32_t chunk, std::uint32_t list) {
  lists_.append(list, chunk);
  Side& side = sides_[list / kLevels];
  side.levels |= std::uint64_t{1} << (list % kLevels);
  ++side.chunks;
}

void ChunkDrain::take(std::uint32_t chunk) {
  const std::uint32_t list = lists_.listOf(chunk);
  lists_.remove(chunk);
  Side& side = sides_[list / kLevels];
  if (lists_.empty(list)) side.levels &= ~(std::uint64_t{1} << (list % kLevels));
  --side.chunks;
}

/// REQUIRES: what is live is out of its bounds.
ChunkDrain::Change ChunkDrain::move() {
  const bool drain = live_ < least_;
  const auto level = drain ? static_cast<std::uint32_t>(std::countr_zero(sides_[0].levels))
                           : static_cast<std::uint32_t>(std::bit_width(sides_[1].levels)) - 1;
  const std::uint32_t chunk = drain ? lists_.last(level) : lists_.first(kLevels + level);
  take(chunk);
  put(chunk, drain ? kLevels + level : level);
  setBounds();
  return {chunk, drain ? SpaceRank::Last : SpaceRank::First};
}

bool ChunkDrain::checkInvariants() const {
  std::uint64_t live = 0;
  std::array<std::uint32_t, 2> chunks{};
  for (std::uint32_t c = 0; c < records_.size(); ++c) {
    const std::uint32_t list = lists_.listOf(c);
    if (contains(c) != (list != IndexLists::kNone)) return false;
    live += records_[c].used;
    if (!contains(c)) continue;
    ++chunks[list / kLevels];
    if (levelOf(records_[c].fewest) != list % kLevels) return false;
  }
  for (std::uint32_t list = 0; list < 2 * kLevels; ++list) {
    const bool marked = (sides_[list / kLevels].levels >> (list % kLevels) & 1U) != 0;
    if (marked == lists_.empty(list)) return false;
  }
  const std::uint64_t have = std::uint64_t{chunks[0]} * chunkUnits_;
  const bool tooMany = have > needOf(live) + chunkUnits_;
  const bool tooFew = have < needOf(live) && chunks[1] != 0;
  return live == live_ && chunks[0] == sides_[0].chunks && chunks[1] == sides_[1].chunks &&
         tooMany == (live_ < least_) && tooFew == (live_ > most_);
}

}  // namespace flux
