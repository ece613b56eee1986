#include "vulkan/commands.hpp"

namespace flux::app {

UniqueCommandPool makeCommandPool(VkDevice device, std::uint32_t queueFamily) {
  VkCommandPoolCreateInfo info{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  info.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT;
  info.queueFamilyIndex = queueFamily;
  return UniqueCommandPool::create(device, vkCreateCommandPool, info, "vkCreateCommandPool");
}

VkCommandBuffer allocateCommands(VkDevice device, VkCommandPool pool, VkCommandBufferLevel level) {
  VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  info.commandPool = pool;
  info.level = level;
  info.commandBufferCount = 1;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  check(vkAllocateCommandBuffers(device, &info, &commands), "vkAllocateCommandBuffers");
  return commands;
}

void beginCommands(VkCommandBuffer commands) {
  VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  check(vkBeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
}

}  // namespace flux::app
