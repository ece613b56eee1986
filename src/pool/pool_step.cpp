#include "pool/pool_impl.hpp"

#include <algorithm>
#include <utility>

namespace flux {

// A step, in order: see what the device has finished, give blocks their new places, start what waits, send
// one batch, reclaim. The order lets bytes that arrived be published, and memory that came free be used, in the same
// step.
Result<StepReport> Pool::Impl::step(const StepQuota& quota, std::chrono::steady_clock::time_point now) {
  StepReport report;
  errors_.clear();
  ++steps_;
  const std::uint32_t chunksBefore = chunks_.count();

  if (Result<void> polled = device_.poll(); !polled) return Unexpected(polled.error());
  staging_.recycle(device_.completed(kCopyQueue));
  completeRelocations(report);
  reclaim(report, now);

  Result<void> started = startUpdates(quota, report);
  Result<void> advanced = relocations_.advance(quota, report, failed_);
  dropFailed();

  counters_.uploadedBytes += report.uploadedBytes;
  counters_.copiedBytes += report.copiedBytes;
  report.chunksCreated = chunks_.count() - chunksBefore;
  if (releaseEmptyChunk(now)) ++report.chunksReleased;
  notePeaks();
  report.errors = errors_;
  if (!advanced) return Unexpected(advanced.error());
  if (!started) return Unexpected(started.error());
  return report;
}

void Pool::Impl::completeRelocations(StepReport& report) {
  while (Relocation* relocation = relocations_.takeFinished(device_.completed(kCopyQueue))) {
    const std::uint32_t index = relocation->block.index;
    Block& block = blocks_[index];
    if (block.place.range) retirePlace(block.place, block.lifetime, ring_.published());
    block.place = relocation->to;
    block.relocation = nullptr;

    const SnapshotRing::Edit record = ring_.edit(index);
    record.hot = {.generation = relocation->block.generation,
                  .chunkAndState = HotRecord::pack(relocation->to.chunk, BlockState::Resident),
                  .offsetUnits = static_cast<std::uint32_t>(relocation->to.offset / kPlaceUnitBytes),
                  .sizeUnits = static_cast<std::uint32_t>(relocation->to.bytes / kPlaceUnitBytes)};
    record.cold.version = relocation->version;
    visibleCopies_ = std::max(visibleCopies_, relocation->lastBatch);

    relocations_.recycle(*relocation);
    queueForUpdate(index);
    ++report.completedBlocks;
  }
}

Result<void> Pool::Impl::startUpdates(const StepQuota& quota, StepReport& report) {
  constexpr std::size_t kMaxRefused = 16;
  std::size_t looked = 0;
  std::size_t kept = 0;
  Result<void> error;
  // Both copies of a block count against the budget, so only as many start as the quota is about to move. A block
  // that finds no room keeps its turn and does not hold up smaller ones behind it.
  for (; looked < updateQueue_.size() && kept < kMaxRefused && error; ++looked) {
    if (relocations_.waitingUpdateBytes() >= quota.uploadBytes / 2) break;
    const std::uint32_t index = updateQueue_[looked];
    Block& block = blocks_[index];
    if (block.live && !block.edits.empty()) {
      const Result<void> started = startUpdate(block, index);
      if (!started) {
        updateQueue_[kept++] = index;
        if (started.error().code != ErrorCode::OutOfBudget) error = started;
        continue;
      }
    }
    block.queuedForUpdate = false;
  }
  updateQueue_.erase(updateQueue_.begin() + static_cast<std::ptrdiff_t>(kept),
                     updateQueue_.begin() + static_cast<std::ptrdiff_t>(looked));
  report.waitingBlocks += static_cast<std::uint32_t>(updateQueue_.size());
  return error;
}

Result<void> Pool::Impl::startUpdate(Block& block, std::uint32_t index) {
  const BlockLayout& layout = *ring_.cold(index).layout;
  const BlockHandle handle{index, block.generation};
  const Result<Placement> place = acquirePlace(block.lifetime, layout.sizeBytes, layout.alignmentBytes);
  if (!place) return Unexpected(named(place.error(), block.name.data(), handle, block.where));

  Relocation& relocation = relocations_.create();
  relocation.block = handle;
  relocation.to = *place;
  if (block.place.range) relocation.from = block.place;
  relocation.version = block.requested;
  relocation.where = block.where;
  for (std::uint32_t i = 0; i < layout.partCount; ++i) {
    Transfer& transfer = relocation.transfers.emplace_back();
    transfer.from = Transfer::From::OldPlace;
    transfer.part = PartId{i};
    transfer.offset = layout.parts[i].offsetBytes;
    transfer.bytes = layout.parts[i].sizeBytes;
  }
  for (Edit& edit : block.edits) {
    Transfer& transfer = relocation.transfers[static_cast<std::uint32_t>(edit.part)];
    transfer.from = edit.staged.empty() ? Transfer::From::Callback : Transfer::From::Staged;
    transfer.source = edit.source;
    transfer.staged = std::move(edit.staged);
  }
  block.edits.clear();
  block.relocation = &relocation;
  relocations_.enqueue(relocation);
  return {};
}

void Pool::Impl::dropFailed() {
  for (const RelocationQueue::Failed& failure : failed_) {
    Block& block = blocks_[failure.block.index];
    block.relocation = nullptr;
    retirePlace(failure.to, block.lifetime, kNeverNamed);
    // A failed update keeps the contents that the block has; without any, the block is lost.
    if (!block.place.range) {
      const SnapshotRing::Edit record = ring_.edit(failure.block.index);
      record.hot.chunkAndState = HotRecord::pack({}, BlockState::Lost);
    }
    errors_.push_back(named(failure.error, block.name.data(), failure.block, failure.error.where));
    queueForUpdate(failure.block.index);
  }
  failed_.clear();
}

void Pool::Impl::reclaim(StepReport& report, std::chrono::steady_clock::time_point now) {
  if (retirement_.empty()) return;
  struct Reclaim {
    Impl& pool;
    StepReport& report;
    std::chrono::steady_clock::time_point now;
    void operator()(const RetiredRange& range) const {
      pool.device_.rangeReclaimed(range.place.chunk, range.place.offset, range.place.bytes);
      pool.space(range.lifetime).free(range.place.range, pool.steps_, now);
      pool.retiredBytes_ -= range.place.bytes;
      report.reclaimedBytes += range.place.bytes;
    }
    void operator()(const RetiredIndex& index) const { pool.freeIndices_.push_back(index.index); }
    void operator()(const BlockLayout* layout) const { pool.layouts_.release(layout); }
  };
  const Reclaim reclaimOne{*this, report, now};
  retirement_.reclaim(
      gate_.progress(), [this](QueueId queue) { return device_.completed(queue); },
      [&](const Retired& item) { std::visit(reclaimOne, item); });
}

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
  for (ChunkSpace& chunkSpace : spaces_) {
    if (const std::optional<ChunkIndex> chunk = chunkSpace.anyEmpty()) {
      releaseChunk(chunkSpace, *chunk);
      return true;
    }
  }
  return false;
}

void Pool::Impl::releaseChunk(ChunkSpace& chunkSpace, ChunkIndex chunk) {
  chunkSpace.removeChunk(chunk);
  chunks_.destroy(chunk);
}

PublishReport Pool::Impl::publish() {
  const SnapshotRing::Published published = ring_.publish(visibleCopies_);
  if (published.deferred) ++counters_.deferredPublishes;
  return {ring_.published(), published.changes, published.deferred};
}

}  // namespace flux
