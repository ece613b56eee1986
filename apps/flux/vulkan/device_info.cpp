#include "vulkan/device_info.hpp"

#include "caps_info.hpp"
#include "direct_writes.hpp"
#include "failure.hpp"
#include "vulkan/context.hpp"
#include "vulkan/instance.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace flux::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct FlagName {
  std::uint32_t flag;
  const char* name;
};

constexpr FlagName kMemoryFlags[] = {{VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, "device-local"},
                                     {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT, "host-visible"},
                                     {VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, "coherent"},
                                     {VK_MEMORY_PROPERTY_HOST_CACHED_BIT, "cached"},
                                     {VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT, "lazily-allocated"},
                                     {VK_MEMORY_PROPERTY_PROTECTED_BIT, "protected"},
                                     {VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD, "device-coherent"},
                                     {VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD, "device-uncached"}};

constexpr FlagName kQueueFlags[] = {{VK_QUEUE_GRAPHICS_BIT, "graphics"},
                                    {VK_QUEUE_COMPUTE_BIT, "compute"},
                                    {VK_QUEUE_TRANSFER_BIT, "transfer"},
                                    {VK_QUEUE_SPARSE_BINDING_BIT, "sparse-binding"},
                                    {VK_QUEUE_PROTECTED_BIT, "protected"}};

OrderedJson flagNames(std::uint32_t flags, std::span<const FlagName> names) {
  OrderedJson found = OrderedJson::array();
  for (const FlagName& name : names) {
    if ((flags & name.flag) != 0) found.push_back(name.name);
  }
  return found;
}

std::string versionText(std::uint32_t version) {
  return std::to_string(VK_API_VERSION_MAJOR(version)) + '.' + std::to_string(VK_API_VERSION_MINOR(version)) + '.' +
         std::to_string(VK_API_VERSION_PATCH(version));
}

std::string driverText(const VkPhysicalDeviceDriverProperties& driver) {
  const std::string_view details = driver.driverInfo;
  return std::string(driver.driverName) + (details.empty() ? "" : " ") + std::string(details);
}

OrderedJson heapsInfo(VkPhysicalDevice device) {
  const std::vector<VkExtensionProperties> extensions = deviceExtensions(device);
  const bool hasBudget = std::any_of(extensions.begin(), extensions.end(), [](const VkExtensionProperties& extension) {
    return std::string_view(extension.extensionName) == VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
  });
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  VkPhysicalDeviceMemoryProperties2 memory{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
  memory.pNext = hasBudget ? &budget : nullptr;
  vkGetPhysicalDeviceMemoryProperties2(device, &memory);

  OrderedJson heaps = OrderedJson::array();
  for (std::uint32_t i = 0; i < memory.memoryProperties.memoryHeapCount; ++i) {
    const VkMemoryHeap& heap = memory.memoryProperties.memoryHeaps[i];
    OrderedJson info{
        {"index", i}, {"bytes", heap.size}, {"deviceLocal", (heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0}};
    if (hasBudget) {
      info["budgetBytes"] = budget.heapBudget[i];
      info["usedBytes"] = budget.heapUsage[i];
    }
    heaps.push_back(std::move(info));
  }
  return heaps;
}

OrderedJson memoryTypesInfo(const VkPhysicalDeviceMemoryProperties& memory) {
  OrderedJson types = OrderedJson::array();
  for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i) {
    const VkMemoryType& type = memory.memoryTypes[i];
    types.push_back({{"index", i}, {"heap", type.heapIndex}, {"flags", flagNames(type.propertyFlags, kMemoryFlags)}});
  }
  return types;
}

OrderedJson queueFamiliesInfo(VkPhysicalDevice device) {
  OrderedJson info = OrderedJson::array();
  for (const VkQueueFamilyProperties& family : queueFamilies(device)) {
    info.push_back(
        {{"index", info.size()}, {"queues", family.queueCount}, {"flags", flagNames(family.queueFlags, kQueueFlags)}});
  }
  return info;
}

/// The limits that decide what Flux can place, and how.
OrderedJson limitsInfo(const VkPhysicalDeviceLimits& limits,
                       const VkPhysicalDeviceMaintenance3Properties& maintenance3) {
  return {{"maxMemoryAllocationSize", maintenance3.maxMemoryAllocationSize},
          {"maxMemoryAllocationCount", limits.maxMemoryAllocationCount},
          {"minUniformBufferOffsetAlignment", limits.minUniformBufferOffsetAlignment},
          {"minStorageBufferOffsetAlignment", limits.minStorageBufferOffsetAlignment},
          {"minTexelBufferOffsetAlignment", limits.minTexelBufferOffsetAlignment},
          {"nonCoherentAtomSize", limits.nonCoherentAtomSize},
          {"maxUniformBufferRange", limits.maxUniformBufferRange},
          {"maxStorageBufferRange", limits.maxStorageBufferRange}};
}

/// What Flux makes of the device: asked of a Flux device made there.
OrderedJson fluxInfo(std::size_t index) {
  try {
    VulkanContext context({.deviceName = std::to_string(index)});
    OrderedJson info{{"usable", true}};
    const auto memory = chooseVulkanMemory(context.memoryProperties(), ~0U, wantedDirectWrites());
    if (memory) {
      info["chunks"] = {{"memoryType", memory->chunkType}, {"reason", memory->chunkReason}};
      info["staging"] = {{"memoryType", memory->stagingType}, {"reason", memory->stagingReason}};
    }
    const QueueChoice& queues = context.queues();
    info["drawQueue"] = {{"family", queues.drawFamily}, {"queue", 0}, {"reason", "it draws and computes"}};
    info["copyQueue"] = {{"family", queues.copyFamily}, {"queue", queues.copyIndex}, {"reason", queues.copyReason}};
    const VulkanCopyCrossover crossover = context.device().copyCrossover();
    info["copyKernel"] = {{"uploadUpToBytes", crossover.uploadUpToBytes}, {"moveUpToBytes", crossover.moveUpToBytes}};
    info.update(capsInfo(context.device()));
    return info;
  } catch (const Failure& failure) {
    return {{"usable", false}, {"reason", failure.what()}};
  }
}

OrderedJson deviceInfo(VkPhysicalDevice device, std::size_t index, bool preferred) {
  VkPhysicalDeviceMaintenance3Properties maintenance3{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
  VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
  driver.pNext = &maintenance3;
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  properties.pNext = &driver;
  vkGetPhysicalDeviceProperties2(device, &properties);
  VkPhysicalDeviceMemoryProperties memory{};
  vkGetPhysicalDeviceMemoryProperties(device, &memory);
  return {{"index", index},
          {"name", properties.properties.deviceName},
          {"type", deviceTypeName(properties.properties.deviceType)},
          {"preferred", preferred},
          {"driver", driverText(driver)},
          {"apiVersion", versionText(properties.properties.apiVersion)},
          {"heaps", heapsInfo(device)},
          {"memoryTypes", memoryTypesInfo(memory)},
          {"queueFamilies", queueFamiliesInfo(device)},
          {"limits", limitsInfo(properties.properties.limits, maintenance3)}};
}

}  // namespace

OrderedJson vulkanInfo() {
  OrderedJson info = OrderedJson::object();
  info["devices"] = OrderedJson::array();
  try {
    const VulkanInstance instance(nullptr);
    info["loaderVersion"] = versionText(volkGetInstanceVersion());
    info["about"] = "loader " + info["loaderVersion"].get<std::string>() + "; * is the one that Flux takes";
    const std::vector<VkPhysicalDevice> devices = instance.devices();
    const VkPhysicalDevice preferred = pickDevice(devices, {});
    for (std::size_t i = 0; i < devices.size(); ++i) {
      info["devices"].push_back(deviceInfo(devices[i], i, devices[i] == preferred));
    }
  } catch (const Failure& failure) {
    info["missing"] = failure.what();
  }
  // Contexts have instances of their own, so they come after this one has gone.
  for (OrderedJson& device : info["devices"]) device["flux"] = fluxInfo(device["index"].get<std::size_t>());
  return info;
}

}  // namespace flux::app
