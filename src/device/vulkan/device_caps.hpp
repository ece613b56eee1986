#pragma once

#include "device/vulkan/functions.hpp"

#include <flux/device.hpp>
#include <flux/vulkan.hpp>

#include <string>

namespace flux::vulkan {

/// What the driver says about a device.
struct DeviceProperties {
  VkPhysicalDeviceProperties core{};
  VkPhysicalDeviceMemoryProperties memory{};
  ByteCount maxAllocationBytes = 0;
  std::string driver;
};

[[nodiscard]] DeviceProperties queryProperties(const Functions& functions, VkPhysicalDevice physicalDevice);

/// Pure. `chunkMemoryType`: what chunks are made of. `queueCount`: timelines, the copy queue included.
[[nodiscard]] DeviceCaps makeCaps(const DeviceProperties& properties, std::uint32_t chunkMemoryType,
                                  std::uint32_t queueCount, bool bufferAddresses);

}  // namespace flux::vulkan
