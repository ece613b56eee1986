#include "alloc/chunk_drain.hpp"

#include <algorithm>
#include <bit>

namespace flux {

std::uint32_t ChunkDrain::levelOf(std::uint32_t ranges) {
  const auto octave = static_cast<std::uint32_t>(std::bit_width(ranges | 1U)) - 1;
  const auto quarter = static_cast<std::uint32_t>((std::uint64_t{ranges} << 2U >> octave) & 3U);
  return std::min(octave * 4 + quarter, kLevels - 1);
}

void ChunkDrain::set(std::uint32_t chunk, std::uint32_t usedUnits, std::uint32_t ranges) {
  const std::uint32_t before = lists_.listOf(chunk);
  const bool drains = before != IndexLists::kNone && before >= kLevels;
  const std::uint32_t list = levelOf(ranges) + (drains ? kLevels : 0);
  if (list == before) {
    sideOf(list).used += std::uint64_t{usedUnits} - used_[chunk];
    used_[chunk] = usedUnits;
    return;
  }
  forget(chunk);
  if (chunk >= used_.size()) used_.resize(std::size_t{chunk} + 1);
  used_[chunk] = usedUnits;
  put(chunk, list);
}

void ChunkDrain::forget(std::uint32_t chunk) {
  const std::uint32_t list = lists_.listOf(chunk);
  if (list == IndexLists::kNone) return;
  lists_.remove(chunk);
  Side& side = sideOf(list);
  if (lists_.empty(list)) side.levels &= ~(std::uint64_t{1} << (list % kLevels));
  --side.chunks;
  side.used -= used_[chunk];
}

void ChunkDrain::put(std::uint32_t chunk, std::uint32_t list) {
  lists_.append(list, chunk);
  Side& side = sideOf(list);
  side.levels |= std::uint64_t{1} << (list % kLevels);
  ++side.chunks;
  side.used += used_[chunk];
}

ChunkDrain::Change ChunkDrain::move(std::uint32_t chunk, std::uint32_t list, SpaceRank rank) {
  forget(chunk);
  put(chunk, list);
  return {chunk, rank};
}

std::optional<ChunkDrain::Change> ChunkDrain::balance() {
  const auto& [first, last] = sides_;
  const std::uint64_t live = first.used + last.used;
  const std::uint64_t need = live + live / 8;
  const std::uint64_t have = std::uint64_t{first.chunks} * chunkUnits_;
  if (have > need + chunkUnits_) {
    const auto fewest = static_cast<std::uint32_t>(std::countr_zero(first.levels));
    return move(lists_.last(fewest), kLevels + fewest, SpaceRank::Last);
  }
  if (have < need && last.chunks != 0) {
    const auto most = static_cast<std::uint32_t>(std::bit_width(last.levels)) - 1;
    return move(lists_.first(kLevels + most), most, SpaceRank::First);
  }
  return std::nullopt;
}

}  // namespace flux
