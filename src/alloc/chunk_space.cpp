#include "alloc/chunk_space.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <limits>
#include <numeric>

namespace flux {

namespace {

constexpr ByteCount kDedicatedGrainBytes = 64 * kKiB;
constexpr ByteCount kMaxUnits = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kNoSpace = ~0U;

constexpr ByteCount roundUp(ByteCount bytes, ByteCount grain) {
  return (bytes + grain - 1) / grain * grain;
}

}  // namespace

ChunkSpace::ChunkSpace(const ChunkSpacePolicy& policy) : policy_(policy) {
  policy_.maxChunkBytes = std::min(policy_.maxChunkBytes, kMaxUnits * kPlaceUnitBytes);
  policy_.maxChunkBytes -= policy_.maxChunkBytes % kDedicatedGrainBytes;
  policy_.chunkBytes = std::min(policy_.chunkBytes, policy_.maxChunkBytes);
  policy_.firstChunkBytes = std::min(policy_.firstChunkBytes, policy_.chunkBytes);
}

std::optional<Placement> ChunkSpace::allocate(ByteCount bytes, ByteCount alignmentBytes) {
  if (bytes == 0 || alignmentBytes == 0 || bytes > policy_.maxChunkBytes) return std::nullopt;
  RangeAllocator::Allocation allocation;
  const ByteCount rounded = roundUp(bytes, kPlaceUnitBytes);
  if (dedicated(bytes)) {
    const std::optional<std::uint32_t> space = emptyDedicated(bytes);
    if (!space) return std::nullopt;
    allocation = ranges_.allocateWhole(*space);
  } else {
    // Multiples of the alignment that are also multiples of the unit, counted in units.
    const ByteCount alignment = alignmentBytes / std::gcd(alignmentBytes, kPlaceUnitBytes);
    if (alignment > kMaxUnits) return std::nullopt;
    allocation =
        ranges_.allocate(static_cast<std::uint32_t>(rounded / kPlaceUnitBytes), static_cast<std::uint32_t>(alignment));
  }
  if (allocation.status != RangeStatus::Ok) return std::nullopt;
  const Range& range = allocation.range;
  if (ranges_.liveInSpace(range.space) == 1) std::erase(empties_, range.space);
  chunks_[range.space].used = true;
  rank(range.space);
  return Placement{range.id, ChunkIndex{range.space}, ByteOffset{range.offset} * kPlaceUnitBytes, rounded};
}

/// The tightest empty chunk for a dedicated request, if it leaves at most an eighth over.
std::optional<std::uint32_t> ChunkSpace::emptyDedicated(ByteCount bytes) const {
  std::uint32_t best = kNoSpace;
  for (const std::uint32_t space : empties_) {
    if (!chunks_[space].dedicated || bytesOf(space) < bytes) continue;
    if (bytesOf(space) > roundUp(bytes + bytes / 8, kDedicatedGrainBytes)) continue;
    if (best == kNoSpace || bytesOf(space) < bytesOf(best) || (bytesOf(space) == bytesOf(best) && space < best)) {
      best = space;
    }
  }
  if (best == kNoSpace) return std::nullopt;
  return best;
}

ByteCount ChunkSpace::nextChunkBytes(ByteCount bytes, ByteCount /*a chunk's start has any alignment*/) const {
  if (bytes == 0 || bytes > policy_.maxChunkBytes) return 0;
  if (dedicated(bytes)) return roundUp(bytes, kDedicatedGrainBytes);
  ByteCount next = policy_.firstChunkBytes;
  for (std::uint32_t s = 0; s < chunks_.size() && next < policy_.chunkBytes; ++s) {
    if (chunks_[s].present && !chunks_[s].dedicated) next = std::max(next, 2 * bytesOf(s));
  }
  while (next < bytes) next *= 2;
  return std::min(next, policy_.chunkBytes);
}

void ChunkSpace::addChunk(ChunkIndex chunk, ByteCount bytes, bool dedicated) {
  const std::uint32_t space = spaceOf(chunk);
  FLUX_ASSERT(bytes % kPlaceUnitBytes == 0 && bytes / kPlaceUnitBytes <= kMaxUnits,
              "a chunk is whole units of 16 bytes");
  const RangeStatus status = ranges_.addSpace(space, static_cast<std::uint32_t>(bytes / kPlaceUnitBytes));
  FLUX_ASSERT(status == RangeStatus::Ok, "a chunk has a size, and an index of its own");
  if (space >= chunks_.size()) chunks_.resize(std::size_t{space} + 1);
  chunks_[space] = {.present = true, .dedicated = dedicated};
  empties_.push_back(space);
  ++chunkCount_;
  if (dedicated) ranges_.setRank(space, SpaceRank::Apart);
  if (fullSize(space) && ++fullSizeChunks_ == 1) rankAll();
  rank(space);
}

void ChunkSpace::free(RangeId range, std::uint64_t step, std::chrono::steady_clock::time_point now) {
  const std::optional<Range> place = ranges_.find(range);
  FLUX_ASSERT(place, "a place is given back once");
  if (!place) return;
  const std::uint32_t space = place->space;
  ranges_.free(range);
  rank(space);
  if (ranges_.liveInSpace(space) != 0) return;
  chunks_[space].emptyStep = step;
  chunks_[space].emptyTime = now;
  empties_.push_back(space);
}

/// The largest empty chunk that is worth keeping; kNoSpace if there is none.
std::uint32_t ChunkSpace::spare() const {
  std::uint32_t best = kNoSpace;
  for (const std::uint32_t space : empties_) {
    if (chunks_[space].dedicated || (fullSizeChunks_ != 0 && !fullSize(space))) continue;
    if (best == kNoSpace || bytesOf(space) > bytesOf(best) || (bytesOf(space) == bytesOf(best) && space < best)) {
      best = space;
    }
  }
  return best;
}

std::optional<ChunkIndex> ChunkSpace::releasable(std::uint64_t step, std::chrono::steady_clock::time_point now) const {
  const std::uint32_t kept = policy_.spareChunks != 0 ? spare() : kNoSpace;
  for (const std::uint32_t space : empties_) {  // in the order in which they became empty
    const Chunk& chunk = chunks_[space];
    if (space == kept || !chunk.used) continue;
    if (step >= chunk.emptyStep + policy_.emptySteps || now - chunk.emptyTime >= policy_.emptyAge) {
      return ChunkIndex{space};
    }
  }
  return std::nullopt;
}

void ChunkSpace::removeChunk(ChunkIndex chunk) {
  const std::uint32_t space = spaceOf(chunk);
  const bool empty = space < chunks_.size() && chunks_[space].present && ranges_.liveInSpace(space) == 0;
  FLUX_ASSERT(empty, "a chunk that goes is here and empty");
  if (!empty) return;
  const bool full = fullSize(space);
  ranges_.removeSpace(space);
  chunks_[space] = {};
  std::erase(empties_, space);
  --chunkCount_;
  if (full && --fullSizeChunks_ == 0) rankAll();
}

/// Puts a chunk's rank right (C2). Between a quarter and a half full it stays as it is, so that a chunk on the edge
/// does not change with every call.
void ChunkSpace::rank(std::uint32_t space) {
  if (chunks_[space].dedicated) return;
  const std::uint64_t units = ranges_.unitsOfSpace(space);
  const std::uint64_t used = units - ranges_.freeInSpace(space);
  if ((fullSizeChunks_ != 0 && !fullSize(space)) || used * 4 < units) {
    ranges_.setRank(space, SpaceRank::Last);
  } else if (used * 2 >= units) {
    ranges_.setRank(space, SpaceRank::First);
  }
}

void ChunkSpace::rankAll() {
  for (std::uint32_t s = 0; s < chunks_.size(); ++s) {
    if (chunks_[s].present) rank(s);
  }
}

}  // namespace flux
