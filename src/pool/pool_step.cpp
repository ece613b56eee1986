#include "pool/pool_impl.hpp"

#include <algorithm>
#include <utility>

namespace flux {

// A step, in order: see what the device has finished, give blocks their new places, do what other threads asked for,
// reclaim, start what waits, send one batch. The order lets bytes that arrived be published, and memory that came free
// be used, in the same step.
Result<StepReport> Pool::Impl::step(const StepQuota& quota, std::chrono::steady_clock::time_point now) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Step);
  StepReport report;
  errors_.clear();
  ++steps_;
  const std::uint64_t createdBefore = counters_.chunksCreated;
  const std::uint64_t releasedBefore = counters_.chunksReleased;

  Result<void> polled = poll();
  const TimelineValue copied = seenCompleted(kCopyQueue);  // read once: all of a step sees the same
  const Result<void> recycled = staging_.recycle(copied);
  readbacks_.recycle(copied);
  // Nobody asks it for pages that it would open, so it cannot fail.
  if (mirrors_ != nullptr) (void)mirrors_->staging().recycle(copied);
  if (polled) completeRelocations(copied, report);
  drainInstructions(report);
  if (polled && !leaving_.empty()) finishLeaving(quota, report);
  serveMisses(report);
  report.reclaimedBytes = reclaim(now);
  noteLateFrames(now);

  Result<void> started = polled ? startUpdates(quota, report) : Result<void>{};
  if (polled && (followsDevice_ || evacuation_.underWay() || chunks_.reservedBytes() > hardLimitBytes_)) {
    followBudget(quota, report, now);
  }
  if (polled && desc_.evicts) {
    const ProfileScope scope(desc_.profiler, ProfileZone::Residency);
    if (started) started = startRestores(quota, report);
    makeRoom(quota, report);
    noteRoom();
  }
  StepQuota left = quota;
  Result<void> gathered = polled ? gatherInPlace(left, report) : Result<void>{};
  if (polled && !lost_) defragment(left);
  Result<void> advanced = polled ? submitCopies(left, report) : Result<void>{};
  if (polled && !shadows_.refreshing().empty()) refreshShadows();
  if (polled && advanced && !readbacks_.empty()) advanced = submitReadbacks(quota, report);
  dropFailed();
  if (polled) completeRelocations(copied, report);  // What needed no copy.

  counters_.uploadedBytes += report.uploadedBytes;
  counters_.copiedBytes += report.copiedBytes;
  counters_.relocations += report.relocations;
  counters_.relocatedBytes += report.relocatedBytes;
  counters_.readBackBytes += report.readBackBytes;
  counters_.evictions += report.evictions;
  counters_.evictedBytes += report.evictedBytes;
  // A release costs the driver some 300 us, so one a step; without hysteresis the application wants the memory more.
  while (releaseEmptyChunk(now) && desc_.emptyChunkSteps == 0) {
  }
  if (counters_.chunksReleased == releasedBefore) growAhead(quota.quiet);
  report.chunksCreated = static_cast<std::uint32_t>(counters_.chunksCreated - createdBefore);
  report.chunksReleased = static_cast<std::uint32_t>(counters_.chunksReleased - releasedBefore);
  notePeaks();
  plot(report);
  if (journal_ != nullptr) noteStep(report);
  report.errors = errors_;
  report.lateFrames = lateFrames_;
  if (!polled) return Unexpected(polled.error());
  if (!advanced) return Unexpected(advanced.error());
  if (!started) return Unexpected(started.error());
  if (!gathered) return Unexpected(gathered.error());
  if (!recycled) return Unexpected(recycled.error());
  return report;
}

void Pool::Impl::plot(const StepReport& report) const {
  const Profiler* profiler = desc_.profiler;
  if (profiler == nullptr) return;
  const auto value = [profiler](ProfilePlot plot, std::uint64_t number) {
    profiler->plot(profiler->context, plot, static_cast<double>(number));
  };
  value(ProfilePlot::LiveBytes, counters_.liveBytes);
  value(ProfilePlot::ReservedBytes, chunks_.reservedBytes());
  value(ProfilePlot::RetiredBytes, retirement_.bytesWaiting());
  value(ProfilePlot::StagingBytes, stagingBytes());
  value(ProfilePlot::UploadedBytes, report.uploadedBytes);
  value(ProfilePlot::CopiedBytes, report.copiedBytes);
  value(ProfilePlot::RelocatedBytes, report.relocatedBytes);
  value(ProfilePlot::WaitingBlocks, report.waitingBlocks);
  value(ProfilePlot::OpenFrames, gate_.progress().openFrames);
}

Result<ByteCount> Pool::Impl::collect() {
  Result<void> polled = poll();
  const ByteCount reclaimed = reclaim(seenNow());
  if (!polled) return Unexpected(polled.error());
  return reclaimed;
}

// Values are only looked at after a poll that reported no loss: those of a lost device may be anything.
Result<void> Pool::Impl::poll() {
  Result<void> polled = device_.poll();
  if (!polled && polled.error().code == ErrorCode::DeviceLost && !lost_) loseDevice();
  return polled;
}

Result<void> Pool::Impl::submitCopies(StepQuota& quota, StepReport& report) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Copies);
  const Result<void> advanced = relocations_.advance(quota, report, failed_);
  // Behind the other batch, which waits for no draw.
  return advanced ? submitInPlace(report) : advanced;
}

void Pool::Impl::completeRelocations(TimelineValue copied, StepReport& report) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Arrivals);
  while (Relocation* relocation = relocations_.takeFinished(copied)) {
    const std::uint32_t index = relocation->block.index;
    Block& block = blocks_[index];
    if (!relocation->inGaps()) {
      if (relocation->moves && block.place.chunk != relocation->to.chunk) ++counters_.crossChunkMoves;
      if (block.place.range) retirePlace(block);
      block.place = relocation->to;
      block.placeFirstNamed = ring_.published() + 1;
      ++block.placeNumber;
      noteTenant(block, index);
      if (block.parts != nullptr) block.parts->map = std::move(relocation->target);
    }
    block.relocation = nullptr;
    if (!relocation->moves && !block.returning) block.changedStep = steps_;
    if (block.parts != nullptr) showArrived(block, *relocation);
    if (desc_.evicts) noteArrival(block, index, report);

    const SnapshotRing::Edit record = ring_.edit(index);
    record.hot = HotRecord::resident(relocation->block.generation, relocation->to.chunk,
                                     static_cast<std::uint32_t>(relocation->to.offset / kPlaceUnitBytes),
                                     static_cast<std::uint32_t>(relocation->to.bytes / kPlaceUnitBytes));
    // Later updates may have gone with their parts.
    const bool newest = block.edits.empty() && !relocation->moves;
    record.cold.version = newest ? block.requested : relocation->version;
    visibleCopies_ = std::max(visibleCopies_, relocation->lastBatch);
    ++(relocation->moves ? report.relocations : report.completedBlocks);
    counters_.compactions += relocation->compacts ? 1 : 0;

    relocations_.recycle(*relocation);
    queueForUpdate(index);
    noteGaps(block, index);
  }
}

Result<void> Pool::Impl::startUpdates(const StepQuota& quota, StepReport& report) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Updates);
  constexpr std::size_t kMaxRefused = 16;
  std::size_t looked = 0;
  std::size_t kept = 0;
  Result<void> error;
  // Both copies of a block count against the budget, so only as many start as the quota is about to move. A block
  // that finds no room keeps its turn and does not hold up smaller ones behind it.
  for (; looked < updateQueue_.size() && kept < kMaxRefused && error; ++looked) {
    if (relocations_.waitingUpdateBytes() >= quota.uploadBytes) break;
    const BlockHandle handle = updateQueue_[looked];
    Block* const block = find(handle);
    if (block == nullptr) continue;
    if (onlyInPlace(*block)) {  // what was not has gone with its part
      inPlaceQueue_.push_back(handle);
      continue;
    }
    if (!block->edits.empty()) {
      const Result<void> started = startUpdate(*block, handle.index);
      if (!started) {
        updateQueue_[kept++] = handle;
        if (!wantsRoom(started.error())) error = started;
        continue;
      }
    }
    block->queuedForUpdate = false;
  }
  updateQueue_.erase(updateQueue_.begin() + static_cast<std::ptrdiff_t>(kept),
                     updateQueue_.begin() + static_cast<std::ptrdiff_t>(looked));
  report.waitingBlocks += static_cast<std::uint32_t>(updateQueue_.size());
  return error;
}

Result<void> Pool::Impl::startUpdate(Block& block, std::uint32_t index) {
  dropStaleEdits(block, index);
  if (block.absent) return startMove(block, index);
  if (block.edits.empty() || startInGaps(block, index)) return {};
  return startMove(block, index);
}

void Pool::Impl::dropFailed() {
  for (const RelocationQueue::Failed& failure : failed_) {
    const BlockHandle handle = failure.relocation->block;
    Block& block = blocks_[handle.index];
    errors_.push_back(named(failure.error, block.name.data(), handle, failure.error.where));
    if (failure.relocation->partsStandAlone) {
      store_.drop(handle.index, failure.part);
      forgetUnseen(handle, failure.part);
      continue;
    }
    block.relocation = nullptr;
    block.returning = false;
    // Their sources do not give what the parts have.
    for (const PartTarget& part : failure.relocation->parts) store_.drop(handle.index, part.part);
    if (block.parts != nullptr) dropFailedParts(block, *failure.relocation);
    if (!failure.relocation->inGaps()) retireDestination(block, failure.relocation->to);
    // A failed update keeps the contents that the block has; without any, the block is lost.
    if (!block.place.range) {
      const SnapshotRing::Edit record = ring_.edit(handle.index);
      record.hot = HotRecord::without(handle.generation, BlockState::Lost);
    }
    if (block.parts != nullptr && block.parts->table.count() == 0) {
      removeBlock(block, handle);
    } else {
      queueForUpdate(handle.index);
    }
  }
  failed_.clear();
}

PublishReport Pool::Impl::publish() {
  if (journal_ == nullptr || !ring_.hasChanges()) [[likely]]
    return publishChanges();
  journal_->call({.kind = RecordKind::Publish});
  const std::uint64_t hash = hashOfChanges();
  const PublishReport report = publishChanges();
  journal_->did(RecordKind::Published,
                {report.snapshot, report.changes, report.deferred ? 1U : 0U, report.mirroredRecords, hash});
  return report;
}

PublishReport Pool::Impl::publishChanges() {
  PublishReport report;
  report.snapshot = ring_.published();
  if (!ring_.hasChanges()) return report;
  const ProfileScope profile(desc_.profiler, ProfileZone::Publish);
  std::optional<std::uint32_t> mirror;
  if (mirrors_ != nullptr && !lost_) {
    if (ring_.canPublish()) mirror = mirrorRecords(report);
    if (!mirror) {
      report.deferred = true;
      ++counters_.deferredPublishes;
      return report;
    }
  }
  const SnapshotRing::Published published = ring_.publish(visibleCopies_, mirror ? mirrors_->view(*mirror) : Place{});
  if (published.deferred) ++counters_.deferredPublishes;
  report.snapshot = ring_.published();
  report.changes = published.changes;
  report.deferred = published.deferred;
  if (mirror) {
    const std::optional<std::uint32_t> before = mirrors_->publish(*mirror, report.snapshot);
    if (before) retireMirror(*before, report.snapshot - 1);
  }
  return report;
}

}  // namespace flux
