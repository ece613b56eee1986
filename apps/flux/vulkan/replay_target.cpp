// Replays on Vulkan: a frame is one submission, in which a shader reads what the frame draws.

#include "vulkan/replay_target.hpp"

#include "vulkan/commands.hpp"
#include "vulkan/draw_queue.hpp"
#include "vulkan/hash_pass.hpp"

#include <flux/assert.hpp>

#include <array>
#include <optional>

namespace flux::app {
namespace {

class VulkanTarget final : public ReplayTarget {
 public:
  VulkanTarget(const ReplayTargetDesc& desc, DeviceMessages* messages)
      : context_({.validate = desc.validate, .separateCopyQueue = true, .deviceName = {}, .messages = messages}),
        messages_(messages != nullptr ? *messages : context_.messages()),
        queue_(context_) {
    if (desc.verify) pipeline_.emplace(context_);
    for (Slot& slot : slots_) {
      slot.pool = makeCommandPool(context_.vulkanDevice(), context_.drawFamily());
      slot.commands = allocateCommands(context_.vulkanDevice(), slot.pool.get(), VK_COMMAND_BUFFER_LEVEL_PRIMARY);
    }
  }

  Device& device() override { return context_.device(); }

  TimelineValue submit(std::span<const Place> reads, std::span<const QueueValue> waits) override {
    FLUX_ASSERT(queue_.submitted() - finished_ < kFramesInFlight, "frames in flight are bounded");
    Slot& slot = slots_[queue_.submitted() % kFramesInFlight];
    ranges_.clear();
    for (const Place& read : reads) ranges_.push_back({read.address, read.bytes});
    slot.hashes.clear();
    slot.hashes.append(ranges_);
    check(vkResetCommandPool(context_.vulkanDevice(), slot.pool.get(), 0), "vkResetCommandPool");
    beginCommands(slot.commands);
    if (pipeline_) slot.hashes.record(context_, slot.commands, *pipeline_);
    check(vkEndCommandBuffer(slot.commands), "vkEndCommandBuffer");
    return queue_.submit(slot.commands, waits);
  }

  std::span<const std::uint64_t> finishOldest() override {
    FLUX_ASSERT(finished_ < queue_.submitted(), "there is a frame to finish");
    const Slot& slot = slots_[finished_ % kFramesInFlight];
    queue_.wait(++finished_);
    return slot.hashes.hashes();
  }

  Messages messages() const override { return {messages_.count(), messages_.first()}; }

 private:
  struct Slot {
    UniqueCommandPool pool;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    HashPass hashes;
  };

  VulkanContext context_;
  DeviceMessages& messages_;
  std::optional<HashPipeline> pipeline_;  ///< Where frames are verified.
  std::array<Slot, kFramesInFlight> slots_;
  std::vector<HashRange> ranges_;
  TimelineValue finished_ = 0;
  DrawQueue queue_;  ///< Last: it waits before anything goes that submissions may use.
};

}  // namespace

std::unique_ptr<ReplayTarget> makeVulkanTarget(const ReplayTargetDesc& desc) {
  return std::make_unique<VulkanTarget>(desc, nullptr);
}

std::unique_ptr<ReplayTarget> makeVulkanTarget(const ReplayTargetDesc& desc, DeviceMessages& messages) {
  return std::make_unique<VulkanTarget>(desc, &messages);
}

}  // namespace flux::app
