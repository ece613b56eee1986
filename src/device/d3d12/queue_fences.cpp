#include "device/d3d12/queue_fences.hpp"

#include "device/d3d12/errors.hpp"

#include <thread>

namespace flux::d3d12 {
namespace {

constexpr std::chrono::microseconds kLookAgain{100};

}  // namespace

Result<void> QueueFences::create(std::span<ID3D12Fence* const> application) {
  const HRESULT result = device_->CreateFence(0, D3D12_FENCE_FLAG_NONE, kIid<ID3D12Fence>, fences_[0].out());
  if (FAILED(result)) return failed(device_, result, "CreateFence");
  count_ = 1;
  for (ID3D12Fence* const fence : application) fences_[count_++] = ComPtr<ID3D12Fence>::share(fence);
  return {};
}

Result<void> QueueFences::poll() {
  for (std::uint32_t i = 0; i < count_; ++i) {
    TimelineValue value = fences_[i]->GetCompletedValue();
    if (i == static_cast<std::uint32_t>(kCopyQueue) && value != kRemoved) value = copies_.reached(value);
    if (value == kRemoved) return deviceRemoved(device_, "ID3D12Fence::GetCompletedValue");
    // Only this thread writes, so a load and a store suffice.
    if (value > completed_[i].load(std::memory_order_relaxed)) completed_[i].store(value, std::memory_order_release);
  }
  return {};
}

TimelineValue QueueFences::completed(QueueId queue) const noexcept {
  const auto index = static_cast<std::uint32_t>(queue);
  return index < count_ ? completed_[index].load(std::memory_order_acquire) : 0;
}

Result<void> QueueFences::wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) {
  const auto index = static_cast<std::uint32_t>(queue);
  if (index >= count_) return Unexpected(makeError(ErrorCode::InvalidArgument, "queue", {}, {index, count_}));
  // Looked at again and again, since a wait is for start and shutdown only. An event given to SetEventOnCompletion
  // would have to outlive a fence of the application: after a timeout the fence may still set it (vkd3d keeps no
  // reference to it).
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  for (;;) {
    // What has been seen counts, not what the fence says now: vkd3d may set an earlier value behind a later one.
    if (auto polled = poll(); !polled) return polled;
    if (completed(queue) >= value) return {};
    if (const HRESULT reason = device_->GetDeviceRemovedReason(); FAILED(reason)) {
      return deviceRemoved(device_, "ID3D12Fence::GetCompletedValue");
    }
    if (Clock::now() - start >= timeout) {
      return Unexpected(makeError(ErrorCode::Timeout, "ID3D12Fence::GetCompletedValue", {}, {index, value}));
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace flux::d3d12
