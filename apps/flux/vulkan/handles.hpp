#pragma once

/// Vulkan objects that destroy themselves, and results that speak.

#include "failure.hpp"

#include <volk.h>

#include <string>
#include <utility>

namespace flux::app {

/// Throws a Failure that names the call, unless the result is a success.
inline void check(VkResult result, const char* call) {
  if (result >= VK_SUCCESS) return;
  const char* reason = result == VK_ERROR_OUT_OF_HOST_MEMORY     ? "out of host memory"
                       : result == VK_ERROR_OUT_OF_DEVICE_MEMORY ? "out of device memory"
                       : result == VK_ERROR_DEVICE_LOST          ? "device lost"
                                                                 : "error";
  throw Failure(std::string(call) + ": " + reason + " (VkResult " + std::to_string(static_cast<int>(result)) + ")");
}

/// Owns one object of a device. `Destroy` is the entry point that ends it, looked up when it is called.
///
/// **Thread contract.** As the object itself. **Invariant.** The device outlives the owner.
template <class Handle, auto& Destroy>
class Unique {
 public:
  Unique() = default;
  Unique(VkDevice device, Handle handle) noexcept : device_(device), handle_(handle) {}
  Unique(Unique&& other) noexcept : device_(other.device_), handle_(std::exchange(other.handle_, VK_NULL_HANDLE)) {}
  Unique& operator=(Unique&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  Unique(const Unique&) = delete;
  Unique& operator=(const Unique&) = delete;
  ~Unique() {
    if (handle_ != VK_NULL_HANDLE) Destroy(device_, handle_, nullptr);
  }

  /// Calls one of the vkCreate… functions; throws Failure with its name.
  template <class Create, class Info>
  [[nodiscard]] static Unique create(VkDevice device, Create create, const Info& info, const char* call) {
    Handle handle = VK_NULL_HANDLE;
    check(create(device, &info, nullptr, &handle), call);
    return Unique(device, handle);
  }

  [[nodiscard]] Handle get() const noexcept { return handle_; }

 private:
  VkDevice device_ = VK_NULL_HANDLE;
  Handle handle_ = VK_NULL_HANDLE;
};

using UniqueBuffer = Unique<VkBuffer, vkDestroyBuffer>;
using UniqueCommandPool = Unique<VkCommandPool, vkDestroyCommandPool>;
using UniqueDescriptorPool = Unique<VkDescriptorPool, vkDestroyDescriptorPool>;
using UniqueImage = Unique<VkImage, vkDestroyImage>;
using UniqueImageView = Unique<VkImageView, vkDestroyImageView>;
using UniqueMemory = Unique<VkDeviceMemory, vkFreeMemory>;
using UniquePipeline = Unique<VkPipeline, vkDestroyPipeline>;
using UniquePipelineLayout = Unique<VkPipelineLayout, vkDestroyPipelineLayout>;
using UniqueSetLayout = Unique<VkDescriptorSetLayout, vkDestroyDescriptorSetLayout>;
using UniqueShaderModule = Unique<VkShaderModule, vkDestroyShaderModule>;

}  // namespace flux::app
