#pragma once

/// What the samples need of Vulkan and what has nothing to do with Flux: a device, a queue, a picture to draw into.

#include <volk.h>

#include <cstdint>
#include <mutex>
#include <vector>

namespace sample {

/// The application's own device, with one queue that draws and copies, and the timeline that its draws signal.
struct Vulkan {
  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDeviceVulkan12Features features12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features features13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
  std::uint32_t queueFamily = 0;
  VkQueue queue = VK_NULL_HANDLE;
  std::mutex queueMutex;  ///< Held around every use of `queue` where more than one thread uses it.
  VkSemaphore timeline = VK_NULL_HANDLE;
  std::uint64_t submitted = 0;

  Vulkan();
  ~Vulkan();
  Vulkan(const Vulkan&) = delete;
  Vulkan& operator=(const Vulkan&) = delete;

  /// Submits after `waits` (pairs of timeline and value); returns the value that `timeline` will reach.
  std::uint64_t submit(VkCommandBuffer commands, const std::vector<VkSemaphore>& semaphores,
                       const std::vector<std::uint64_t>& values);
  void wait(std::uint64_t value) const;
};

/// A picture, and the pipeline that draws triangles (vec2 position, vec3 colour) into it.
class Canvas {
 public:
  static constexpr std::uint32_t kSize = 256;

  explicit Canvas(Vulkan& vulkan);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  /// Begins a frame: clears the picture and binds the pipeline. The one before must have finished.
  VkCommandBuffer begin();
  /// Ends it: the picture goes to the host.
  void end();
  /// Writes the last finished frame and returns how many of its pixels are not background.
  int write(const char* png) const;

 private:
  VkDeviceMemory allocate(const VkMemoryRequirements& requirements, VkMemoryPropertyFlags flags) const;
  void createImage();
  void createReadback();
  void createPipeline();
  void transition(VkImageLayout from, VkImageLayout to, VkAccessFlags before, VkAccessFlags after,
                  VkPipelineStageFlags first, VkPipelineStageFlags then) const;

  Vulkan& vulkan_;
  VkImage image_ = VK_NULL_HANDLE;
  VkDeviceMemory imageMemory_ = VK_NULL_HANDLE;
  VkImageView view_ = VK_NULL_HANDLE;
  VkBuffer readback_ = VK_NULL_HANDLE;
  VkDeviceMemory readbackMemory_ = VK_NULL_HANDLE;
  const std::uint8_t* pixels_ = nullptr;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
  VkCommandPool commandPool_ = VK_NULL_HANDLE;
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
};

}  // namespace sample
