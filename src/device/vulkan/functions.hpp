#pragma once

/// The Vulkan entry points that the device uses, taken from the application's vkGetInstanceProcAddr.

#include <flux/result.hpp>
#include <flux/vulkan.hpp>

namespace flux::vulkan {

#define FLUX_VULKAN_INSTANCE_FUNCTIONS(X)     \
  X(vkGetDeviceProcAddr)                      \
  X(vkGetPhysicalDeviceProperties2)           \
  X(vkGetPhysicalDeviceQueueFamilyProperties) \
  X(vkGetPhysicalDeviceMemoryProperties)      \
  X(vkGetPhysicalDeviceMemoryProperties2)

#define FLUX_VULKAN_DEVICE_FUNCTIONS(X) \
  X(vkAllocateCommandBuffers)           \
  X(vkAllocateMemory)                   \
  X(vkBeginCommandBuffer)               \
  X(vkBindBufferMemory)                 \
  X(vkCmdBindPipeline)                  \
  X(vkCmdCopyBuffer)                    \
  X(vkCmdDispatch)                      \
  X(vkCmdPipelineBarrier)               \
  X(vkCmdPushConstants)                 \
  X(vkCmdResetQueryPool)                \
  X(vkCmdWriteTimestamp)                \
  X(vkCreateBuffer)                     \
  X(vkCreateCommandPool)                \
  X(vkCreateComputePipelines)           \
  X(vkCreatePipelineLayout)             \
  X(vkCreateQueryPool)                  \
  X(vkCreateSemaphore)                  \
  X(vkCreateShaderModule)               \
  X(vkDestroyBuffer)                    \
  X(vkDestroyCommandPool)               \
  X(vkDestroyPipeline)                  \
  X(vkDestroyPipelineLayout)            \
  X(vkDestroyQueryPool)                 \
  X(vkDestroySemaphore)                 \
  X(vkDestroyShaderModule)              \
  X(vkEndCommandBuffer)                 \
  X(vkFreeCommandBuffers)               \
  X(vkFreeMemory)                       \
  X(vkGetBufferMemoryRequirements)      \
  X(vkGetQueryPoolResults)              \
  X(vkGetSemaphoreCounterValue)         \
  X(vkMapMemory)                        \
  X(vkQueueSubmit)                      \
  X(vkWaitSemaphores)

/// Null unless the feature or extension behind it is enabled.
#define FLUX_VULKAN_OPTIONAL_FUNCTIONS(X) \
  X(vkGetBufferDeviceAddress)             \
  X(vkSetDebugUtilsObjectNameEXT)         \
  X(vkSetDeviceMemoryPriorityEXT)

/// Constant after loading; any thread may call through it.
struct Functions {
#define FLUX_MEMBER(name) PFN_##name name = nullptr;
  FLUX_VULKAN_INSTANCE_FUNCTIONS(FLUX_MEMBER)
  FLUX_VULKAN_DEVICE_FUNCTIONS(FLUX_MEMBER)
  FLUX_VULKAN_OPTIONAL_FUNCTIONS(FLUX_MEMBER)
#undef FLUX_MEMBER
};

/// Errors: Unsupported (names the missing function).
[[nodiscard]] Result<Functions> loadFunctions(PFN_vkGetInstanceProcAddr getInstanceProcAddr, VkInstance instance,
                                              VkDevice device);

}  // namespace flux::vulkan
