#pragma once

/// A headless Vulkan device of the command's own, and the Flux device that adopts it.

#include "device_messages.hpp"
#include "vulkan/queue_choice.hpp"

#include <flux/vulkan.hpp>

#include <volk.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace flux::app {

struct VulkanContextDesc {
  /// Core and synchronization validation, by whichever VK_LAYER_KHRONOS_validation the loader finds
  /// (VK_LAYER_PATH, VK_ADD_LAYER_PATH choose).
  bool validate = false;
  /// Copy on a queue of its own where the device has one; else on the draw queue.
  bool separateCopyQueue = true;
  /// Part of a device's name, or its number in `flux info`. Empty: the best kind (discrete, integrated,
  /// virtual, CPU), and of that the first.
  std::string deviceName;
  /// Where validation reports to; it outlives the context, and so also hears of what was leaked. Null: `messages()`.
  DeviceMessages* messages = nullptr;
};

/// Owns a Vulkan 1.3 instance, device and queues without any surface. The environment variable FLUX_COPIES says how the
/// Flux device copies: `kernel`, `plain`, or `auto` (as without it: what the device measures). FLUX_DIRECT:
/// direct_writes.hpp.
///
/// Enabled: timelineSemaphore, synchronization2, dynamicRendering, maintenance4; bufferDeviceAddress,
/// multiDrawIndirect, drawIndirectFirstInstance, VK_EXT_memory_budget and VK_EXT_pageable_device_local_memory where
/// they exist; VK_EXT_debug_utils when validating. Vulkan is called through volk's global functions.
///
/// **Thread contract.** Accessors are safe on any thread. Every use of `drawQueue()` by any thread holds
/// `drawQueueMutex()`: the Flux device may copy on the same queue and takes the same mutex.
///
/// **Invariants.** Everything handed out lives as long as the context. Whatever was made on the device has been
/// destroyed, and the device is idle, before the context is.
class VulkanContext {
 public:
  /// Throws Failure when there is no driver, no suitable device, or no layer to validate with.
  explicit VulkanContext(const VulkanContextDesc& desc);
  ~VulkanContext();
  VulkanContext(const VulkanContext&) = delete;
  VulkanContext& operator=(const VulkanContext&) = delete;

  [[nodiscard]] VkInstance instance() const noexcept;
  [[nodiscard]] VkPhysicalDevice physicalDevice() const noexcept;
  [[nodiscard]] VkDevice vulkanDevice() const noexcept;
  [[nodiscard]] const VkPhysicalDeviceProperties& properties() const noexcept;
  [[nodiscard]] const VkPhysicalDeviceMemoryProperties& memoryProperties() const noexcept;

  /// Whether these are enabled.
  [[nodiscard]] bool multiDrawIndirect() const noexcept;
  [[nodiscard]] bool indirectFirstInstance() const noexcept;

  /// Graphics and compute.
  [[nodiscard]] VkQueue drawQueue() const noexcept;
  [[nodiscard]] std::uint32_t drawFamily() const noexcept;
  [[nodiscard]] std::mutex& drawQueueMutex() noexcept;
  [[nodiscard]] const QueueChoice& queues() const noexcept;

  /// The application's timeline: draw submissions signal it, and report the value for `kDrawQueue`.
  [[nodiscard]] VkSemaphore drawTimeline() const noexcept;
  static constexpr QueueId kDrawQueue{1};

  /// The Flux device adopted from all this.
  [[nodiscard]] VulkanDevice& device() noexcept;

  /// What `device()` was made from; it views into the context. For more Flux devices on the same Vulkan device.
  [[nodiscard]] VulkanDeviceDesc adoption() noexcept;

  /// Stays empty unless validating.
  [[nodiscard]] DeviceMessages& messages() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux::app
