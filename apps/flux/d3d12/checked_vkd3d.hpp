#pragma once

/// vkd3d with the checks of the Vulkan layer below it. Not on Windows.

#include "d3d12/api.hpp"
#include "device_messages.hpp"

namespace flux::app {

/// Makes devices of vkd3d whose calls of Vulkan are checked.
///
/// **Thread contract.** Made and destroyed on one thread, while no other makes one. **Invariants.** Outlives its
/// devices.
class CheckedVkd3d {
 public:
  /// `messages` outlives the object. Throws Failure: no loader, no layer, no driver.
  explicit CheckedVkd3d(DeviceMessages& messages);
  ~CheckedVkd3d();
  CheckedVkd3d(const CheckedVkd3d&) = delete;
  CheckedVkd3d& operator=(const CheckedVkd3d&) = delete;

  /// As D3D12CreateDevice, feature level 11_0. Throws Failure.
  [[nodiscard]] Com<ID3D12Device> makeDevice() const;

 private:
  vkd3d_instance* instance_ = nullptr;
  PFN_vkGetInstanceProcAddr lookUp_ = nullptr;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
};

}  // namespace flux::app
