#include "device/vulkan/device_caps.hpp"

#include "device/part_alignments.hpp"
#include "device/vulkan/memory_choice.hpp"

#include <algorithm>

namespace flux::vulkan {
namespace {

/// What a record can name: 32-bit offsets in units of kPlaceUnitBytes.
constexpr ByteCount kAddressableChunkBytes = kPlaceUnitBytes << 32U;

}  // namespace

DeviceProperties queryProperties(const Functions& functions, VkPhysicalDevice physicalDevice) {
  VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
  VkPhysicalDeviceMaintenance3Properties maintenance3{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
  maintenance3.pNext = &driver;
  VkPhysicalDeviceProperties2 core{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  core.pNext = &maintenance3;
  functions.vkGetPhysicalDeviceProperties2(physicalDevice, &core);

  DeviceProperties properties;
  properties.core = core.properties;
  properties.maxAllocationBytes = maintenance3.maxMemoryAllocationSize;
  properties.driver = driver.driverName;
  if (driver.driverInfo[0] != 0) properties.driver += ' ' + std::string(driver.driverInfo);
  functions.vkGetPhysicalDeviceMemoryProperties(physicalDevice, &properties.memory);
  return properties;
}

DeviceCaps makeCaps(const DeviceProperties& properties, std::uint32_t chunkMemoryType, std::uint32_t queueCount,
                    bool bufferAddresses) {
  const VkMemoryHeap& heap = properties.memory.memoryHeaps[properties.memory.memoryTypes[chunkMemoryType].heapIndex];
  DeviceCaps caps;
  caps.backend = Backend::Vulkan;
  caps.deviceName = properties.core.deviceName;
  caps.driverName = properties.driver;
  caps.maxChunkBytes = std::min({properties.maxAllocationBytes, heap.size, kAddressableChunkBytes});
  caps.maxAllocations = properties.core.limits.maxMemoryAllocationCount;
  caps.queueCount = queueCount;
  caps.unifiedMemory = isUnifiedMemory(properties.memory);
  caps.bufferAddresses = bufferAddresses;
  const VkPhysicalDeviceLimits& limits = properties.core.limits;
  caps.partAlignmentBytes = partAlignments({static_cast<std::uint32_t>(limits.minUniformBufferOffsetAlignment),
                                            static_cast<std::uint32_t>(limits.minStorageBufferOffsetAlignment),
                                            static_cast<std::uint32_t>(limits.minTexelBufferOffsetAlignment)});
  return caps;
}

}  // namespace flux::vulkan
