#include "device/vulkan/enabled_features.hpp"

#include <gtest/gtest.h>

#include <array>

namespace flux::vulkan {
namespace {

TEST(EnabledFeatures, NothingIsEnabledInAnEmptyChain) {
  const VkPhysicalDeviceFeatures2 chain{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  EXPECT_FALSE(readEnabledFeatures(chain).timelineSemaphore);
  EXPECT_FALSE(readEnabledFeatures(chain).bufferDeviceAddress);
}

TEST(EnabledFeatures, AreReadFromTheStructureOfTheVersion) {
  VkPhysicalDeviceVulkan12Features vulkan12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  vulkan12.timelineSemaphore = VK_TRUE;
  VkPhysicalDeviceVulkan13Features vulkan13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
  vulkan13.pNext = &vulkan12;
  VkPhysicalDeviceFeatures2 chain{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  chain.pNext = &vulkan13;
  EXPECT_TRUE(readEnabledFeatures(chain).timelineSemaphore);
  EXPECT_FALSE(readEnabledFeatures(chain).bufferDeviceAddress);
  vulkan12.bufferDeviceAddress = VK_TRUE;
  EXPECT_TRUE(readEnabledFeatures(chain).bufferDeviceAddress);
}

TEST(EnabledFeatures, AreReadFromTheStructuresOfSingleFeatures) {
  VkPhysicalDeviceTimelineSemaphoreFeatures timeline{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES};
  timeline.timelineSemaphore = VK_TRUE;
  VkPhysicalDeviceBufferDeviceAddressFeatures address{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES};
  address.bufferDeviceAddress = VK_TRUE;
  address.pNext = &timeline;
  VkPhysicalDeviceFeatures2 chain{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  chain.pNext = &address;
  EXPECT_TRUE(readEnabledFeatures(chain).timelineSemaphore);
  EXPECT_TRUE(readEnabledFeatures(chain).bufferDeviceAddress);
}

TEST(EnabledFeatures, ExtensionsAreComparedByName) {
  const std::array<const char*, 2> enabled{"VK_KHR_swapchain", "VK_EXT_memory_budget"};
  EXPECT_TRUE(hasExtension(enabled, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME));
  EXPECT_FALSE(hasExtension(enabled, "VK_EXT_memory"));
  EXPECT_FALSE(hasExtension({}, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME));
}

}  // namespace
}  // namespace flux::vulkan
