#include "alloc/chunk_space.hpp"

#include "base/rounding.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <bit>
#include <limits>

namespace flux {

namespace {

constexpr ByteCount kDedicatedGrainBytes = 64 * kKiB;
constexpr ByteCount kMaxChunkUnits = std::numeric_limits<std::uint32_t>::max();

ChunkSpacePolicy usable(ChunkSpacePolicy policy) {
  policy.maxChunkBytes = std::min(policy.maxChunkBytes, kMaxChunkUnits * kPlaceUnitBytes);
  policy.maxChunkBytes -= policy.maxChunkBytes % kDedicatedGrainBytes;
  policy.chunkBytes = std::min(policy.chunkBytes, policy.maxChunkBytes);
  policy.firstChunkBytes = std::min(policy.firstChunkBytes, policy.chunkBytes);
  return policy;
}

/// Multiples of an alignment that are also multiples of the unit, counted in units.
constexpr ByteCount alignmentUnits(ByteCount alignmentBytes) {
  static_assert(std::has_single_bit(kPlaceUnitBytes), "so that the greatest common divisor is a matter of zeros");
  return alignmentBytes >> std::min(std::countr_zero(alignmentBytes), std::countr_zero(kPlaceUnitBytes));
}

}  // namespace

ChunkSpace::ChunkSpace(const ChunkSpacePolicy& policy)
    : policy_(usable(policy)),
      chunkUnits_(static_cast<std::uint32_t>(policy_.chunkBytes / kPlaceUnitBytes)),
      drain_(chunkUnits_) {}

// ---- Placing -----------------------------------------------------------------------------------------------

/// Puts a shared chunk's rank right after its use has changed (C2), and that of one other chunk if that is due.
inline void ChunkSpace::rank(std::uint32_t space, const RangeAllocator::SpaceUse& use) {
  if (!chunks_[space].drains) return;
  if (use.live == 0) {
    drain_.forget(space);
    ranges_.setRank(space, SpaceRank::Last);
  } else {
    if (!drain_.contains(space)) ranges_.setRank(space, SpaceRank::First);
    drain_.set(space, static_cast<std::uint32_t>(use.units - use.free), use.live);
  }
  if (const auto change = drain_.balance()) ranges_.setRank(change->chunk, change->rank);
}

std::optional<Placement> ChunkSpace::allocate(ByteCount bytes, ByteCount alignmentBytes) {
  if (bytes == 0 || alignmentBytes == 0 || bytes > policy_.maxChunkBytes) return std::nullopt;
  const ByteCount rounded = wholeUnits(bytes);
  const std::optional<std::uint32_t> own = dedicated(bytes) ? emptyDedicated(bytes) : std::nullopt;
  const RangeAllocator::Allocation allocation =
      own ? ranges_.allocateWhole(*own) : ranges_.allocate(rounded / kPlaceUnitBytes, alignmentUnits(alignmentBytes));
  if (allocation.status != RangeStatus::Ok) return std::nullopt;
  const Range& range = allocation.range;
  if (own) apartUnits_ -= range.size;
  const RangeAllocator::SpaceUse use = ranges_.useOf(range.space);
  if (use.live == 1) {
    takeEmpty(range.space);
    chunks_[range.space].used = true;
  }
  rank(range.space, use);
  return Placement{range.id, ChunkIndex{range.space}, ByteOffset{range.offset} * kPlaceUnitBytes, rounded};
}

std::optional<ChunkIndex> ChunkSpace::wouldFit(ByteCount bytes, ByteCount alignmentBytes) const {
  if (bytes == 0 || alignmentBytes == 0 || bytes > policy_.maxChunkBytes) return std::nullopt;
  if (dedicated(bytes)) {
    if (const std::optional<std::uint32_t> own = emptyDedicated(bytes)) return ChunkIndex{*own};
  }
  const RangeAllocator::Allocation foreseen =
      ranges_.wouldAllocate(wholeUnits(bytes) / kPlaceUnitBytes, alignmentUnits(alignmentBytes));
  if (foreseen.status != RangeStatus::Ok) return std::nullopt;
  return ChunkIndex{foreseen.range.space};
}

bool ChunkSpace::hasHole(ChunkIndex chunk, ByteCount bytes, ByteCount alignmentBytes) const {
  const ByteCount alignment = alignmentUnits(alignmentBytes) * kPlaceUnitBytes;
  bool found = false;
  forEachHole(chunk, [&](ByteOffset offset, ByteCount size) {
    found = found || roundUp(offset, alignment) + wholeUnits(bytes) <= offset + size;
  });
  return found;
}

/// The tightest empty chunk for a dedicated request, if it leaves at most an eighth over.
std::optional<std::uint32_t> ChunkSpace::emptyDedicated(ByteCount bytes) const {
  const ByteCount least = wholeUnits(bytes) / kPlaceUnitBytes;
  const ByteCount most = roundUp(bytes + bytes / 8, kDedicatedGrainBytes) / kPlaceUnitBytes;
  std::optional<std::uint32_t> best;
  for (std::uint32_t s = empties_.first(kEmptyDedicated); s != IndexLists::kNone; s = empties_.next(s)) {
    const std::uint64_t units = ranges_.useOf(s).units;
    if (units < least || units > most) continue;
    const std::uint64_t bestUnits = best ? ranges_.useOf(*best).units : ~std::uint64_t{0};
    if (units < bestUnits || (units == bestUnits && s < best)) best = s;
  }
  return best;
}

void ChunkSpace::free(const Placement& place, std::uint64_t step, std::chrono::steady_clock::time_point now) {
  const auto space = static_cast<std::uint32_t>(place.chunk);
  const RangeStatus status = ranges_.free(place.range);
  FLUX_ASSERT(status == RangeStatus::Ok, "a place is given back once");
  if (status != RangeStatus::Ok) return;
  const RangeAllocator::SpaceUse use = ranges_.useOf(space);
  if (apart(space)) apartUnits_ += chunks_[space].dedicated ? use.units : place.bytes / kPlaceUnitBytes;
  if (use.live == 0) {
    chunks_[space].emptyStep = step;
    chunks_[space].emptyTime = now;
    putEmpty(space);
  }
  rank(space, use);
}

/// The chunks of the ramp drain as soon as there is one of full size.
void ChunkSpace::rankSmall() {
  const SpaceRank rank = fullSizeChunks_ != 0 ? SpaceRank::Last : SpaceRank::First;
  for (std::uint32_t s = small_.first(0); s != IndexLists::kNone; s = small_.next(s)) {
    if (!chunks_[s].retired) ranges_.setRank(s, rank);
  }
}

// ---- Chunks that come, go, and stand by --------------------------------------------------------------------

ByteCount ChunkSpace::nextChunkBytes(ByteCount bytes, ByteCount /*a chunk's start has any alignment*/) const {
  if (bytes == 0 || bytes > policy_.maxChunkBytes) return 0;
  if (dedicated(bytes)) return roundUp(bytes, kDedicatedGrainBytes);
  ByteCount next = std::max(policy_.firstChunkBytes, 2 * largestSharedBytes());
  while (next < bytes) next *= 2;
  return std::min(next, policy_.chunkBytes);
}

ByteCount ChunkSpace::largestSharedBytes() const {
  if (fullSizeChunks_ != 0) return policy_.chunkBytes;
  ByteCount largest = 0;
  for (std::uint32_t s = small_.first(0); s != IndexLists::kNone; s = small_.next(s)) {
    largest = std::max(largest, bytesOf(s));
  }
  return largest;
}

void ChunkSpace::addChunk(ChunkIndex chunk, ByteCount bytes, bool dedicated) {
  const std::uint32_t space = spaceOf(chunk);
  FLUX_ASSERT(bytes % kPlaceUnitBytes == 0 && bytes / kPlaceUnitBytes <= kMaxChunkUnits,
              "a chunk is whole units of 16 bytes");
  const RangeStatus status = ranges_.addSpace(space, bytes / kPlaceUnitBytes);
  FLUX_ASSERT(status == RangeStatus::Ok, "a chunk has a size, and an index of its own");
  if (space >= chunks_.size()) chunks_.resize(std::size_t{space} + 1);
  chunks_[space] = {.present = true, .dedicated = dedicated};
  chunks_[space].drains = drains(space);
  ++chunkCount_;
  putEmpty(space);
  if (dedicated) {
    ranges_.setRank(space, SpaceRank::Apart);
    apartUnits_ += ranges_.useOf(space).units;
  } else if (fullSize(space)) {
    ranges_.setRank(space, SpaceRank::Last);
    if (++fullSizeChunks_ == 1) rankSmall();
  } else {
    small_.append(0, space);
    if (fullSizeChunks_ != 0) ranges_.setRank(space, SpaceRank::Last);
  }
}

void ChunkSpace::removeChunk(ChunkIndex chunk) {
  const std::uint32_t space = spaceOf(chunk);
  const bool empty = contains(chunk) && ranges_.useOf(space).live == 0;
  FLUX_ASSERT(empty, "a chunk that goes is here and empty");
  if (!empty) return;
  takeEmpty(space);
  small_.remove(space);
  if (apart(space)) apartUnits_ -= ranges_.useOf(space).units;
  const bool lastOfFullSize = fullSize(space) && --fullSizeChunks_ == 0;
  ranges_.removeSpace(space);
  chunks_[space] = {};
  --chunkCount_;
  if (lastOfFullSize) rankSmall();
}

void ChunkSpace::retireChunk(ChunkIndex chunk) {
  const std::uint32_t space = spaceOf(chunk);
  const bool inService = contains(chunk) && !chunks_[space].retired;
  FLUX_ASSERT(inService, "a chunk that is retired is here and in service");
  if (!inService) return;
  setRetired(space, true);
  drain_.forget(space);
  ranges_.setRank(space, SpaceRank::Apart);
}

void ChunkSpace::restoreChunk(ChunkIndex chunk) {
  const std::uint32_t space = spaceOf(chunk);
  FLUX_ASSERT(retired(chunk), "a chunk that is restored is retired");
  if (!retired(chunk)) return;
  setRetired(space, false);
  if (chunks_[space].dedicated) return;
  if (!fullSize(space)) ranges_.setRank(space, fullSizeChunks_ != 0 ? SpaceRank::Last : SpaceRank::First);
  rank(space, ranges_.useOf(space));
}

void ChunkSpace::setRetired(std::uint32_t space, bool retired) {
  const bool empty = ranges_.useOf(space).live == 0;
  const bool wasApart = apart(space);
  if (empty) takeEmpty(space);
  chunks_[space].retired = retired;
  chunks_[space].drains = drains(space);
  if (empty) putEmpty(space);
  if (apart(space) == wasApart) return;
  const std::uint64_t units = ranges_.useOf(space).free;
  apartUnits_ = retired ? apartUnits_ + units : apartUnits_ - units;
}

ChunkSpace::Empty ChunkSpace::emptyListOf(std::uint32_t space) const {
  const Chunk& chunk = chunks_[space];
  if (chunk.retired) return kEmptyRetired;
  if (chunk.dedicated) return kEmptyDedicated;
  if (!chunk.used) return kUnused;
  return fullSize(space) ? kEmptyFull : kEmptySmall;
}

void ChunkSpace::putEmpty(std::uint32_t space) {
  const Empty list = emptyListOf(space);
  empties_.append(list, space);
  emptyUnits_ += ranges_.useOf(space).units;
  if (list >= kEmptyFull) readyUnits_ += ranges_.useOf(space).units;
}

/// A chunk is not empty any more, or goes.
void ChunkSpace::takeEmpty(std::uint32_t space) {
  const std::uint32_t list = empties_.listOf(space);
  empties_.remove(space);
  emptyUnits_ -= ranges_.useOf(space).units;
  if (list >= kEmptyFull) readyUnits_ -= ranges_.useOf(space).units;
}

std::uint32_t ChunkSpace::spare() const {
  if (policy_.spareChunks == 0 || !empties_.empty(kUnused)) return IndexLists::kNone;
  if (fullSizeChunks_ != 0) return empties_.last(kEmptyFull);
  std::uint32_t best = IndexLists::kNone;
  for (std::uint32_t s = empties_.first(kEmptySmall); s != IndexLists::kNone; s = empties_.next(s)) {
    if (best == IndexLists::kNone || ranges_.useOf(s).units > ranges_.useOf(best).units) best = s;
  }
  return best;
}

std::optional<ChunkIndex> ChunkSpace::releasable(std::uint64_t step, std::chrono::steady_clock::time_point now) const {
  if (!empties_.empty(kEmptyRetired)) return ChunkIndex{empties_.first(kEmptyRetired)};
  const std::uint32_t kept = spare();
  std::uint32_t oldest = IndexLists::kNone;
  for (const Empty list : {kEmptyDedicated, kEmptySmall, kEmptyFull}) {
    std::uint32_t s = empties_.first(list);
    while (s != IndexLists::kNone && (s == kept || !chunks_[s].used)) s = empties_.next(s);
    if (s == IndexLists::kNone) continue;
    if (oldest == IndexLists::kNone || chunks_[s].emptyStep < chunks_[oldest].emptyStep) oldest = s;
  }
  if (oldest == IndexLists::kNone) return std::nullopt;
  const Chunk& chunk = chunks_[oldest];
  const bool longEnough = step >= chunk.emptyStep + policy_.emptySteps || now - chunk.emptyTime >= policy_.emptyAge;
  return longEnough ? std::optional(ChunkIndex{oldest}) : std::nullopt;
}

std::optional<ChunkIndex> ChunkSpace::anyEmpty() const {
  for (std::uint32_t list = 0; list < kUnused; ++list) {
    if (!empties_.empty(list)) return ChunkIndex{empties_.first(list)};
  }
  return std::nullopt;
}

void ChunkSpace::keepReady(ByteCount bytes) {
  ByteCount kept = 0;
  for (std::uint32_t s = empties_.first(kUnused); s != IndexLists::kNone; s = empties_.next(s)) {
    kept += bytesOf(s);
  }
  while (kept < bytes && !empties_.empty(kEmptyFull)) {
    const std::uint32_t space = empties_.last(kEmptyFull);
    takeEmpty(space);
    chunks_[space].used = false;
    putEmpty(space);
    kept += bytesOf(space);
  }
}

bool ChunkSpace::checkInvariants() const {
  std::uint32_t count = 0;
  std::uint32_t full = 0;
  std::uint64_t empty = 0;
  std::uint64_t ready = 0;
  std::uint64_t apartFree = 0;
  for (std::uint32_t s = 0; s < chunks_.size(); ++s) {
    const Chunk& chunk = chunks_[s];
    if (chunk.present != (ranges_.useOf(s).units != 0)) return false;
    if (!chunk.present) continue;
    const bool holds = ranges_.useOf(s).live != 0;
    const std::uint32_t list = holds ? IndexLists::kNone : emptyListOf(s);
    if (empties_.listOf(s) != list || (holds && !chunk.used)) return false;
    if (chunk.drains != drains(s) || drain_.contains(s) != (holds && chunk.drains)) return false;
    if ((small_.listOf(s) == 0) != (!chunk.dedicated && !fullSize(s))) return false;
    if (chunk.dedicated && ranges_.useOf(s).live > 1) return false;
    ++count;
    full += fullSize(s) ? 1 : 0;
    empty += holds ? 0 : ranges_.useOf(s).units;
    ready += list == kEmptyFull || list == kUnused ? ranges_.useOf(s).units : 0;
    apartFree += apart(s) ? ranges_.useOf(s).free : 0;
  }
  return drain_.checkInvariants() && count == chunkCount_ && full == fullSizeChunks_ && empty == emptyUnits_ &&
         ready == readyUnits_ && apartFree == apartUnits_ && ranges_.checkInvariants();
}

}  // namespace flux
