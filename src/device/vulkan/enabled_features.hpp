#pragma once

/// What the application enabled on its device, read from the structures it gave to vkCreateDevice.

#include <flux/vulkan.hpp>

#include <span>
#include <string_view>

namespace flux::vulkan {

struct EnabledFeatures {
  bool timelineSemaphore = false;
  bool bufferDeviceAddress = false;
};

/// Walks the chain: both `VkPhysicalDeviceVulkan12Features` and the structures of the single features count.
[[nodiscard]] EnabledFeatures readEnabledFeatures(const VkPhysicalDeviceFeatures2& chain) noexcept;

[[nodiscard]] bool hasExtension(std::span<const char* const> enabled, std::string_view name) noexcept;

}  // namespace flux::vulkan
