#pragma once

#include "device/vulkan/functions.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

namespace flux::vulkan {

/// How far every queue is: one timeline semaphore each, the copy queue's own first.
///
/// **Thread contract.** One thread, except `completed` and `copySemaphore`, which any thread may call.
/// **Invariants.** `completed` never goes back.
class QueueTimelines {
 public:
  QueueTimelines(const Functions& functions, VkDevice device) noexcept : functions_(functions), device_(device) {}
  QueueTimelines(const QueueTimelines&) = delete;
  QueueTimelines& operator=(const QueueTimelines&) = delete;
  ~QueueTimelines();

  /// Once, before anything else; `application` has at most kMaxQueues - 1 semaphores.
  /// Errors: OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> create(std::span<const VkSemaphore> application);

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] VkSemaphore copySemaphore() const noexcept { return semaphores_[0]; }
  /// REQUIRES: there is such a queue.
  [[nodiscard]] VkSemaphore semaphore(QueueId queue) const noexcept {
    return semaphores_[static_cast<std::uint32_t>(queue)];
  }

  /// Reads all counters. Errors: DeviceLost, OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> poll();
  [[nodiscard]] TimelineValue completed(QueueId queue) const noexcept;

  /// Errors: InvalidArgument (no such queue), Timeout, DeviceLost, OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout);

 private:
  const Functions& functions_;
  VkDevice device_;
  std::uint32_t count_ = 0;
  std::array<VkSemaphore, kMaxQueues> semaphores_{};
  std::array<std::atomic<TimelineValue>, kMaxQueues> completed_{};
};

}  // namespace flux::vulkan
