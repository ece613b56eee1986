#include "device/vulkan/device_caps.hpp"

#include "device/vulkan/memory_choice.hpp"

#include <algorithm>

namespace flux::vulkan {
namespace {

/// What a record can name: 32-bit offsets in units of kPlaceUnitBytes.
constexpr ByteCount kAddressableChunkBytes = kPlaceUnitBytes << 32U;

/// What the device asks for where a kind has a limit, and the kind's own reads.
std::array<std::uint32_t, kPartKindCount> partAlignments(const VkPhysicalDeviceLimits& limits) noexcept {
  const auto limitOf = [&limits](OffsetLimit limit) -> VkDeviceSize {
    switch (limit) {
      case OffsetLimit::None:
        return 1;
      case OffsetLimit::Uniform:
        return limits.minUniformBufferOffsetAlignment;
      case OffsetLimit::Storage:
        return limits.minStorageBufferOffsetAlignment;
      case OffsetLimit::Texel:
        return limits.minTexelBufferOffsetAlignment;
    }
    return 1;
  };
  std::array<std::uint32_t, kPartKindCount> alignments{};
  for (const PartKindTraits& traits : kPartKindTraits) {
    // Both are powers of two, so that the greater one is a multiple of the other.
    const VkDeviceSize bytes = std::max(limitOf(traits.limit), VkDeviceSize{traits.readBytes});
    alignments[static_cast<std::size_t>(traits.kind)] = static_cast<std::uint32_t>(bytes);
  }
  return alignments;
}

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
  caps.partAlignmentBytes = partAlignments(properties.core.limits);
  return caps;
}

}  // namespace flux::vulkan
