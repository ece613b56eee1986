#include "record/devices.hpp"

#include "base/number_hash.hpp"

#include <chrono>
#include <source_location>

namespace flux {
namespace {

constexpr std::chrono::seconds kCopyTimeout{60};

/// Where a piece begins or ends in the device: staging lies elsewhere in a replay.
std::uint64_t placeOf(const CopyEnd& end, ByteOffset offset) {
  return end.isPage() ? 0 : mixed(std::uint64_t{1} + end.index(), offset);
}

void tellSubmitted(Journal& journal, std::span<const CopyPiece> batch, TimelineValue value) {
  ByteCount bytes = 0;
  NumberHash hash;
  for (const CopyPiece& piece : batch) {
    bytes += piece.bytes;
    hash.add(mixed(piece.bytes, placeOf(piece.source, piece.sourceOffset),
                   placeOf(piece.destination, piece.destinationOffset)));
  }
  journal.did(RecordKind::Submitted, {batch.size(), bytes, value, hash.value()});
}

Unexpected refused(std::uint64_t number, std::string_view what) {
  return Unexpected(makeError(errorCodeOf(number), what, std::source_location::current()));
}

}  // namespace

// ---- Recording ---------------------------------------------------------------------------------------------

Result<ChunkInfo> RecordingDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  Result<ChunkInfo> chunk = inner_.createChunk(index, bytes);
  (void)journal_.see(RecordKind::ChunkRefused, numberOf(chunk));
  if (chunk) journal_.did(RecordKind::ChunkMade, {static_cast<std::uint32_t>(index), bytes});
  return chunk;
}

void RecordingDevice::destroyChunk(ChunkIndex index) noexcept {
  inner_.destroyChunk(index);
  journal_.did(RecordKind::ChunkGone, {static_cast<std::uint32_t>(index)});
}

Result<TimelineValue> RecordingDevice::submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) {
  Result<TimelineValue> value = inner_.submit(batch, waits);
  (void)journal_.see(RecordKind::SubmitRefused, numberOf(value));
  if (!value) return value;
  (void)journal_.see(RecordKind::SubmitValue, *value);
  tellSubmitted(journal_, batch, *value);
  return value;
}

Result<void> RecordingDevice::poll() {
  Result<void> polled = inner_.poll();
  (void)journal_.see(RecordKind::PollFailed, numberOf(polled));
  return polled;
}

// ---- Replaying ---------------------------------------------------------------------------------------------

Result<ChunkInfo> ReplayingDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  if (const std::uint64_t error = journal_.see(RecordKind::ChunkRefused, 0)) return refused(error, "createChunk");
  Result<ChunkInfo> chunk = inner_.createChunk(index, bytes);
  if (chunk) {
    journal_.did(RecordKind::ChunkMade, {static_cast<std::uint32_t>(index), bytes});
  } else {
    fail(chunk.error());
  }
  return chunk;
}

void ReplayingDevice::destroyChunk(ChunkIndex index) noexcept {
  inner_.destroyChunk(index);
  journal_.did(RecordKind::ChunkGone, {static_cast<std::uint32_t>(index)});
}

std::span<std::byte> ReplayingDevice::mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept {
  if (inner_.caps().directWriteBytes != 0) return inner_.mapped(index, offset, bytes);
  if (nowhere_.size() < bytes) nowhere_.resize(static_cast<std::size_t>(bytes));
  return std::span(nowhere_).first(static_cast<std::size_t>(bytes));
}

Result<TimelineValue> ReplayingDevice::submit(std::span<const CopyPiece> batch, std::span<const QueueValue>) {
  if (const std::uint64_t error = journal_.see(RecordKind::SubmitRefused, 0)) return refused(error, "submit");
  const Result<TimelineValue> real = inner_.submit(batch);
  if (!real) {
    fail(real.error());
    return real;
  }
  lastReal_ = *real;
  lastValue_ = journal_.see(RecordKind::SubmitValue, lastValue_ + 1);
  inFlight_.emplace_back(lastValue_, *real);
  tellSubmitted(journal_, batch, lastValue_);
  return lastValue_;
}

Result<void> ReplayingDevice::poll() {
  if (const Result<void> polled = inner_.poll(); !polled) fail(polled.error());
  const std::uint64_t error = journal_.see(RecordKind::PollFailed, 0);
  if (error == 0) return {};
  // From here on the pool gives back what this device may still be using.
  if (errorCodeOf(error) == ErrorCode::DeviceLost) (void)finish();
  return refused(error, "poll");
}

void ReplayingDevice::reach(TimelineValue recorded) {
  reached_ = recorded;
  TimelineValue real = 0;
  for (; !inFlight_.empty() && inFlight_.front().first <= recorded; inFlight_.pop_front())
    real = inFlight_.front().second;
  if (real == 0) return;
  if (const Result<void> waited = inner_.wait(kCopyQueue, real, kCopyTimeout); !waited) fail(waited.error());
}

Result<void> ReplayingDevice::finish() {
  inFlight_.clear();
  return lastReal_ != 0 ? inner_.wait(kCopyQueue, lastReal_, kCopyTimeout) : Result<void>{};
}

Result<void> ReplayingDevice::wait(QueueId queue, TimelineValue, std::chrono::nanoseconds) {
  return queue == kCopyQueue ? finish() : Result<void>{};
}

}  // namespace flux
