#pragma once

#include "device/vulkan/functions.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <deque>

namespace flux::vulkan {

/// Command buffers of one queue family, used again once the timeline has passed the value they were submitted with.
///
/// **Thread contract.** One thread. Never waits: while all are in flight it makes another one.
/// **Invariants.** Values in flight grow from front to back. A command buffer that was begun is
/// either submitted or abandoned before the next one is begun.
class CommandBuffers {
 public:
  CommandBuffers(const Functions& functions, VkDevice device) noexcept : functions_(functions), device_(device) {}
  CommandBuffers(const CommandBuffers&) = delete;
  CommandBuffers& operator=(const CommandBuffers&) = delete;
  /// REQUIRES: none is in flight.
  ~CommandBuffers();

  /// Once, before anything else. Errors: OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> create(std::uint32_t queueFamily);

  /// Begins one for a single submission. Errors: OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<VkCommandBuffer> begin(TimelineValue completed);
  void submitted(VkCommandBuffer commands, TimelineValue value);
  void abandon(VkCommandBuffer commands) noexcept;

 private:
  struct InFlight {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    TimelineValue value = 0;
  };

  const Functions& functions_;
  VkDevice device_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  std::deque<InFlight> inFlight_;
};

}  // namespace flux::vulkan
