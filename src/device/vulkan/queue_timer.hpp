#pragma once

#include "device/vulkan/functions.hpp"

#include <flux/result.hpp>

#include <cstdint>

namespace flux::vulkan {

/// Measures how long a queue takes for commands, by two timestamps around them.
///
/// **Thread contract.** One thread. **Units.** Ticks of the device.
class QueueTimer {
 public:
  /// `validBits`: of the queue family's timestamps, at least 1.
  QueueTimer(const Functions& functions, VkDevice device, std::uint32_t validBits) noexcept
      : functions_(functions), device_(device), validBits_(validBits) {}
  QueueTimer(const QueueTimer&) = delete;
  QueueTimer& operator=(const QueueTimer&) = delete;
  ~QueueTimer() { functions_.vkDestroyQueryPool(device_, pool_, nullptr); }

  /// Once, before anything else. Errors: OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> create();

  void begin(VkCommandBuffer commands) const;
  void end(VkCommandBuffer commands) const;

  /// REQUIRES: the submission has completed. Errors: DeviceLost, DriverError.
  [[nodiscard]] Result<std::uint64_t> ticks() const;

 private:
  const Functions& functions_;
  VkDevice device_;
  std::uint32_t validBits_;
  VkQueryPool pool_ = VK_NULL_HANDLE;
};

}  // namespace flux::vulkan
