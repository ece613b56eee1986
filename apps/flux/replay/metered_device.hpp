#pragma once

#include <flux/passing_device.hpp>

#include <chrono>

namespace flux::app {

/// Adds up the time in which the device makes and destroys chunks, so that Flux's own time can be told from it.
class MeteredDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;

  [[nodiscard]] std::chrono::nanoseconds inDevice() const noexcept { return inDevice_; }

  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override {
    const auto before = std::chrono::steady_clock::now();
    Result<ChunkInfo> made = inner_.createChunk(index, bytes);
    inDevice_ += std::chrono::steady_clock::now() - before;
    return made;
  }
  void destroyChunk(ChunkIndex index) noexcept override {
    const auto before = std::chrono::steady_clock::now();
    inner_.destroyChunk(index);
    inDevice_ += std::chrono::steady_clock::now() - before;
  }

 private:
  std::chrono::nanoseconds inDevice_{};
};

}  // namespace flux::app
