#pragma once

/// The Vulkan device: adopts what the application has made. Flux calls Vulkan only through the function
/// pointers that it gets here, and needs no loader.

#include <flux/device.hpp>

#ifndef VK_NO_PROTOTYPES
#define VK_NO_PROTOTYPES
#endif
#include <vulkan/vulkan_core.h>

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace flux {

/// A queue must not be used by two threads at once (Vulkan 1.3, section 3.6). Where the application
/// submits to the copy queue too, Flux takes this lock around each of its own submissions.
struct VulkanQueueLock {
  void (*lock)(void* context) = nullptr;
  void (*unlock)(void* context) = nullptr;
  void* context = nullptr;
};

/// How the pieces of a batch are copied, by their size. Up to these, a compute shader over buffer addresses (the copy
/// kernel) copies all of them in one dispatch; each larger one is a region of a plain copy (`vkCmdCopyBuffer`).
/// Why and how much: docs/design/moving-bytes.md.
struct VulkanCopyCrossover {
  ByteCount uploadUpToBytes = 0;  ///< From staging to a chunk.
  ByteCount moveUpToBytes = 0;    ///< From chunk to chunk.

  friend bool operator==(const VulkanCopyCrossover&, const VulkanCopyCrossover&) = default;
};
inline constexpr VulkanCopyCrossover kVulkanPlainCopies{0, 0};
inline constexpr VulkanCopyCrossover kVulkanKernelCopies{std::numeric_limits<ByteCount>::max(),
                                                         std::numeric_limits<ByteCount>::max()};

/// What Flux adopts. All of it must outlive the device. Views are only read during the call.
struct VulkanDeviceDesc {
  PFN_vkGetInstanceProcAddr getInstanceProcAddr = nullptr;
  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;

  /// The feature chain that was given to `vkCreateDevice`, and the enabled extensions: they cannot be
  /// asked for afterwards. Needed: `timelineSemaphore`. Used where enabled: `bufferDeviceAddress` (without it there
  /// are plain copies only), VK_EXT_memory_budget, VK_EXT_pageable_device_local_memory.
  const VkPhysicalDeviceFeatures2* enabledFeatures = nullptr;
  std::span<const char* const> enabledExtensions;
  /// Where the instance has VK_EXT_debug_utils, chunks get names.
  bool debugUtilsEnabled = false;

  /// Best of a family with compute: others copy without the kernel.
  VkQueue copyQueue = VK_NULL_HANDLE;
  std::uint32_t copyQueueFamily = 0;
  VulkanQueueLock copyQueueLock;

  /// Families that read chunks (draw, compute), the copy queue's family included or not.
  std::span<const std::uint32_t> readerQueueFamilies;

  /// One timeline semaphore for each queue of the application, signalled by its submissions with the values
  /// that are given to `Frame::submitted`. They become `QueueId{1}`, `QueueId{2}`, …
  std::span<const VkSemaphore> timelines;

  /// What `VulkanDevice::copyCrossover` said on this device and driver before, or a choice of one's own. Without it,
  /// `create` measures on the copy queue, which takes some milliseconds; where the device is a CPU it takes plain
  /// copies.
  std::optional<VulkanCopyCrossover> copyCrossover;

  /// How many bytes of a step the host writes straight into chunks (`DeviceCaps::directWriteBytes`), where the memory
  /// that they are in can be mapped: 0 for copies only, `kAllBytes` for no staging. Without it, all of them where the
  /// device has no memory of its own; else 64 KiB, if all of that can be mapped (resizable BAR). Why:
  /// docs/design/moving-bytes.md.
  std::optional<ByteCount> directWriteBytes;
};

/// Which memory a device would use, and why.
struct VulkanMemoryChoice {
  std::uint32_t chunkType = 0;
  std::uint32_t stagingType = 0;
  ByteCount directWriteBytes = 0;
  std::string chunkReason;
  std::string stagingReason;
};

/// Pure: decides from the properties alone, as the device does. Errors: Unsupported.
[[nodiscard]] Result<VulkanMemoryChoice> chooseVulkanMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                            std::uint32_t allowedTypeBits = ~0U,
                                                            std::optional<ByteCount> directWriteBytes = std::nullopt);

/// A `Device` on an adopted `VkDevice` (Vulkan 1.2 or later).
///
/// **Thread contract.** As `Device`; `copyTimeline` and `copyCrossover` may be called by any thread. The destructor
/// waits for Flux's own copies; submissions of the application that read chunks must have finished before.
///
/// Chunk buffers have every buffer usage and concurrent sharing among the given families, so they never change owner.
/// Copies are made visible to other submissions by waiting for `copyTimeline()` (`Frame::waits`). Direct writes are
/// visible to what is submitted after them (Vulkan 1.3, section 7.9, "Host Write Ordering Guarantees"). Where there are
/// such, a submission of the application that itself writes to a block ends with a barrier from these writes to
/// VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_WRITE_BIT: once the block has gone, the host writes there.
class VulkanDevice : public Device {
 public:
  /// Errors: InvalidArgument and Unsupported (name the field or the feature), OutOfDeviceMemory, DriverError.
  [[nodiscard]] static Result<std::unique_ptr<VulkanDevice>> create(const VulkanDeviceDesc& desc);

  /// The semaphore behind `kCopyQueue`: wait for the values of `Frame::waits()` on it. Any thread.
  [[nodiscard]] virtual VkSemaphore copyTimeline() const noexcept = 0;

  /// From now on `submit` records its batches into `commands` and submits nothing; with VK_NULL_HANDLE it submits
  /// again. Returns the value that the submission of the list before must signal on `copyTimeline()`; 0 if that has no
  /// batch. The list may do other things before and after a batch: each is ordered after what the list does before it,
  /// and what comes next sees its bytes, so that the draws of a frame may follow its step in one list. Draws on other
  /// queues are not waited for: where there are any, nothing is updated in place in such a step.
  ///
  /// REQUIRES: `commands` is recording, outside of a render pass, from a pool of the copy queue's family. It is
  /// submitted once, to the copy queue, before Flux submits there or another list with batches is, and before this
  /// device ends.
  virtual TimelineValue recordInto(VkCommandBuffer commands) noexcept = 0;

  /// In use: as given, or as measured; an application may store it and give it to `create` at its next start.
  /// kVulkanPlainCopies where there can be no kernel. Any thread.
  [[nodiscard]] virtual VulkanCopyCrossover copyCrossover() const noexcept = 0;
};

/// The buffer behind a `ChunkInfo` or a `Place`.
[[nodiscard]] inline VkBuffer vulkanBuffer(NativeHandle handle) noexcept {
#if VK_USE_64_BIT_PTR_DEFINES
  return reinterpret_cast<VkBuffer>(handle);
#else
  return static_cast<VkBuffer>(handle);
#endif
}

}  // namespace flux
