#include "resources/strategies/strategy_base.hpp"

#include "frame/retirement.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>

namespace flux {
namespace {

constexpr ByteCount kBufferGrainBytes = 256;  // Device::createChunk
constexpr ByteCount kGrowthGrainBytes = 64 * kKiB;
constexpr ByteCount kMaxBufferBytes = 32 * kGiB;  // 32 bits count its units of 16 bytes
constexpr ByteCount kMaxAlignment = ByteCount{1} << 32U;
constexpr std::chrono::seconds kCopyPatience{10};

/// Generations of different strategies start far from each other, so that an id is refused where it is not from: of a
/// hundred strategies, a slot must be used twenty million times before it meets another's.
std::uint32_t nextFirstGeneration() {
  static std::atomic<std::uint32_t> strategies{0};
  return (strategies.fetch_add(1, std::memory_order_relaxed) + 1) * 0x9E3779B9U;
}

Unexpected stale(AllocationId id, std::source_location where) {
  Error error = makeError(ErrorCode::StaleHandle, "allocation", where);
  error.handle = {id.index, id.generation};
  return Unexpected(error);
}

}  // namespace

StrategyBase::StrategyBase(std::string_view name, Device& device, const StrategyOptions& options)
    : name_(name), device_(device), options_(options), firstGeneration_(nextFirstGeneration()) {
  options_.maxBufferBytes = std::min({options_.maxBufferBytes, device.caps().maxChunkBytes, kMaxBufferBytes});
  options_.maxBufferBytes -= options_.maxBufferBytes % kBufferGrainBytes;
  options_.firstBytes = std::min(roundUp(options_.firstBytes, kGrowthGrainBytes), options_.maxBufferBytes);
  options_.chunkBytes = std::min(roundUp(options_.chunkBytes, kGrowthGrainBytes), options_.maxBufferBytes);
}

StrategyBase::~StrategyBase() {
  // An answer other than success means a lost device, which uses nothing any more.
  if (lastCopy_ > device_.completed(kCopyQueue)) (void)device_.wait(kCopyQueue, lastCopy_, kCopyPatience);
  for (std::uint32_t i = 0; i < buffers_.size(); ++i) {
    if (buffers_[i]) device_.destroyChunk(ChunkIndex{static_cast<std::uint32_t>(options_.firstBuffer) + i});
  }
}

Result<void> StrategyBase::check(ByteCount bytes, ByteCount alignment, std::source_location where) const {
  if (bytes == 0 || alignment == 0 || alignment > kMaxAlignment) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "bytes or alignment", where, {bytes, alignment}));
  }
  if (bytes > options_.maxBufferBytes) {
    return Unexpected(makeError(ErrorCode::TooLarge, "bytes", where, {bytes, options_.maxBufferBytes}));
  }
  return {};
}

Result<Allocation> StrategyBase::allocate(ByteCount bytes, ByteCount alignment, std::source_location where) {
  if (const Result<void> ok = check(bytes, alignment, where); !ok) return Unexpected(ok.error());
  const ByteCount grain = std::lcm(alignment, kPlaceUnitBytes);
  const Result<Place> chosen = place(wholeUnits(bytes), grain, where);
  if (!chosen) return Unexpected(chosen.error());
  if (unusedSlots_.empty()) {
    unusedSlots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.push_back({.generation = firstGeneration_});
  }
  const std::uint32_t index = unusedSlots_.back();
  unusedSlots_.pop_back();
  Slot& slot = slots_[index];
  // 0 is the null id.
  slot = {.alignment = grain, .generation = std::max(slot.generation + 1, 1U), .live = true};
  setBytes(slot, bytes, *chosen);
  ++stats_.allocations;
  return describe(index);
}

Result<Allocation> StrategyBase::resize(AllocationId id, ByteCount bytes, std::source_location where) {
  if (liveSlot(id) == nullptr) return stale(id, where);
  Slot& slot = slots_[id.index];
  if (const Result<void> ok = check(bytes, slot.alignment, where); !ok) return Unexpected(ok.error());
  const bool shrinks = bytes < slot.askedBytes;
  const ByteCount rounded = wholeUnits(bytes);
  if (rounded == slot.place.bytes || (!shrinks && rounded < slot.place.bytes)) {
    setBytes(slot, bytes, slot.place);
    return describe(id.index);
  }
  const Result<Place> chosen = place(rounded, slot.alignment, where);
  if (!chosen) return Unexpected(chosen.error());
  if (shrinks && chosen->bytes >= slot.place.bytes) {  // Nothing would be gained.
    reclaim(*chosen);
    setBytes(slot, bytes, slot.place);
    return describe(id.index);
  }
  // Read now: choosing the new place may have replaced the buffer of the old one.
  const Place old = slot.place;
  const ByteCount kept = wholeUnits(std::min(bytes, slot.askedBytes));
  if (const Result<void> copied = copy(old.buffer, old.offset, chosen->buffer, chosen->offset, kept); !copied) {
    reclaim(*chosen);
    return Unexpected(copied.error());
  }
  setBytes(slot, bytes, *chosen);
  retire(old, false);
  displace(id.index);
  return describe(id.index);
}

Result<void> StrategyBase::free(AllocationId id, std::source_location where) {
  if (liveSlot(id) == nullptr) return stale(id, where);
  giveUp(id.index);
  return {};
}

void StrategyBase::freeAll() {
  for (std::uint32_t i = 0; i < slots_.size() && stats_.allocations != 0; ++i) {
    if (slots_[i].live) giveUp(i);
  }
}

void StrategyBase::giveUp(std::uint32_t index) {
  Slot& slot = slots_[index];
  retire(slot.place, false);
  setBytes(slot, 0, {});
  slot.live = false;
  unusedSlots_.push_back(index);
  --stats_.allocations;
}

std::optional<Allocation> StrategyBase::find(AllocationId id) const {
  if (liveSlot(id) == nullptr) return std::nullopt;
  return describe(id.index);
}

const StrategyBase::Slot* StrategyBase::liveSlot(AllocationId id) const {
  if (id.index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[id.index];
  return slot.live && slot.generation == id.generation ? &slot : nullptr;
}

Allocation StrategyBase::describe(std::uint32_t index) const {
  const Slot& slot = slots_[index];
  return {{index, slot.generation}, slot.place.buffer, slot.place.offset, slot.askedBytes, slot.version};
}

/// Gives a slot its place and size, and keeps the sums.
void StrategyBase::setBytes(Slot& slot, ByteCount asked, const Place& place) {
  stats_.liveBytes += asked - slot.askedBytes;
  stats_.paddingBytes += (place.bytes - asked) - (slot.place.bytes - slot.askedBytes);
  slot.askedBytes = asked;
  slot.place = place;
}

void StrategyBase::displace(std::uint32_t index) {
  Slot& slot = slots_[index];
  ++slot.version;
  if (!slot.displaced) displaced_.push_back({index, slot.generation});
  slot.displaced = true;
}

void StrategyBase::retire(const Place& place, bool wholeBuffer) {
  retired_.push_back({step_, place, wholeBuffer});
  if (!wholeBuffer) stats_.waitingBytes += place.bytes;
}

Result<void> StrategyBase::step(std::span<const QueueValue> submitted) {
  Mark mark{step_, {}};
  for (const QueueValue& last : submitted) {
    const auto queue = static_cast<std::uint32_t>(last.queue);
    if (queue >= device_.caps().queueCount) {
      return Unexpected(
          makeError(ErrorCode::InvalidArgument, "step: queue", std::source_location::current(), {queue, last.value}));
    }
    mark.used[queue] = std::max(mark.used[queue], last.value);
  }
  TimelineValue& copied = mark.used[static_cast<std::uint32_t>(kCopyQueue)];
  copied = std::max(copied, lastCopy_);
  if (!retired_.empty() && retired_.back().step == step_) marks_.push_back(mark);
  ++step_;
  for (const AllocationId id : displaced_) slots_[id.index].displaced = false;
  displaced_.clear();
  if (Result<void> polled = device_.poll(); !polled) return polled;
  reclaimPassed();
  endStep();
  return {};
}

void StrategyBase::reclaimPassed() {
  const auto completed = [this](QueueId queue) { return device_.completed(queue); };
  while (!marks_.empty() && !firstBehind(marks_.front().used, completed)) {
    for (; !retired_.empty() && retired_.front().step <= marks_.front().step; retired_.pop_front()) {
      const Retired& gone = retired_.front();
      if (gone.wholeBuffer) {
        destroyBuffer(gone.place.buffer);
        continue;
      }
      stats_.waitingBytes -= gone.place.bytes;
      device_.rangeReclaimed(gone.place.buffer, gone.place.offset, gone.place.bytes);
      reclaim(gone.place);
    }
    marks_.pop_front();
  }
}

std::optional<ChunkInfo> StrategyBase::buffer(ChunkIndex buffer) const {
  const std::uint32_t index = localIndex(buffer);
  return index < buffers_.size() ? buffers_[index] : std::nullopt;
}

Result<ChunkIndex> StrategyBase::makeBuffer(ByteCount bytes, std::source_location where) {
  const auto unused = std::find(buffers_.begin(), buffers_.end(), std::nullopt);
  const auto index = static_cast<std::uint32_t>(unused - buffers_.begin());
  if (index >= options_.maxBuffers) {
    return Unexpected(makeError(ErrorCode::TooManyChunks, "maxBuffers", where, {index, options_.maxBuffers}));
  }
  const ChunkIndex made{static_cast<std::uint32_t>(options_.firstBuffer) + index};
  const Result<ChunkInfo> info = device_.createChunk(made, roundUp(bytes, kBufferGrainBytes));
  if (!info) {
    Error error = info.error();
    error.where = where;
    return Unexpected(error);
  }
  if (unused == buffers_.end()) buffers_.emplace_back();
  buffers_[index] = *info;
  ++stats_.buffersMade;
  ++stats_.buffers;
  stats_.reservedBytes += info->bytes;
  return made;
}

Result<ChunkIndex> StrategyBase::growBuffer(ChunkIndex old, ByteCount bytes, std::source_location where) {
  const Result<ChunkIndex> grown = makeBuffer(bytes, where);
  if (!grown) return grown;
  if (const Result<void> copied = copy(old, 0, *grown, 0, buffer(old)->bytes); !copied) {
    destroyBuffer(*grown);
    return Unexpected(copied.error());
  }
  retire({.buffer = old}, true);
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].live || slots_[i].place.buffer != old) continue;
    slots_[i].place.buffer = *grown;
    displace(i);
  }
  // What waits in the old buffer is gone before that is; but the copy reads it.
  for (Mark& mark : marks_) {
    TimelineValue& copied = mark.used[static_cast<std::uint32_t>(kCopyQueue)];
    copied = std::max(copied, lastCopy_);
  }
  return grown;
}

Result<void> StrategyBase::copy(ChunkIndex from, ByteOffset fromOffset, ChunkIndex to, ByteOffset toOffset,
                                ByteCount bytes) {
  const CopyPiece piece{from, to, fromOffset, toOffset, bytes};
  const Result<TimelineValue> value = device_.submit({&piece, 1});
  if (!value) return Unexpected(value.error());
  lastCopy_ = *value;
  ++stats_.copies;
  stats_.copiedBytes += bytes;
  return {};
}

void StrategyBase::releaseBuffer(ChunkIndex buffer) {
  // A copy of ours may still write to it, although nobody else knows it.
  if (device_.completed(kCopyQueue) < lastCopy_) return retire({.buffer = buffer}, true);
  destroyBuffer(buffer);
}

void StrategyBase::destroyBuffer(ChunkIndex buffer) {
  device_.destroyChunk(buffer);
  std::optional<ChunkInfo>& info = buffers_[localIndex(buffer)];
  --stats_.buffers;
  stats_.reservedBytes -= info->bytes;
  info.reset();
}

}  // namespace flux
