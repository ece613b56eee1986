#pragma once

#include <flux/device.hpp>

#include <cstddef>
#include <vector>

namespace flux::bench {

/// A device whose chunks have no memory: places are all that there is of them. What is submitted is done at once.
class OffsetsDevice final : public Device {
 public:
  OffsetsDevice() {
    caps_.maxChunkBytes = 4 * kGiB;
    caps_.maxAllocations = 1U << 20U;
    caps_.directWriteBytes = kAllBytes;
    caps_.partAlignmentBytes.fill(16);
  }
  [[nodiscard]] const DeviceCaps& caps() const noexcept override { return caps_; }
  Result<ChunkInfo> createChunk(ChunkIndex, ByteCount bytes) override {
    ChunkInfo info;
    info.bytes = bytes;
    return info;
  }
  void destroyChunk(ChunkIndex) noexcept override {}
  std::span<std::byte> mapped(ChunkIndex, ByteOffset, ByteCount bytes) noexcept override {
    if (nowhere_.size() < bytes) nowhere_.resize(static_cast<std::size_t>(bytes));
    return std::span(nowhere_).first(static_cast<std::size_t>(bytes));
  }
  Result<std::span<std::byte>> openStaging(StagingIndex, ByteCount bytes, StagingUse) override {
    return mapped({}, 0, bytes);
  }
  Result<void> sealStaging(StagingIndex, ByteCount) override { return {}; }
  void closeStaging(StagingIndex) noexcept override {}
  Result<TimelineValue> submit(std::span<const CopyPiece>, std::span<const QueueValue>) override {
    return ++submitted_;
  }
  Result<void> poll() override {
    completed_ = submitted_;
    return {};
  }
  [[nodiscard]] TimelineValue completed(QueueId) const noexcept override { return completed_; }
  Result<void> wait(QueueId, TimelineValue, std::chrono::nanoseconds) override { return poll(); }
  MemoryBudget budget() override { return {.budgetBytes = kTiB, .usedBytes = 0}; }
  void setName(ChunkIndex, std::string_view) noexcept override {}

 private:
  static constexpr ByteCount kTiB = 1024 * kGiB;
  DeviceCaps caps_;
  std::vector<std::byte> nowhere_;
  TimelineValue submitted_ = 0;
  TimelineValue completed_ = 0;
};

}  // namespace flux::bench
