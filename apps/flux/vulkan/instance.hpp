#pragma once

#include "device_messages.hpp"

#include <flux/vulkan.hpp>

#include <volk.h>

#include <string>
#include <string_view>
#include <vector>

namespace flux::app {

/// Owns a VkInstance (1.3), with core and synchronization validation if asked, and lists its devices. Loads
/// volk's functions.
///
/// **Thread contract.** Made and destroyed on one thread, while no other makes one; then read-only.
class VulkanInstance {
 public:
  /// `validation`: where messages go, and outlives the instance; null: no validation.
  /// Throws Failure: no loader, no driver, no layer.
  explicit VulkanInstance(DeviceMessages* validation);
  ~VulkanInstance();
  VulkanInstance(const VulkanInstance&) = delete;
  VulkanInstance& operator=(const VulkanInstance&) = delete;

  [[nodiscard]] VkInstance handle() const noexcept { return instance_; }
  /// In the driver's order. Throws Failure when there is none.
  [[nodiscard]] std::vector<VkPhysicalDevice> devices() const;

 private:
  VkInstance instance_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
};

/// The device whose number (in `devices`) or part of whose name is `wanted`; if that is empty, the best: discrete,
/// integrated, virtual, CPU, and of equals the first. Throws Failure when none matches.
[[nodiscard]] VkPhysicalDevice pickDevice(const std::vector<VkPhysicalDevice>& devices, std::string_view wanted);

/// "discrete GPU", "CPU", …
[[nodiscard]] std::string_view deviceTypeName(VkPhysicalDeviceType type) noexcept;

[[nodiscard]] std::vector<VkQueueFamilyProperties> queueFamilies(VkPhysicalDevice device);
[[nodiscard]] std::vector<VkExtensionProperties> deviceExtensions(VkPhysicalDevice device);

/// Throws Failure that names the call.
void checkVulkan(VkResult result, std::string_view call);

}  // namespace flux::app
