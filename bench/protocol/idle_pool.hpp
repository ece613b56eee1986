#pragma once

#include "../take.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace flux::bench {

/// A pool whose blocks are all resident and which has nothing left to do.
class IdlePool {
 public:
  static constexpr ByteCount kBlockBytes = 64;

  explicit IdlePool(std::uint32_t blocks, std::uint32_t recordMirrors = 0) {
    PoolDesc desc;
    desc.maxBlocks = blocks;
    desc.recordMirrors = recordMirrors;
    pool_ = take(Pool::create(*device_, desc));
    for (std::uint32_t i = 0; i < blocks; ++i) {
      const PartDesc part{PartKind::Vertex, kBlockBytes, Source::callback(fill, nullptr)};
      BlockDesc block;
      block.parts = {&part, 1};
      blocks_.push_back(take(pool_->add(block)));
      if (i % 1024 == 0) settle(1);
    }
    settle(kStepsUntilIdle);
  }

  [[nodiscard]] Pool& pool() const { return *pool_; }
  [[nodiscard]] const std::vector<BlockHandle>& blocks() const { return blocks_; }
  /// For steps that are to do the same on every run: the time that all steps so far were given.
  [[nodiscard]] std::chrono::steady_clock::time_point now() const { return now_; }

 private:
  /// More than what an empty chunk stays for, and than what 1,024 blocks take to arrive.
  static constexpr int kStepsUntilIdle = 300;

  static bool fill(void* /*context*/, const FillRequest& /*request*/) { return true; }

  void settle(int steps) {
    for (int i = 0; i < steps; ++i) {
      take(pool_->step({}, now_));
      pool_->publish();
    }
  }

  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();

  std::unique_ptr<HostDevice> device_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  std::unique_ptr<Pool> pool_;
  std::vector<BlockHandle> blocks_;
};

}  // namespace flux::bench
