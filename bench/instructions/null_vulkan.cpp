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

VKAPI_ATTR void VKAPI_CALL queueFamilies(VkPhysicalDevice, std::uint32_t* count, VkQueueFamilyProperties* families) {
  *count = 1;
  if (families != nullptr) *families = {VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT, 1, 0, {}};
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

VKAPI_ATTR VkDeviceAddress VKAPI_CALL bufferAddress(VkDevice, const VkBufferDeviceAddressInfo*) {
  return mappedMemory.size();
}

VKAPI_ATTR VkResult VKAPI_CALL createPipelines(VkDevice, VkPipelineCache, std::uint32_t,
                                               const VkComputePipelineCreateInfo*, const VkAllocationCallbacks*,
                                               VkPipeline* made) {
  return make(made);
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
      {"vkGetPhysicalDeviceQueueFamilyProperties", erased(queueFamilies)},
      {"vkAllocateCommandBuffers", erased(allocateCommandBuffers)},
      {"vkAllocateMemory", erased(PFN_vkAllocateMemory(create))},
      {"vkBeginCommandBuffer", erased(PFN_vkBeginCommandBuffer(succeed))},
      {"vkBindBufferMemory", erased(PFN_vkBindBufferMemory(succeed))},
      {"vkCmdBindPipeline", erased(PFN_vkCmdBindPipeline(nothing))},
      {"vkCmdCopyBuffer", erased(PFN_vkCmdCopyBuffer(nothing))},
      {"vkCmdDispatch", erased(PFN_vkCmdDispatch(nothing))},
      {"vkCmdPipelineBarrier", erased(PFN_vkCmdPipelineBarrier(nothing))},
      {"vkCmdPushConstants", erased(PFN_vkCmdPushConstants(nothing))},
      {"vkCreateBuffer", erased(PFN_vkCreateBuffer(create))},
      {"vkCreateCommandPool", erased(PFN_vkCreateCommandPool(create))},
      {"vkCreateComputePipelines", erased(createPipelines)},
      {"vkCreatePipelineLayout", erased(PFN_vkCreatePipelineLayout(create))},
      {"vkCreateSemaphore", erased(PFN_vkCreateSemaphore(create))},
      {"vkCreateShaderModule", erased(PFN_vkCreateShaderModule(create))},
      {"vkDestroyBuffer", erased(PFN_vkDestroyBuffer(nothing))},
      {"vkDestroyCommandPool", erased(PFN_vkDestroyCommandPool(nothing))},
      {"vkDestroyPipeline", erased(PFN_vkDestroyPipeline(nothing))},
      {"vkDestroyPipelineLayout", erased(PFN_vkDestroyPipelineLayout(nothing))},
      {"vkDestroySemaphore", erased(PFN_vkDestroySemaphore(nothing))},
      {"vkDestroyShaderModule", erased(PFN_vkDestroyShaderModule(nothing))},
      {"vkEndCommandBuffer", erased(PFN_vkEndCommandBuffer(succeed))},
      {"vkFreeMemory", erased(PFN_vkFreeMemory(nothing))},
      {"vkGetBufferDeviceAddress", erased(bufferAddress)},
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

std::unique_ptr<VulkanDevice> makeNullVulkanDevice(const VulkanCopyCrossover& crossover) {
  VkPhysicalDeviceVulkan12Features wanted{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  wanted.timelineSemaphore = VK_TRUE;
  wanted.bufferDeviceAddress = VK_TRUE;
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  features.pNext = &wanted;
  VulkanDeviceDesc desc;
  desc.getInstanceProcAddr = instanceFunction;
  make(&desc.instance);
  make(&desc.physicalDevice);
  make(&desc.device);
  make(&desc.copyQueue);
  desc.enabledFeatures = &features;
  desc.copyCrossover = crossover;
  auto device = VulkanDevice::create(desc);
  if (!device) std::abort();
  return std::move(*device);
}

}  // namespace flux::bench
