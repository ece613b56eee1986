#include "explorer/scenarios/late_device.hpp"

#include <algorithm>
#include <utility>

namespace flux::explorer {
namespace {

constexpr ByteCount kGrainBytes = 256;
constexpr TimelineValue kEverything = 1'000'000;

}  // namespace

LateDevice::LateDevice(std::uint32_t queues)
    : host_(HostDevice::create({.completion = HostDeviceDesc::Completion::Manual, .queueCount = 1 + queues})) {
  for (std::uint32_t i = 0; i < queues; ++i) queues_.emplace_back("draw queue");
  for (std::unique_ptr<Object>& object : memory_) object = std::make_unique<Object>("chunk memory");
}

void LateDevice::touchMemory(Touch& touch, ByteOffset offset, ByteCount bytes, Access access) const {
  bytes = std::min(bytes, memory_.size() * kGrainBytes);
  for (ByteOffset grain = offset / kGrainBytes; grain * kGrainBytes < offset + bytes; ++grain) {
    touch.add(*memory_[grain % memory_.size()], access);
  }
}

Error LateDevice::lostError() {
  return makeError(ErrorCode::DeviceLost, "late device", std::source_location::current());
}

void LateDevice::startQueues() {
  addDaemon("copy queue", [this] {
    for (;;) {
      await(copies_.object, Access::Read, "execute", [this] { return !lost_ && copies_.done < copies_.submitted; });
      for (const QueueValue& wait : waits_[copies_.done]) {
        const Queue& queue = application(wait.queue);
        await(queue.object, Access::Read, "wait for draws", [&] { return !lost_ && queue.done >= wait.value; });
      }
      executeCopy();
    }
  });
  for (std::uint32_t i = 1; i <= queues_.size(); ++i) {
    addDaemon("draw queue", [this, id = QueueId{i}] {
      Queue& queue = application(id);
      for (;;) {
        await(queue.object, Access::Read, "execute", [&] { return !lost_ && queue.done < queue.submitted; });
        await(copies_.object, Access::Read, "wait for copies",
              [&] { return !lost_ && copies_.done >= queue.draws[queue.done].waitsForCopy; });
        executeDraw(id);
      }
    });
  }
}

void LateDevice::executeCopy() {
  Touch touch;
  for (const CopyPiece& piece : batches_[copies_.done]) {
    if (!piece.source.isPage()) touchMemory(touch, piece.sourceOffset, piece.bytes, Access::Read);
    touchMemory(touch, piece.destinationOffset, piece.bytes, Access::Write);
  }
  touch.add(copies_.object, Access::Write);
  touch.what = "copy";
  step(touch);
  if (lost_) return;
  host_->complete(kCopyQueue, ++copies_.done);
}

void LateDevice::executeDraw(QueueId id) {
  Queue& queue = application(id);
  Draw& draw = queue.draws[queue.done];
  Touch touch;
  touchMemory(touch, draw.place.offset, draw.place.bytes, Access::Read);
  touch.add(queue.object, Access::Write);
  touch.what = "draw";
  step(touch);
  if (lost_) return;
  check(draw.waitsForCopy >= draw.copy, "a draw reads bytes that were not made visible");
  host_->complete(id, ++queue.done);
  check(draw.found == draw.expected, "a draw reads bytes that are not there");
}

void LateDevice::finishQueues() {
  if (lost_) return;
  for (bool any = true; any;) {
    any = false;
    for (; copyMayRun(); any = true) executeCopy();
    for (std::uint32_t i = 1; i <= queues_.size(); ++i) {
      const Queue& queue = application(QueueId{i});
      for (; queue.done < queue.submitted && queue.draws[queue.done].waitsForCopy <= copies_.done; any = true) {
        executeDraw(QueueId{i});
      }
    }
  }
}

bool LateDevice::copyMayRun() const {
  return copies_.done < copies_.submitted && std::ranges::all_of(waits_[copies_.done], [this](const QueueValue& wait) {
           return application(wait.queue).done >= wait.value;
         });
}

void LateDevice::lose() {
  Touch touch;
  touch.add(copies_.object, Access::Write);
  for (const Queue& queue : queues_) touch.add(queue.object, Access::Write);
  touch.what = "lose";
  step(touch);
  lost_ = true;
}

TimelineValue LateDevice::draw(const Place& place, std::uint64_t hash, std::span<const QueueValue> waits) {
  Queue& queue = application(kDrawQueue);
  step(queue.object, Access::Write, "submit");
  Draw& draw = queue.draws.emplace_back();
  draw.place = place;
  draw.expected = hash;
  draw.copy = lastCopy_[{place.chunk, place.offset}];
  for (const QueueValue& wait : waits) {
    if (wait.queue == kCopyQueue) draw.waitsForCopy = std::max(draw.waitsForCopy, wait.value);
  }
  const HostRead read{place.chunk, place.offset, place.bytes, &draw.found};
  ++queue.submitted;
  return host_->submitReads(kDrawQueue, {&read, 1}, waits);
}

TimelineValue LateDevice::submit(QueueId id) {
  Queue& queue = application(id);
  step(queue.object, Access::Write, "submit");
  queue.draws.emplace_back();
  ++queue.submitted;
  return host_->submitReads(id, {}, {});
}

void LateDevice::touchQueues(Touch& touch) const {
  touch.add(copies_.object, Access::Read);
  for (const Queue& queue : queues_) touch.add(queue.object, Access::Read);
}

std::uint64_t LateDevice::read(const Place& place) {
  Touch touch;
  touchMemory(touch, place.offset, place.bytes, Access::Read);
  touch.what = "read";
  step(touch);
  const std::span<const std::byte> chunk = host_->bytes(place.chunk);
  if (chunk.empty()) return 0;  // it has been given back
  return hashBytes(chunk.subspan(place.offset, place.bytes));
}

Result<ChunkInfo> LateDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  return host_->createChunk(index, bytes);
}

Result<std::span<std::byte>> LateDevice::openStaging(StagingIndex index, ByteCount bytes, StagingUse use) {
  return host_->openStaging(index, bytes, use);
}

Result<TimelineValue> LateDevice::submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) {
  step(copies_.object, Access::Write, "submit");
  if (lost_) return Unexpected(lostError());
  batches_.emplace_back(batch.begin(), batch.end());
  waits_.emplace_back(waits.begin(), waits.end());
  ++copies_.submitted;
  for (const CopyPiece& piece : batch)
    lastCopy_[{piece.destination.chunk(), piece.destinationOffset}] = copies_.submitted;
  return host_->submit(batch, waits);
}

Result<void> LateDevice::poll() {
  Touch touch;
  touchQueues(touch);
  touch.what = "poll";
  step(touch);
  if (lost_ && !std::exchange(seenLost_, true)) saysEverything_ = choose(2) == 0;
  if (lost_) return Unexpected(lostError());
  return host_->poll();
}

TimelineValue LateDevice::completed(QueueId queue) const noexcept {
  return saysEverything_ ? kEverything : host_->completed(queue);
}

Result<void> LateDevice::wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) {
  if (lost_) return Unexpected(lostError());
  return host_->wait(queue, value, timeout);
}

void LateDevice::rangeReclaimed(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept {
  Touch touch;
  touchMemory(touch, offset, bytes, Access::Write);
  touch.what = "reclaim";
  step(touch);
  host_->rangeReclaimed(index, offset, bytes);
  check(lost_ || host_->earlyReclaims() == 0, "memory is reclaimed while queued work uses it");
}

}  // namespace flux::explorer
