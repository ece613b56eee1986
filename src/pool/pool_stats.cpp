// What a pool counts, and what it can count when somebody asks.

#include "pool/pool_impl.hpp"

namespace flux {

/// Reads gauges alone, and what the gate's lock guards: any thread.
PoolStats Pool::Impl::stats() const {
  const FrameGate::Progress progress = gate_.progress();
  PoolStats stats;
  stats.liveBytes = counters_.liveBytes;
  stats.reservedBytes = chunks_.reservedBytes();
  stats.retiredBytes = retirement_.bytesWaiting();
  stats.stagingBytes = stagingBytes();
  stats.shadowBytes = shadows_.bytes();
  stats.storeBytes = store_.bytes();
  stats.hardLimitBytes = hardLimitBytes_;
  stats.softLimitBytes = softLimitBytes_;
  stats.blocks = counters_.blocks;
  stats.chunks = chunks_.count();
  stats.openFrames = progress.openFrames;
  stats.published = progress.published;
  stats.steps = steps_;
  stats.blocksAdded = counters_.blocksAdded;
  stats.blocksRemoved = counters_.blocksRemoved;
  stats.blocksUpdated = counters_.blocksUpdated;
  stats.partsAdded = counters_.partsAdded;
  stats.partsRemoved = counters_.partsRemoved;
  stats.uploadedBytes = counters_.uploadedBytes;
  stats.copiedBytes = counters_.copiedBytes;
  stats.readBackBytes = counters_.readBackBytes;
  stats.relocations = counters_.relocations;
  stats.relocatedBytes = counters_.relocatedBytes;
  stats.crossChunkMoves = counters_.crossChunkMoves;
  stats.compactions = counters_.compactions;
  stats.deferredPublishes = counters_.deferredPublishes;
  stats.mirroredRecords = counters_.mirroredRecords;
  stats.recordMirrors = mirrors_ != nullptr ? mirrors_->made() : 0;
  stats.chunksCreated = counters_.chunksCreated;
  stats.chunksMadeAhead = counters_.chunksMadeAhead;
  stats.chunksReleased = counters_.chunksReleased;
  stats.releasedBytes = counters_.releasedBytes;
  stats.refusals = counters_.refusals;
  stats.instructions = counters_.instructions;
  stats.misses = counters_.misses;
  stats.evictions = counters_.evictions;
  stats.evictedBytes = counters_.evictedBytes;
  stats.restores = counters_.restores;
  stats.restoredBytes = counters_.restoredBytes;
  stats.waitingInstructions = instructions_.waiting();
  stats.deviceLost = lost_;
  stats.peakLiveBytes = counters_.peakLiveBytes;
  stats.peakReservedBytes = counters_.peakReservedBytes;
  stats.peakStagingBytes = counters_.peakStagingBytes;
  stats.peakChunks = counters_.peakChunks;
  return stats;
}

DetailedStats Pool::Impl::detailedStats() const {
  return {.totals = stats(),
          .retirement = retirementStats(),
          .classes = classStats(),
          .shared = sharedUsage(),
          .tags = tagStats()};
}

RetirementStats Pool::Impl::retirementStats() const {
  const auto count = [](std::size_t items) { return static_cast<std::uint32_t>(items); };
  RetirementStats stats;
  stats.forFramesBytes = retirement_.bytesWaitingForFrames();
  stats.forQueuesBytes = retirement_.bytesWaitingForQueues();
  stats.forFrames = count(retirement_.waitingForFrames() + retiredObjects_.waitingForFrames());
  stats.forQueues = count(retirement_.waitingForQueues() + retiredObjects_.waitingForQueues());
  const auto now = std::chrono::steady_clock::now();
  if (const std::optional<OpenFrame> oldest = gate_.oldestFrame(now)) stats.oldestFrame = *oldest;
  if (const QueueValues* use = retirement_.nextUse()) {
    if (const auto behind = firstBehind(*use, [this](QueueId queue) { return completed(queue); })) {
      stats.queue = {*behind, (*use)[static_cast<std::uint32_t>(*behind)]};
      stats.queueCompleted = completed(*behind);
    }
  }
  return stats;
}

std::array<ChunkClassStats, 2> Pool::Impl::classStats() const {
  std::array<ChunkClassStats, 2> classes;
  for (std::size_t i = 0; i < spaces_.size(); ++i) {
    classes[i] = {.reservedBytes = spaces_[i].reservedBytes(),
                  .freeBytes = spaces_[i].freeBytes(),
                  .largestFreeBytes = spaces_[i].largestFreeBytes(),
                  .chunks = spaces_[i].chunkCount()};
  }
  return classes;
}

std::vector<TagStats> Pool::Impl::tagStats() const {
  std::vector<TagStats> tags(tags_.count());
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const Tag tag{static_cast<std::uint8_t>(i)};
    tags[i].tag = tag;
    tags[i].name = tags_.name(tag);
    tags[i].uploadedBytes = tags_.moved(tag).uploadedBytes;
    tags[i].copiedBytes = tags_.moved(tag).copiedBytes;
    tags[i].relocatedBytes = tags_.moved(tag).relocatedBytes;
    tags[i].evictions = tags_.moved(tag).evictions;
    tags[i].evictedBytes = tags_.moved(tag).evictedBytes;
  }
  for (const Block& block : blocks_) {
    if (!block.live) continue;
    TagStats& tag = tags[static_cast<std::size_t>(block.tag)];
    ++tag.blocks;
    tag.liveBytes += block.liveBytes;
    tag.placeBytes += block.place.bytes;
    if (block.relocation != nullptr && !block.relocation->inGaps()) tag.placeBytes += block.relocation->to.bytes;
  }
  return tags;
}

void Pool::Impl::notePeaks() {
  counters_.peakLiveBytes.raiseTo(counters_.liveBytes);
  counters_.peakReservedBytes.raiseTo(chunks_.reservedBytes());
  counters_.peakChunks.raiseTo(chunks_.count());
  counters_.peakStagingBytes.raiseTo(stagingBytes());
}

}  // namespace flux
