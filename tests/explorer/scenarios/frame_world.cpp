#include "explorer/scenarios/frame_world.hpp"

#include <string>

namespace flux::explorer {
namespace {

/// A publish takes the mutex twice and touches each record a few times. Frames hold the mutex for a moment only, which
/// does not count.
constexpr std::uint32_t kPublishSteps = 60;

}  // namespace

FrameWorld::FrameWorld(std::uint32_t queues) : ring_(gate_, kRecords + 1, chunks_.data()) {
  check(ring_.grow(kRecords + 1), "there are records");  // record 0 is nobody's
  for (std::uint32_t i = 0; i < queues; ++i) queues_.emplace_back();
  newRange();
  says_[0] = {};
}

FrameWorld::Range FrameWorld::newRange() {
  ranges_.emplace_back();
  return static_cast<Range>(ranges_.size() - 1);
}

void FrameWorld::change(std::uint32_t record) {
  if (master_[record] != 0) retirement_.retire(master_[record], firstNamed_[record], ring_.published(), 0);
  const Range range = newRange();
  const SnapshotRing::Edit edit = ring_.edit(record + 1);
  edit.hot = HotRecord::resident(1, ChunkIndex{}, range, 1);
  edit.cold.userData = range;
  master_[record] = range;
  firstNamed_[record] = ring_.published() + 1;
}

void FrameWorld::publish() {
  const StepLimit limit(kPublishSteps, "the geometry thread waits while it publishes");
  says_[ring_.published() + 1] = master_;
  ring_.publish(0);
}

void FrameWorld::reclaim() {
  const FrameGate::Progress progress = gate_.progress();
  retirement_.reclaim(
      {progress.published, {progress.held.data(), progress.heldCount}, progress.tags},
      [this](QueueId id) {
        const Queue& queue = queues_[static_cast<std::uint32_t>(id) - 1];
        step(queue.object, Access::Read, "completed");
        return queue.done;
      },
      [this](Range range) {
        step(ranges_[range].object, Access::Write, "free");
        ranges_[range].free = true;
      });
}

void FrameWorld::checkInUse(const Records& ranges, const char* message) {
  Touch touch;
  touch.what = "read";
  for (const Range range : ranges) touch.add(ranges_[range].object, Access::Read);
  step(touch);
  for (const Range range : ranges) check(!ranges_[range].free, message);
}

void FrameWorld::look(const Frame& frame) {
  lookupStep(frame);
  Records found{};
  for (std::uint32_t i = 0; i < kRecords; ++i) {
    const BlockLookup lookup = frame.find(BlockHandle{i + 1, 1});
    if (!lookup.drawable()) continue;
    found[i] = static_cast<Range>(lookup.place.offset / kPlaceUnitBytes);
    check(lookup.userData == found[i], "a lookup meets a record that is being written");
  }
  check(found == says_[frame.snapshot()], "a lookup does not answer what its snapshot says");
  checkInUse(found, "a lookup meets a range that is free");
}

TimelineValue FrameWorld::submit(SnapshotNumber seen, QueueId id) {
  Queue& queue = queues_[static_cast<std::uint32_t>(id) - 1];
  step(queue.object, Access::Write, "submit");
  queue.reads.push_back(says_[seen]);
  return queue.reads.size();
}

void FrameWorld::startQueues() {
  for (Queue& queue : queues_) {
    addDaemon("queue", [this, &queue] {
      for (;;) {
        await(queue.object, Access::Read, "execute", [&queue] { return queue.done < queue.reads.size(); });
        executeNext(queue);
      }
    });
  }
}

void FrameWorld::executeNext(Queue& queue) {
  const Records reads = queue.reads[queue.done];
  checkInUse(reads, "a range is free while a submission reads it");
  step(queue.object, Access::Write, "complete");
  ++queue.done;
}

void FrameWorld::finish() {
  for (Queue& queue : queues_) {
    while (queue.done < queue.reads.size()) executeNext(queue);
  }
  check(gate_.progress().openFrames == 0, "a pin is left");
  publish();
  look(gate_.begin("last"));
  check(says_[ring_.published()] == master_, "the last snapshot differs from the master");
  for (int i = 0; i < 2; ++i) reclaim();
  for (Range range = 1; range < ranges_.size(); ++range) {
    const bool live = range == master_[0] || range == master_[1];
    check(ranges_[range].free != live, "memory is not reclaimed");
  }
}

}  // namespace flux::explorer
