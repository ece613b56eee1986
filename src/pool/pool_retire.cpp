#include "pool/pool_impl.hpp"

#include <limits>

namespace flux {

TimelineValue Pool::Impl::completed(QueueId queue) const noexcept {
  return lost_ ? std::numeric_limits<TimelineValue>::max() : device_.completed(queue);
}

ByteCount Pool::Impl::reclaim(std::chrono::steady_clock::time_point now) {
  if (retirement_.empty() && retiredObjects_.empty()) return 0;
  const ProfileScope profile(desc_.profiler, ProfileZone::Reclaim);
  struct Reclaim {
    Impl& pool;
    std::chrono::steady_clock::time_point now;
    void operator()(const RetiredRange& range) const {
      pool.device_.rangeReclaimed(range.place.chunk, range.place.offset, range.place.bytes);
      pool.space(range.lifetime).free(range.place, pool.steps_, now);
      if (pool.journal_ != nullptr) {
        pool.journal_->did(RecordKind::PlaceFreed,
                           {static_cast<std::uint32_t>(range.place.chunk), range.place.offset, range.place.bytes});
      }
    }
    void operator()(const BlockHandle& gone) const { pool.handles_.recycle(gone); }
    void operator()(const RetiredLayout& gone) const { pool.layouts_.release(gone.layout); }
    void operator()(const RetiredPart& part) const { pool.reclaimPart(part); }
    void operator()(const RetiredMirror& gone) const { pool.reclaimMirror(gone.mirror); }
  };
  const Reclaim reclaimOne{*this, now};
  const FrameGate::Progress progress = seenProgress();
  const auto done = [this](QueueId queue) {
    const TimelineValue value = seenCompleted(queue);
    return queue == kCopyQueue ? relocations_.reached(value) : value;
  };

  const ByteCount before = retirement_.bytesWaiting();
  retirement_.reclaim({progress.published, {progress.held.data(), progress.heldCount}, progress.tags}, done,
                      [&](const Retired& item) { std::visit(reclaimOne, item); });

  const std::uint32_t openFrames = progress.oldestFrame != 0 ? 1 : 0;
  retiredObjects_.reclaim({progress.newestFrame + 1, {&progress.oldestFrame, openFrames}, progress.tags}, done,
                          [this](SharedThing* thing) {
                            const ObjectDesc& object = thing->desc.object;
                            object.destroy(object.context, object.object, lost_);
                            dropped_->forget(thing);
                          });
  return before - retirement_.bytesWaiting();
}

void Pool::Impl::noteLateFrames(std::chrono::steady_clock::time_point now) {
  lateFrames_.clear();
  const FrameGate::Progress progress = gate_.progress();
  const auto limit = now - desc_.lateFrameAge;
  if (progress.oldestFrame != 0 && progress.oldestBegan < limit) gate_.openFrames(limit, now, lateFrames_);
}

// Nothing executes any more, so nothing can be read any more either: every value counts as completed, and all memory is
// reclaimed as soon as no frame names it. Bytes that were on the device are gone.
void Pool::Impl::loseDevice() {
  lost_ = true;
  for (std::uint32_t i = 1; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    if (!block.live) continue;
    if (block.relocation != nullptr && !block.relocation->inGaps()) retireDestination(block, block.relocation->to);
    if (block.place.range) retirePlace(block);
    block.relocation = nullptr;
    block.place = {};
    block.edits.clear();
    forgetResidency(block, i);
    const SnapshotRing::Edit record = ring_.edit(i);
    record.hot = HotRecord::without(block.generation, BlockState::Lost);
    errors_.push_back(named(makeError(ErrorCode::DeviceLost, "", block.where), block.name.data(), {i, block.generation},
                            block.where));
    if (block.parts != nullptr) loseParts(block, {i, block.generation});
  }
  if (mirrors_ != nullptr) loseMirrors();
  relocations_.abandon();
  readbacks_.abandon(makeError(ErrorCode::DeviceLost, "device", {}));
  leaving_.clear();
  leavingBytes_ = 0;
  updateQueue_.clear();
  for (Defragmenter& each : defragmenters_) each.abandon();
  inPlaceQueue_.clear();
}

}  // namespace flux
