#pragma once

#include "device/d3d12/api.hpp"
#include "device/d3d12/com_ptr.hpp"
#include "device/d3d12/command_lists.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

namespace flux::d3d12 {

/// How far every queue is: one fence each, the copy queue's own first. What is reached of the copies their command
/// lists know too.
///
/// **Thread contract.** One thread, except `completed` and `copyFence`, which any thread may call.
/// **Invariants.** `completed` never goes back.
class QueueFences {
 public:
  QueueFences(ID3D12Device* device, const CommandLists& copies) noexcept : device_(device), copies_(copies) {}

  /// Once, before anything else; `application` has at most kMaxQueues - 1 fences.
  /// Errors: OutOfDeviceMemory, DeviceLost, DriverError.
  [[nodiscard]] Result<void> create(std::span<ID3D12Fence* const> application);

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] ID3D12Fence* copyFence() const noexcept { return fences_[0].get(); }
  /// REQUIRES: there is such a queue.
  [[nodiscard]] ID3D12Fence* fence(QueueId queue) const noexcept {
    return fences_[static_cast<std::uint32_t>(queue)].get();
  }

  /// Reads all fences. Errors: DeviceLost.
  [[nodiscard]] Result<void> poll();
  [[nodiscard]] TimelineValue completed(QueueId queue) const noexcept;

  /// Errors: InvalidArgument (no such queue), Timeout, DeviceLost, OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout);

 private:
  ID3D12Device* device_;
  const CommandLists& copies_;
  std::uint32_t count_ = 0;
  std::array<ComPtr<ID3D12Fence>, kMaxQueues> fences_{};
  std::array<std::atomic<TimelineValue>, kMaxQueues> completed_{};
};

}  // namespace flux::d3d12
