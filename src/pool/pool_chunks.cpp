#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <vector>

namespace flux {

// ---- Growing -----------------------------------------------------------------------------------------------

Result<Placement> Pool::Impl::acquirePlace(Lifetime lifetime, ByteCount bytes, ByteCount alignment) {
  if (const std::optional<Placement> free = takePlace(lifetime, bytes, alignment)) return *free;
  if (reviveChunk(lifetime, bytes, alignment)) {
    if (const std::optional<Placement> free = takePlace(lifetime, bytes, alignment)) return *free;
  }

  const ByteCount pages = seenPages();
  const Growth growth = growthFor(lifetime, bytes, alignment, pages);
  if (growth.outcome != FitOutcome::Grows) return Unexpected(refusal(growth, lifetime, bytes));
  while (growth.chunkBytes > roomBytes() || !allocationsLeft(pages)) {
    const bool released = releaseAnyEmptyChunk();
    FLUX_ASSERT(released, "a chunk that is to be made has room when the empty ones are gone");
    if (!released) break;
  }
  const Result<ChunkIndex> chunk = makeChunk(lifetime, growth.chunkBytes, space(lifetime).dedicated(bytes));
  if (!chunk) return Unexpected(chunk.error());
  const std::optional<Placement> made = takePlace(lifetime, bytes, alignment);
  FLUX_ASSERT(made.has_value(), "a new chunk has room for what it was made for");
  return *made;
}

/// What it takes to make room for a request that fits nowhere. `acquirePlace` does it, `wouldFit` only tells.
Pool::Impl::Growth Pool::Impl::growthFor(Lifetime lifetime, ByteCount bytes, ByteCount alignment,
                                         ByteCount pages) const {
  const ChunkSpace& chunkSpace = space(lifetime);
  const ByteCount wanted = chunkSpace.nextChunkBytes(bytes, alignment);
  if (wanted == 0) return {.outcome = FitOutcome::TooLarge};
  // Under pressure the empty chunks go first, all at once; then the last chunk takes what the limit still has.
  ByteCount emptyBytes = 0;
  for (const ChunkSpace& each : spaces_) emptyBytes += each.emptyBytes();
  if (!allocationsLeft(pages) && emptyBytes == 0) return {.outcome = FitOutcome::TooManyChunks};
  const ByteCount stays = chunks_.reservedBytes() - emptyBytes;
  const ByteCount room = hardLimitBytes_ - std::min<ByteCount>(hardLimitBytes_, stays);
  if (wanted <= room) return {.chunkBytes = wanted};
  const ByteCount usable = room - room % kSmallestChunkBytes;
  if (!chunkSpace.dedicated(bytes) && usable >= bytes) return {.chunkBytes = usable};
  const ByteCount least = (bytes + kSmallestChunkBytes - 1) / kSmallestChunkBytes * kSmallestChunkBytes;
  return {.outcome = FitOutcome::OverBudget, .missingBytes = least - room};
}

Error Pool::Impl::refusal(const Growth& growth, Lifetime lifetime, ByteCount bytes) const {
  switch (growth.outcome) {
    case FitOutcome::TooLarge:
      return makeError(ErrorCode::TooLarge, "block", {}, {bytes, device_.caps().maxChunkBytes});
    case FitOutcome::TooManyChunks:
      return makeError(ErrorCode::TooManyChunks, "chunk", {}, {chunks_.count() + openPages()});
    default:
      return makeError(ErrorCode::OutOfBudget, "chunk", {}, shortOf(lifetime, bytes));
  }
}

ErrorNumbers Pool::Impl::shortOf(Lifetime lifetime, ByteCount bytes) const {
  return {bytes, retirement_.bytesWaiting(), space(lifetime).largestFreeBytes(), space(lifetime).freeBytes()};
}

Error Pool::Impl::refused(const Error& error, const PlaceRequest& request, std::string_view name, BlockHandle handle,
                          std::source_location where) {
  const Error result = named(error, name, handle, where);
  const bool scattered = space(request.lifetime).freeBytes() >= request.bytes && error.code != ErrorCode::TooLarge;
  if (scattered)
    defragmenterOf(request.lifetime).noteRefusal(space(request.lifetime), request.bytes, request.alignment, steps_);
  // Those of long-lived blocks stay where they are; a chunk of the others makes room for one more of theirs.
  constexpr Lifetime kOthers = Lifetime::Streaming;
  if (request.lifetime == Lifetime::LongLived && wantsRoom(error))
    defragmenterOf(kOthers).noteLack(space(kOthers), request.bytes, steps_);
  refusals_.note(result, request, wouldFit(request.bytes, request.alignment, request.lifetime), steps_);
  ++counters_.refusals;
  return result;
}

/// What the hard limit leaves.
ByteCount Pool::Impl::roomBytes() const noexcept {
  const ByteCount reserved = chunks_.reservedBytes();
  return hardLimitBytes_ > reserved ? hardLimitBytes_ - reserved : 0;
}

/// Whether the device's number of allocations leaves one for a chunk, and one for staging, without which no chunk could
/// be filled. What the application itself has allocated is not known here; then the device refuses.
bool Pool::Impl::allocationsLeft(ByteCount pages) const noexcept {
  return chunks_.count() < kMaxChunks - 1 &&
         chunks_.count() + std::max<ByteCount>(pages, 1) < device_.caps().maxAllocations;
}

Result<ChunkIndex> Pool::Impl::makeChunk(Lifetime lifetime, ByteCount bytes, bool dedicated) {
  const ProfileScope profile(desc_.profiler, ProfileZone::CreateChunk);
  const Result<ChunkIndex> chunk =
      chunks_.create(bytes, lifetime == Lifetime::LongLived ? "flux long-lived" : "flux streaming", steps_);
  if (!chunk) return chunk;
  if (lifetime == Lifetime::LongLived) device_.raisePriority(*chunk);
  ++counters_.chunksCreated;
  space(lifetime).addChunk(*chunk, bytes, dedicated);
  notePeaks();
  return chunk;
}

/// One chunk at most. What nobody has asked for is no error when it cannot be had: it is tried again much later.
void Pool::Impl::growAhead(bool quiet) {
  constexpr std::uint64_t kPatienceSteps = 240;
  if (lost_ || steps_ < noGrowthBefore_) return;
  for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
    const ChunkSpace& chunkSpace = space(lifetime);
    // A chunk that is being emptied becomes the spare.
    if (!chunkSpace.wantsSpare(quiet) || defragmenterOf(lifetime).victim()) continue;
    const bool makes = chunkSpace.spareBytes() <= roomBytes() && allocationsLeft(seenPages()) &&
                       makeChunk(lifetime, chunkSpace.spareBytes(), false).has_value();
    if (makes) {
      ++counters_.chunksMadeAhead;
    } else {
      noGrowthBefore_ = steps_ + kPatienceSteps;
    }
    return;
  }
}

Result<void> Pool::Impl::reserve(ByteCount bytes, Lifetime lifetime, std::source_location where) {
  ChunkSpace& chunkSpace = space(lifetime);
  std::vector<ChunkIndex> made;
  const auto giveUp = [&](const Error& error) {
    for (const ChunkIndex chunk : made) releaseChunk(chunkSpace, chunk);
    return Unexpected(refused(error, {lifetime, bytes, 1}, "reserve", {}, where));
  };
  if (lost_) return Unexpected(named(makeError(ErrorCode::DeviceLost, "", {}), "reserve", {}, where));
  while (chunkSpace.readyBytes() < bytes) {
    const ByteCount missing = bytes - chunkSpace.readyBytes();
    const ByteCount room = roomBytes() - roomBytes() % kSmallestChunkBytes;
    const ByteCount chunkBytes = std::min(chunkSpace.nextReservedBytes(missing), room);
    if (missing > room) return giveUp(refusal({.outcome = FitOutcome::OverBudget}, lifetime, missing));
    if (!allocationsLeft(seenPages()))
      return giveUp(refusal({.outcome = FitOutcome::TooManyChunks}, lifetime, missing));
    const Result<ChunkIndex> chunk = makeChunk(lifetime, chunkBytes, false);
    if (!chunk) return giveUp(chunk.error());
    made.push_back(*chunk);
  }
  chunkSpace.keepReady(bytes);
  return {};
}

// ---- Shrinking ---------------------------------------------------------------------------------------------

bool Pool::Impl::releaseEmptyChunk(std::chrono::steady_clock::time_point now) {
  for (ChunkSpace& chunkSpace : spaces_) {
    if (const std::optional<ChunkIndex> chunk = chunkSpace.releasable(steps_, now)) {
      releaseChunk(chunkSpace, *chunk);
      return true;
    }
  }
  return false;
}

bool Pool::Impl::releaseAnyEmptyChunk() {
  for (const auto any : {&ChunkSpace::anyEmpty, &ChunkSpace::anyUnused}) {
    for (ChunkSpace& chunkSpace : spaces_) {
      if (const std::optional<ChunkIndex> chunk = (chunkSpace.*any)()) {
        releaseChunk(chunkSpace, *chunk);
        return true;
      }
    }
  }
  return false;
}

void Pool::Impl::releaseChunk(ChunkSpace& chunkSpace, ChunkIndex chunk) {
  const ProfileScope profile(desc_.profiler, ProfileZone::DestroyChunk);
  evacuation_.forget(chunk);
  chunkSpace.removeChunk(chunk);
  counters_.releasedBytes += chunks_[chunk].bytes;
  chunks_.destroy(chunk);
  ++counters_.chunksReleased;
}

}  // namespace flux
