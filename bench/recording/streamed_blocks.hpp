#pragma once

#include "../take.hpp"

#include <flux/host.hpp>
#include <flux/recorder.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace flux::bench {

/// A pool of small blocks that come and go and get new bytes, as in a streamed world. The same on every run.
class StreamedBlocks {
 public:
  /// `recorder`: null, if the pool is not recorded.
  explicit StreamedBlocks(Recorder* recorder) {
    PoolDesc desc;
    if (recorder != nullptr) desc.journal = &recorder->journal();
    pool_ = take(Pool::create(*host_, desc));
    for (std::uint32_t i = 0; i < kBlocks; ++i) {
      blocks_.push_back(add());
      if (i % kCallsAStep == 0) step();
    }
  }

  /// So many calls, half of them updates, and a step, a publish and a frame for every 16 of them.
  void call(std::uint32_t calls) {
    for (std::uint32_t i = 0; i < calls; ++i) {
      BlockHandle& block = blocks_[random_() % blocks_.size()];
      if (i % 2 == 0) {
        const PartUpdate update{PartId{0}, Source::bytes(bytes_), 0, bytes_.size()};
        take(pool_->update(block, {&update, 1}));
      } else {
        if (!pool_->remove(block)) std::abort();
        block = add();
      }
      if (i % kCallsAStep == 0) step();
    }
  }

  /// Steps with their publishes, in which nothing happens.
  void idle(std::uint32_t steps) {
    for (std::uint32_t i = 0; i < steps; ++i) {
      take(pool_->step());
      pool_->publish();
    }
  }

 private:
  static constexpr std::uint32_t kBlocks = 2000;
  static constexpr std::uint32_t kCallsAStep = 16;

  BlockHandle add() {
    const PartDesc parts[] = {{PartKind::Vertex, 256 + random_() % 512, Source::callback(fill, nullptr)},
                              {PartKind::Index, 32 + random_() % 128, Source::callback(fill, nullptr)}};
    const std::string name = "object " + std::to_string(next_++);
    BlockDesc desc;
    desc.name = name;
    desc.parts = parts;
    return take(pool_->add(desc));
  }
  void step() {
    now_ += std::chrono::milliseconds{1};
    take(pool_->step({}, now_));
    pool_->publish();
    Frame frame = pool_->beginFrame();
    (void)frame.waits();
  }
  /// Leaves the bytes as they are: what is measured is Flux, not the making of bytes.
  static bool fill(void* /*context*/, const FillRequest& /*request*/) { return true; }

  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  std::unique_ptr<Pool> pool_;
  std::mt19937 random_{1};
  std::uint32_t next_ = 0;
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  std::vector<BlockHandle> blocks_;
  std::vector<std::byte> bytes_ = std::vector<std::byte>(128);
};

}  // namespace flux::bench
