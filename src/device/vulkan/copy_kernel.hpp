#pragma once

#include "device/vulkan/segment_lists.hpp"

#include <flux/result.hpp>

#include <cstdint>
#include <span>

namespace flux::vulkan {

/// The compute shader that copies segments (shaders/copy_segments.comp).
///
/// **Thread contract.** One thread.
class CopyKernel {
 public:
  /// The largest segment. What was tried: docs/design/moving-bytes.md.
  static constexpr std::uint32_t kSegmentWords = 1024;

  CopyKernel(const Functions& functions, VkDevice device) noexcept : functions_(functions), device_(device) {}
  CopyKernel(const CopyKernel&) = delete;
  CopyKernel& operator=(const CopyKernel&) = delete;
  /// REQUIRES: no submission that uses it is incomplete.
  ~CopyKernel();

  /// Once, before anything else. Errors: OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> create();

  /// One dispatch a run; nothing orders them among each other.
  void record(VkCommandBuffer commands, std::span<const SegmentRun> runs) const;

 private:
  const Functions& functions_;
  VkDevice device_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
};

}  // namespace flux::vulkan
