#pragma once

#include <flux/device.hpp>

namespace flux {

/// Hands everything on to another device; who derives from it overrides what it watches, counts or breaks.
class PassingDevice : public Device {
 public:
  explicit PassingDevice(Device& inner) : inner_(inner) {}
  const DeviceCaps& caps() const noexcept override { return inner_.caps(); }
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override { return inner_.createChunk(index, bytes); }
  void destroyChunk(ChunkIndex index) noexcept override { inner_.destroyChunk(index); }
  std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    return inner_.mapped(index, offset, bytes);
  }
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override {
    return inner_.openStaging(index, bytes, use);
  }
  Result<void> sealStaging(StagingIndex index, ByteCount bytes) override { return inner_.sealStaging(index, bytes); }
  void closeStaging(StagingIndex index) noexcept override { inner_.closeStaging(index); }
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    return inner_.submit(batch, waits);
  }
  Result<void> poll() override { return inner_.poll(); }
  TimelineValue completed(QueueId queue) const noexcept override { return inner_.completed(queue); }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    return inner_.wait(queue, value, timeout);
  }
  MemoryBudget budget() override { return inner_.budget(); }
  void setName(ChunkIndex index, std::string_view name) noexcept override { inner_.setName(index, name); }
  void raisePriority(ChunkIndex index) noexcept override { inner_.raisePriority(index); }
  void rangeReclaimed(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    inner_.rangeReclaimed(index, offset, bytes);
  }

 protected:
  Device& inner_;
};

}  // namespace flux
