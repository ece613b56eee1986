// Replays on WebGPU: a frame is one submission, in which a shader reads what the frame draws.

#include "webgpu/replay_target.hpp"

#include "failure.hpp"

#include "webgpu/context.hpp"
#include "webgpu/hash_pass.hpp"

#include <flux/assert.hpp>

#include <array>
#include <optional>

namespace flux::app::webgpu {
namespace {

class WebGpuTarget final : public ReplayTarget {
 public:
  explicit WebGpuTarget(const ReplayTargetDesc& desc)
      : context_(nullptr), slots_{HashPass(context_), HashPass(context_)} {
    if (desc.verify) pipeline_.emplace(context_);
  }

  Device& device() override { return context_.device(); }

  TimelineValue submit(std::span<const Place> reads, std::span<const QueueValue>) override {
    FLUX_ASSERT(submitted_ - finished_ < kFramesInFlight, "frames in flight are bounded");
    HashPass& hashes = slots_[submitted_ % kFramesInFlight];
    ranges_.clear();
    for (const Place& read : reads) ranges_.push_back({webGpuBuffer(read.buffer), read.offset, read.bytes});
    hashes.clear();
    hashes.append(ranges_);
    const UniqueCommandEncoder encoder(webGpu().DeviceCreateCommandEncoder(context_.webGpuDevice(), nullptr));
    if (pipeline_) hashes.record(encoder.get(), *pipeline_);
    const UniqueCommandBuffer commands(webGpu().CommandEncoderFinish(encoder.get(), nullptr));
    const WGPUCommandBuffer list = commands.get();
    // The copies that the frame waits for were submitted before, to the same queue.
    webGpu().QueueSubmit(context_.queue(), 1, &list);
    if (pipeline_) hashes.submitted();
    submitted_ = context_.device().markSubmitted();
    return submitted_;
  }

  std::span<const std::uint64_t> finishOldest() override {
    FLUX_ASSERT(finished_ < submitted_, "there is a frame to finish");
    HashPass& hashes = slots_[finished_ % kFramesInFlight];
    const auto waited = context_.device().wait(kDrawQueue, ++finished_, std::chrono::nanoseconds::max());
    if (!waited) throw Failure("WebGPU: " + describe(waited.error()));
    return hashes.hashes();
  }

  Messages messages() const override { return {context_.messages().count(), context_.messages().first()}; }

 private:
  static_assert(kDrawQueue == WebGpuDevice::kApplicationQueue);

  WebGpuContext context_;
  std::optional<HashPipeline> pipeline_;  ///< Where frames are verified.
  std::array<HashPass, kFramesInFlight> slots_;
  std::vector<HashRange> ranges_;
  TimelineValue submitted_ = 0;
  TimelineValue finished_ = 0;
};

}  // namespace
}  // namespace flux::app::webgpu

namespace flux::app {

std::unique_ptr<ReplayTarget> makeWebGpuTarget(const ReplayTargetDesc& desc) {
  return std::make_unique<webgpu::WebGpuTarget>(desc);
}

}  // namespace flux::app
