#include "device/vulkan/command_buffers.hpp"

#include "device/vulkan/errors.hpp"

namespace flux::vulkan {

CommandBuffers::~CommandBuffers() {
  if (pool_ != VK_NULL_HANDLE) functions_.vkDestroyCommandPool(device_, pool_, nullptr);
}

Result<void> CommandBuffers::create(std::uint32_t queueFamily) {
  VkCommandPoolCreateInfo info{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  info.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT | VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  info.queueFamilyIndex = queueFamily;
  if (const VkResult result = functions_.vkCreateCommandPool(device_, &info, nullptr, &pool_); result != VK_SUCCESS) {
    pool_ = VK_NULL_HANDLE;
    return failed(result, "vkCreateCommandPool");
  }
  return {};
}

Result<VkCommandBuffer> CommandBuffers::begin(TimelineValue completed) {
  VkCommandBuffer commands = VK_NULL_HANDLE;
  if (!inFlight_.empty() && inFlight_.front().value <= completed) {
    commands = inFlight_.front().commands;
    inFlight_.pop_front();
  } else {
    VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
    info.commandPool = pool_;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 1;
    if (const VkResult result = functions_.vkAllocateCommandBuffers(device_, &info, &commands); result != VK_SUCCESS) {
      return failed(result, "vkAllocateCommandBuffers");
    }
  }
  VkCommandBufferBeginInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  if (const VkResult result = functions_.vkBeginCommandBuffer(commands, &info); result != VK_SUCCESS) {
    abandon(commands);
    return failed(result, "vkBeginCommandBuffer");
  }
  return commands;
}

void CommandBuffers::submitted(VkCommandBuffer commands, TimelineValue value) {
  inFlight_.push_back({commands, value});
}

void CommandBuffers::abandon(VkCommandBuffer commands) noexcept {
  // Freed, not kept: after a failed call its state is unknown, and freeing cannot fail.
  functions_.vkFreeCommandBuffers(device_, pool_, 1, &commands);
}

}  // namespace flux::vulkan
