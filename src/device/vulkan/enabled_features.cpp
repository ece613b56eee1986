#include "device/vulkan/enabled_features.hpp"

#include <algorithm>

namespace flux::vulkan {

EnabledFeatures readEnabledFeatures(const VkPhysicalDeviceFeatures2& chain) noexcept {
  EnabledFeatures features;
  for (auto* link = static_cast<const VkBaseInStructure*>(chain.pNext); link != nullptr; link = link->pNext) {
    // The structure's type says what it is; Vulkan chains have no other way to tell.
    const void* address = link;
    switch (link->sType) {
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES: {
        const auto& all = *static_cast<const VkPhysicalDeviceVulkan12Features*>(address);
        features.timelineSemaphore |= all.timelineSemaphore == VK_TRUE;
        features.bufferDeviceAddress |= all.bufferDeviceAddress == VK_TRUE;
        break;
      }
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES: {
        const auto& one = *static_cast<const VkPhysicalDeviceTimelineSemaphoreFeatures*>(address);
        features.timelineSemaphore |= one.timelineSemaphore == VK_TRUE;
        break;
      }
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES: {
        const auto& one = *static_cast<const VkPhysicalDeviceBufferDeviceAddressFeatures*>(address);
        features.bufferDeviceAddress |= one.bufferDeviceAddress == VK_TRUE;
        break;
      }
      default:
        break;
    }
  }
  return features;
}

bool hasExtension(std::span<const char* const> enabled, std::string_view name) noexcept {
  return std::any_of(enabled.begin(), enabled.end(), [name](const char* extension) { return name == extension; });
}

}  // namespace flux::vulkan
