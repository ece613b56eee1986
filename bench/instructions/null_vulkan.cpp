#include "null_vulkan.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace flux::bench {
namespace {

alignas(64) std::array<std::byte, 1 << 20> mappedMemory{};
std::uint64_t submittedValue = 0;
std::uint64_t lastHandle = 0;

template <class Handle>
VkResult make(Handle* made) {
  *made = reinterpret_cast<Handle>(++lastHandle);
  return VK_SUCCESS;
}

// NOLINTBEGIN(readability-non-const-parameter): the signatures are Vulkan's.
VKAPI_ATTR void VKAPI_CALL physicalDeviceProperties(VkPhysicalDevice, VkPhysicalDeviceProperties2* properties) {
  properties->properties.apiVersion = VK_API_VERSION_1_2;
  properties->properties.limits.maxMemoryAllocationCount = 4096;
  properties->properties.limits.minUniformBufferOffsetAlignment = 256;
  properties->properties.limits.minStorageBufferOffsetAlignment = 16;
  properties->properties.limits.minTexelBufferOffsetAlignment = 16;
  properties->properties.limits.nonCoherentAtomSize = 64;
  for (auto* next = static_cast<VkBaseOutStructure*>(properties->pNext); next != nullptr; next = next->pNext) {
    if (next->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES) continue;
    reinterpret_cast<VkPhysicalDeviceMaintenance3Properties*>(next)->maxMemoryAllocationSize = 1U << 30U;
  }
}

VKAPI_ATTR void VKAPI_CALL memoryProperties(VkPhysicalDevice, VkPhysicalDeviceMemoryProperties* properties) {
  properties->memoryHeapCount = 1;
  properties->memoryHeaps[0] = {1U << 30U, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  properties->memoryTypeCount = 1;
  properties->memoryTypes[0] = {
      VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
      0};
}

VKAPI_ATTR void VKAPI_CALL bufferRequirements(VkDevice, VkBuffer, VkMemoryRequirements* requirements) {
  *requirements = {mappedMemory.size(), 256, 1};
}

VKAPI_ATTR VkResult VKAPI_CALL allocateCommandBuffers(VkDevice, const VkCommandBufferAllocateInfo*,
                                                      VkCommandBuffer* made) {
  return make(made);
}

VKAPI_ATTR VkResult VKAPI_CALL mapMemory(VkDevice, VkDeviceMemory, VkDeviceSize, VkDeviceSize, VkMemoryMapFlags,
                                         void** mapped) {
  *mapped = mappedMemory.data();
  return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL submit(VkQueue, std::uint32_t, const VkSubmitInfo* info, VkFence) {
  const auto* timeline = static_cast<const VkTimelineSemaphoreSubmitInfo*>(info->pNext);
  submittedValue = timeline->pSignalSemaphoreValues[0];
  return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL counterValue(VkDevice, VkSemaphore, std::uint64_t* value) {
  *value = submittedValue;
  return VK_SUCCESS;
}
// NOLINTEND(readability-non-const-parameter)

template <class Info, class Handle>
VKAPI_ATTR VkResult VKAPI_CALL create(VkDevice, const Info*, const VkAllocationCallbacks*, Handle* made) {
  return make(made);
}

template <class... Arguments>
VKAPI_ATTR void VKAPI_CALL nothing(Arguments...) {}

template <class... Arguments>
VKAPI_ATTR VkResult VKAPI_CALL succeed(Arguments...) {
  return VK_SUCCESS;
}

template <class Function>
PFN_vkVoidFunction erased(Function function) {
  return reinterpret_cast<PFN_vkVoidFunction>(function);
}

/// Functions that copying does not call.
VKAPI_ATTR void VKAPI_CALL unexpected() {
  std::abort();
}

PFN_vkVoidFunction lookUp(std::string_view name);

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL instanceFunction(VkInstance, const char* name) {
  return lookUp(name);
}
VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL deviceFunction(VkDevice, const char* name) {
  return lookUp(name);
}

PFN_vkVoidFunction lookUp(std::string_view name) {
  const std::pair<std::string_view, PFN_vkVoidFunction> functions[] = {
      {"vkGetDeviceProcAddr", erased(deviceFunction)},
      {"vkGetPhysicalDeviceProperties2", erased(physicalDeviceProperties)},
      {"vkGetPhysicalDeviceMemoryProperties", erased(memoryProperties)},
      {"vkGetPhysicalDeviceQueueFamilyProperties", erased(PFN_vkGetPhysicalDeviceQueueFamilyProperties(nothing))},
      {"vkAllocateCommandBuffers", erased(allocateCommandBuffers)},
      {"vkAllocateMemory", erased(PFN_vkAllocateMemory(create))},
      {"vkBeginCommandBuffer", erased(PFN_vkBeginCommandBuffer(succeed))},
      {"vkBindBufferMemory", erased(PFN_vkBindBufferMemory(succeed))},
      {"vkCmdCopyBuffer", erased(PFN_vkCmdCopyBuffer(nothing))},
      {"vkCmdPipelineBarrier", erased(PFN_vkCmdPipelineBarrier(nothing))},
      {"vkCreateBuffer", erased(PFN_vkCreateBuffer(create))},
      {"vkCreateCommandPool", erased(PFN_vkCreateCommandPool(create))},
      {"vkCreateSemaphore", erased(PFN_vkCreateSemaphore(create))},
      {"vkDestroyBuffer", erased(PFN_vkDestroyBuffer(nothing))},
      {"vkDestroyCommandPool", erased(PFN_vkDestroyCommandPool(nothing))},
      {"vkDestroySemaphore", erased(PFN_vkDestroySemaphore(nothing))},
      {"vkEndCommandBuffer", erased(PFN_vkEndCommandBuffer(succeed))},
      {"vkFreeMemory", erased(PFN_vkFreeMemory(nothing))},
      {"vkGetBufferMemoryRequirements", erased(bufferRequirements)},
      {"vkGetSemaphoreCounterValue", erased(counterValue)},
      {"vkMapMemory", erased(mapMemory)},
      {"vkQueueSubmit", erased(submit)},
      {"vkWaitSemaphores", erased(PFN_vkWaitSemaphores(succeed))},
  };
  for (const auto& [known, function] : functions) {
    if (known == name) return function;
  }
  return unexpected;
}

}  // namespace

std::unique_ptr<VulkanDevice> makeNullVulkanDevice() {
  VkPhysicalDeviceTimelineSemaphoreFeatures timeline{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES};
  timeline.timelineSemaphore = VK_TRUE;
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  features.pNext = &timeline;
  VulkanDeviceDesc desc;
  desc.getInstanceProcAddr = instanceFunction;
  make(&desc.instance);
  make(&desc.physicalDevice);
  make(&desc.device);
  make(&desc.copyQueue);
  desc.enabledFeatures = &features;
  auto device = VulkanDevice::create(desc);
  if (!device) std::abort();
  return std::move(*device);
}

}  // namespace flux::bench
