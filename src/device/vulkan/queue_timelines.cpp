#include "device/vulkan/queue_timelines.hpp"

#include "device/vulkan/errors.hpp"

#include <algorithm>

namespace flux::vulkan {

QueueTimelines::~QueueTimelines() {
  if (semaphores_[0] != VK_NULL_HANDLE) functions_.vkDestroySemaphore(device_, semaphores_[0], nullptr);
}

Result<void> QueueTimelines::create(std::span<const VkSemaphore> application) {
  VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
  type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
  VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
  info.pNext = &type;
  if (const VkResult result = functions_.vkCreateSemaphore(device_, &info, nullptr, &semaphores_[0]);
      result != VK_SUCCESS) {
    semaphores_[0] = VK_NULL_HANDLE;
    return failed(result, "vkCreateSemaphore");
  }
  std::copy(application.begin(), application.end(), semaphores_.begin() + 1);
  count_ = static_cast<std::uint32_t>(1 + application.size());
  return {};
}

Result<void> QueueTimelines::poll() {
  for (std::uint32_t i = 0; i < count_; ++i) {
    TimelineValue value = 0;
    if (const VkResult result = functions_.vkGetSemaphoreCounterValue(device_, semaphores_[i], &value);
        result != VK_SUCCESS) {
      return failed(result, "vkGetSemaphoreCounterValue");
    }
    // Only this thread writes, so a load and a store suffice.
    if (value > completed_[i].load(std::memory_order_relaxed)) completed_[i].store(value, std::memory_order_release);
  }
  return {};
}

TimelineValue QueueTimelines::completed(QueueId queue) const noexcept {
  const auto index = static_cast<std::uint32_t>(queue);
  return index < count_ ? completed_[index].load(std::memory_order_acquire) : 0;
}

Result<void> QueueTimelines::wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) {
  const auto index = static_cast<std::uint32_t>(queue);
  if (index >= count_) return Unexpected(makeError(ErrorCode::InvalidArgument, "queue", {}, {index, count_}));
  VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &semaphores_[index];
  info.pValues = &value;
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::chrono::nanoseconds::rep>(timeout.count(), 0));
  const VkResult result = functions_.vkWaitSemaphores(device_, &info, nanoseconds);
  if (result == VK_TIMEOUT) return Unexpected(makeError(ErrorCode::Timeout, "vkWaitSemaphores", {}, {index, value}));
  if (result != VK_SUCCESS) return failed(result, "vkWaitSemaphores");
  return poll();
}

}  // namespace flux::vulkan
