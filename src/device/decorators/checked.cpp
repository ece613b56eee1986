#include <flux/assert.hpp>
#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <source_location>
#include <unordered_map>
#include <utility>

#include "device/used_ranges.hpp"

namespace flux {
namespace {

constexpr ByteCount kChunkGranularityBytes = 256;
constexpr ByteCount kPieceGranularityBytes = 4;

bool holds(bool condition, const char* rule) {
  FLUX_ASSERT(condition, rule);
  return condition;
}

bool inside(ByteOffset offset, ByteCount bytes, ByteCount size) noexcept {
  return offset <= size && bytes <= size - offset;
}

/// Notices a second call that begins before the first has ended.
class OneCaller {
 public:
  explicit OneCaller(std::atomic<bool>& busy) : busy_(busy), alone_(!busy.exchange(true)) {
    FLUX_ASSERT(alone_, "a device is called by one thread at a time");
  }
  ~OneCaller() {
    if (alone_) busy_ = false;
  }
  OneCaller(const OneCaller&) = delete;
  OneCaller& operator=(const OneCaller&) = delete;

  explicit operator bool() const noexcept { return alone_; }

 private:
  std::atomic<bool>& busy_;
  bool alone_;
};

class CheckedDevice final : public Device {
 public:
  explicit CheckedDevice(Device& inner) : inner_(inner) {}

  const DeviceCaps& caps() const noexcept override { return inner_.caps(); }

  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override {
    const OneCaller caller(busy_);
    if (!caller || !holds(static_cast<std::uint32_t>(index) < kMaxChunks, "the index of a chunk is below kMaxChunks") ||
        !holds(!chunks_.contains(index), "a chunk is made under an index that is not in use") ||
        !holds(bytes != 0 && bytes % kChunkGranularityBytes == 0, "a chunk's size is a positive multiple of 256")) {
      return refused("createChunk");
    }
    Result<ChunkInfo> info = inner_.createChunk(index, bytes);
    if (info) {
      holds(info->bytes == bytes, "a device makes a chunk of exactly the size asked for");
      chunks_.emplace(index, bytes);
    }
    return info;
  }

  void destroyChunk(ChunkIndex index) noexcept override {
    const OneCaller caller(busy_);
    if (!caller || !holds(chunks_.contains(index), "a chunk that is destroyed exists") ||
        !holds(!inFlight(memoryKey(index), 0, chunks_.at(index)), "no batch uses a chunk that is destroyed")) {
      return;
    }
    chunks_.erase(index);
    inner_.destroyChunk(index);
  }

  std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    const OneCaller caller(busy_);
    const auto chunk = chunks_.find(index);
    if (!caller || !holds(inner_.caps().directWriteBytes != 0, "a device whose chunks are written maps them") ||
        !holds(chunk != chunks_.end(), "a range that is written directly is of a chunk that exists") ||
        !holds(inside(offset, bytes, chunk->second), "a range that is written directly lies inside its chunk") ||
        !holds(!inFlight(memoryKey(index), offset, bytes), "no batch uses a range that is written directly")) {
      return {};
    }
    const std::span<std::byte> range = inner_.mapped(index, offset, bytes);
    holds(range.size() == bytes, "a device maps exactly the range that is asked for");
    return range;
  }

  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override {
    const OneCaller caller(busy_);
    if (!caller || !holds(!pages_.contains(index), "a page is opened under an index that is not in use") ||
        !holds(bytes != 0, "a page is not empty")) {
      return refused("openStaging");
    }
    Result<std::span<std::byte>> page = inner_.openStaging(index, bytes, use);
    if (page) {
      holds(page->size() == bytes, "a device opens a page of exactly the size asked for");
      pages_.emplace(index, Page{bytes, 0, use});
    }
    return page;
  }

  Result<void> sealStaging(StagingIndex index, ByteCount bytes) override {
    const OneCaller caller(busy_);
    const auto page = pages_.find(index);
    if (!caller || !holds(page != pages_.end(), "a page that is sealed is open") ||
        !holds(page->second.use == StagingUse::Upload, "a page that is sealed is for uploads") ||
        !holds(bytes <= page->second.bytes, "a page is sealed within its size")) {
      return refused("sealStaging");
    }
    Result<void> sealed = inner_.sealStaging(index, bytes);
    if (sealed) page->second.sealedBytes = bytes;
    return sealed;
  }

  void closeStaging(StagingIndex index) noexcept override {
    const OneCaller caller(busy_);
    const auto page = pages_.find(index);
    if (!caller || !holds(page != pages_.end(), "a page that is closed is open") ||
        !holds(!inFlight(memoryKey(index), 0, page->second.bytes), "no batch uses a page that is closed")) {
      return;
    }
    pages_.erase(page);
    inner_.closeStaging(index);
  }

  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    const OneCaller caller(busy_);
    if (!caller || !std::ranges::all_of(batch, [this](const CopyPiece& piece) { return valid(piece); }) ||
        !disjoint(batch) || !std::ranges::all_of(waits, [this](const QueueValue& wait) {
          return holds(known(wait.queue), "a queue that is waited for exists");
        })) {
      return refused("submit");
    }
    forgetCompleted();
    Result<TimelineValue> value = inner_.submit(batch, waits);
    if (value) {
      holds(*value > lastSubmitted_, "a device's copy values grow");
      lastSubmitted_ = *value;
      inFlight_.push_back({*value, usesOf(batch)});
    }
    return value;
  }

  Result<void> poll() override {
    const OneCaller caller(busy_);
    return caller ? inner_.poll() : refused("poll");
  }

  TimelineValue completed(QueueId queue) const noexcept override {
    if (!holds(known(queue), "a queue that is asked for exists")) return 0;
    std::atomic<TimelineValue>& last = lastCompleted_[static_cast<std::uint32_t>(queue)];
    // Read first: whatever another thread has seen by now, the device must not go behind it.
    TimelineValue before = last.load();
    const TimelineValue value = inner_.completed(queue);
    holds(value >= before, "completion never goes back");
    while (before < value && !last.compare_exchange_weak(before, value)) {
    }
    return value;
  }

  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    const OneCaller caller(busy_);
    if (!caller || !holds(known(queue), "a queue that is waited for exists")) return refused("wait");
    Result<void> waited = inner_.wait(queue, value, timeout);
    if (waited) holds(completed(queue) >= value, "a wait ends when its value is completed");
    return waited;
  }

  MemoryBudget budget() override {
    const OneCaller caller(busy_);
    return caller ? inner_.budget() : MemoryBudget{};
  }

  void setName(ChunkIndex index, std::string_view name) noexcept override {
    const OneCaller caller(busy_);
    if (caller && holds(chunks_.contains(index), "a chunk that is named exists")) inner_.setName(index, name);
  }
  void raisePriority(ChunkIndex index) noexcept override {
    const OneCaller caller(busy_);
    if (caller && holds(chunks_.contains(index), "a chunk whose priority is raised exists"))
      inner_.raisePriority(index);
  }

  void rangeReclaimed(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    const OneCaller caller(busy_);
    const auto chunk = chunks_.find(index);
    if (!caller || !holds(chunk != chunks_.end(), "a range that is reclaimed is of a chunk that exists") ||
        !holds(inside(offset, bytes, chunk->second), "a range that is reclaimed lies inside its chunk") ||
        !holds(!inFlight(memoryKey(index), offset, bytes), "no batch uses a range that is reclaimed")) {
      return;
    }
    inner_.rangeReclaimed(index, offset, bytes);
  }

 private:
  struct Page {
    ByteCount bytes = 0;
    ByteCount sealedBytes = 0;
    StagingUse use = StagingUse::Upload;
  };
  struct Batch {
    TimelineValue value = 0;
    UsedRanges uses;
  };

  static Unexpected refused(std::string_view call) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, call, std::source_location::current()));
  }

  [[nodiscard]] bool known(QueueId queue) const noexcept {
    return static_cast<std::uint32_t>(queue) < std::min(inner_.caps().queueCount, kMaxQueues);
  }

  static UsedRanges usesOf(std::span<const CopyPiece> batch) {
    UsedRanges uses;
    uses.reserve(2 * batch.size());
    for (const CopyPiece& piece : batch) {
      uses.add(memoryKey(piece.source), piece.sourceOffset, piece.bytes);
      uses.add(memoryKey(piece.destination), piece.destinationOffset, piece.bytes);
    }
    uses.build();
    return uses;
  }

  [[nodiscard]] bool valid(const CopyPiece& piece) const {
    return holds(piece.bytes != 0, "a piece is not empty") &&
           holds((piece.bytes | piece.sourceOffset | piece.destinationOffset) % kPieceGranularityBytes == 0,
                 "offsets and sizes of a piece are multiples of 4") &&
           (piece.destination.isPage() ? validReadback(piece) : validDestination(piece)) &&
           (piece.source.isPage() ? validPage(piece) : validSourceChunk(piece));
  }

  [[nodiscard]] bool validDestination(const CopyPiece& piece) const {
    const auto destination = chunks_.find(piece.destination.chunk());
    return holds(destination != chunks_.end(), "a piece goes to a chunk that exists") &&
           holds(inside(piece.destinationOffset, piece.bytes, destination->second),
                 "a piece's destination lies inside its chunk");
  }

  [[nodiscard]] bool validReadback(const CopyPiece& piece) const {
    const auto page = pages_.find(piece.destination.page());
    return holds(page != pages_.end(), "a piece goes to a page that is open") &&
           holds(page->second.use == StagingUse::Readback, "a piece goes to a page for readback") &&
           holds(!piece.source.isPage(), "what a piece reads back comes from a chunk") &&
           holds(inside(piece.destinationOffset, piece.bytes, page->second.bytes),
                 "a piece's destination lies inside its page");
  }

  [[nodiscard]] bool validPage(const CopyPiece& piece) const {
    const auto page = pages_.find(piece.source.page());
    return holds(page != pages_.end(), "a piece comes from a page that is open") &&
           holds(page->second.use == StagingUse::Upload, "a piece comes from a page for uploads") &&
           holds(inside(piece.sourceOffset, piece.bytes, page->second.bytes),
                 "a piece's source lies inside its page") &&
           holds(inside(piece.sourceOffset, piece.bytes, page->second.sealedBytes),
                 "a page is sealed before a batch reads it");
  }

  [[nodiscard]] bool validSourceChunk(const CopyPiece& piece) const {
    const auto chunk = chunks_.find(piece.source.chunk());
    return holds(chunk != chunks_.end(), "a piece comes from a chunk that exists") &&
           holds(inside(piece.sourceOffset, piece.bytes, chunk->second), "a piece's source lies inside its chunk");
  }

  static bool disjoint(std::span<const CopyPiece> batch) {
    UsedRanges destinations;
    destinations.reserve(batch.size());
    for (const CopyPiece& piece : batch) {
      destinations.add(memoryKey(piece.destination), piece.destinationOffset, piece.bytes);
    }
    return holds(destinations.build(), "the destinations of a batch are disjoint") &&
           holds(std::ranges::none_of(batch,
                                      [&](const CopyPiece& piece) {
                                        return destinations.overlaps(memoryKey(piece.source), piece.sourceOffset,
                                                                     piece.bytes);
                                      }),
                 "no destination of a batch overlaps one of its sources");
  }

  void forgetCompleted() {
    const TimelineValue done = completed(kCopyQueue);
    while (!inFlight_.empty() && inFlight_.front().value <= done) inFlight_.pop_front();
  }

  [[nodiscard]] bool inFlight(MemoryKey memory, ByteOffset offset, ByteCount bytes) {
    forgetCompleted();
    return std::ranges::any_of(inFlight_,
                               [&](const Batch& batch) { return batch.uses.overlaps(memory, offset, bytes); });
  }

  Device& inner_;
  std::atomic<bool> busy_{false};
  std::unordered_map<ChunkIndex, ByteCount> chunks_;
  std::unordered_map<StagingIndex, Page> pages_;
  std::deque<Batch> inFlight_;  ///< By value.
  TimelineValue lastSubmitted_ = 0;
  mutable std::array<std::atomic<TimelineValue>, kMaxQueues> lastCompleted_{};
};

}  // namespace

std::unique_ptr<Device> makeCheckedDevice(Device& inner) {
  return std::make_unique<CheckedDevice>(inner);
}

}  // namespace flux
