#include "explorer/scenarios/late_device.hpp"

#include <algorithm>
#include <utility>

namespace flux::explorer {
namespace {

constexpr ByteCount kGrainBytes = 256;
constexpr TimelineValue kEverything = 1'000'000;

}  // namespace

LateDevice::LateDevice() : host_(HostDevice::create({.completion = HostDeviceDesc::Completion::Manual})) {
  for (std::unique_ptr<Object>& object : memory_) object = std::make_unique<Object>("chunk memory");
}

void LateDevice::touchMemory(Touch& touch, ByteOffset offset, ByteCount bytes, Access access) const {
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
      executeCopy();
    }
  });
  addDaemon("draw queue", [this] {
    for (;;) {
      await(draws_.object, Access::Read, "execute", [this] { return !lost_ && draws_.done < draws_.submitted; });
      await(copies_.object, Access::Read, "wait for copies",
            [this] { return !lost_ && copies_.done >= drawn_[draws_.done]->waitsForCopy; });
      executeDraw();
    }
  });
}

void LateDevice::executeCopy() {
  Touch touch;
  for (const CopyPiece& piece : batches_[copies_.done]) {
    if (piece.from == CopyPiece::From::Chunk) touchMemory(touch, piece.sourceOffset, piece.bytes, Access::Read);
    touchMemory(touch, piece.destinationOffset, piece.bytes, Access::Write);
  }
  touch.add(copies_.object, Access::Write);
  touch.what = "copy";
  step(touch);
  if (lost_) return;
  host_->complete(kCopyQueue, ++copies_.done);
}

void LateDevice::executeDraw() {
  Draw& draw = *drawn_[draws_.done];
  Touch touch;
  touchMemory(touch, draw.place.offset, draw.place.bytes, Access::Read);
  touch.add(draws_.object, Access::Write);
  touch.what = "draw";
  step(touch);
  if (lost_) return;
  check(draw.waitsForCopy >= draw.copy, "a draw reads bytes that were not made visible");
  host_->complete(kDrawQueue, ++draws_.done);
  check(draw.found == draw.expected, "a draw reads bytes that are not there");
}

void LateDevice::finishQueues() {
  if (lost_) return;
  while (copies_.done < copies_.submitted) executeCopy();
  while (draws_.done < draws_.submitted) executeDraw();
}

void LateDevice::lose() {
  Touch touch;
  touch.add(copies_.object, Access::Write);
  touch.add(draws_.object, Access::Write);
  touch.what = "lose";
  step(touch);
  lost_ = true;
}

TimelineValue LateDevice::draw(const Place& place, std::uint64_t hash, std::span<const QueueValue> waits) {
  step(draws_.object, Access::Write, "submit");
  Draw& draw = *drawn_.emplace_back(std::make_unique<Draw>());
  draw.place = place;
  draw.expected = hash;
  draw.copy = lastCopy_[place.offset];
  for (const QueueValue& wait : waits) {
    if (wait.queue == kCopyQueue) draw.waitsForCopy = std::max(draw.waitsForCopy, wait.value);
  }
  const HostRead read{place.chunk, place.offset, place.bytes, &draw.found};
  ++draws_.submitted;
  return host_->submitReads(kDrawQueue, {&read, 1}, waits);
}

std::uint64_t LateDevice::read(const Place& place) {
  Touch touch;
  touchMemory(touch, place.offset, place.bytes, Access::Read);
  touch.what = "read";
  step(touch);
  return hashBytes(host_->bytes(place.chunk).subspan(place.offset, place.bytes));
}

Result<ChunkInfo> LateDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  check(index == ChunkIndex{0}, "the scenario stays in one chunk");
  return host_->createChunk(index, bytes);
}

Result<std::span<std::byte>> LateDevice::openStaging(StagingIndex index, ByteCount bytes) {
  return host_->openStaging(index, bytes);
}

Result<TimelineValue> LateDevice::submit(std::span<const CopyPiece> batch) {
  step(copies_.object, Access::Write, "submit");
  if (lost_) return Unexpected(lostError());
  batches_.emplace_back(batch.begin(), batch.end());
  ++copies_.submitted;
  for (const CopyPiece& piece : batch) lastCopy_[piece.destinationOffset] = copies_.submitted;
  return host_->submit(batch);
}

Result<void> LateDevice::poll() {
  Touch touch;
  touch.add(copies_.object, Access::Read);
  touch.add(draws_.object, Access::Read);
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
