#include "vulkan/draw_queue.hpp"

#include <array>
#include <limits>
#include <mutex>

namespace flux::app {

DrawQueue::~DrawQueue() {
  // Not only for the timeline: lavapipe 22 still touches pipelines for a moment after it has signalled. A lost device
  // answers at once, and uses nothing any more.
  const std::lock_guard lock(context_.drawQueueMutex());
  (void)vkQueueWaitIdle(context_.drawQueue());
}

TimelineValue DrawQueue::submit(VkCommandBuffer commands, std::span<const QueueValue> waits) {
  std::array<VkSemaphoreSubmitInfo, kMaxQueues> waitInfos{};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    waitInfos[i].sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO;
    waitInfos[i].semaphore = waits[i].queue == kCopyQueue ? context_.device().copyTimeline() : context_.drawTimeline();
    waitInfos[i].value = waits[i].value;
    waitInfos[i].stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
  }
  VkSemaphoreSubmitInfo signal{VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
  signal.semaphore = context_.drawTimeline();
  signal.value = submitted_ + 1;
  signal.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
  VkCommandBufferSubmitInfo list{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
  list.commandBuffer = commands;
  VkSubmitInfo2 info{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
  info.waitSemaphoreInfoCount = static_cast<std::uint32_t>(waits.size());
  info.pWaitSemaphoreInfos = waitInfos.data();
  info.commandBufferInfoCount = 1;
  info.pCommandBufferInfos = &list;
  info.signalSemaphoreInfoCount = 1;
  info.pSignalSemaphoreInfos = &signal;
  const std::lock_guard lock(context_.drawQueueMutex());
  check(vkQueueSubmit2(context_.drawQueue(), 1, &info, VK_NULL_HANDLE), "vkQueueSubmit2");
  return ++submitted_;
}

TimelineValue DrawQueue::completed() const {
  TimelineValue done = 0;
  check(vkGetSemaphoreCounterValue(context_.vulkanDevice(), context_.drawTimeline(), &done),
        "vkGetSemaphoreCounterValue");
  return done;
}

void DrawQueue::wait(TimelineValue value) const {
  VkSemaphore semaphore = context_.drawTimeline();
  VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &semaphore;
  info.pValues = &value;
  check(vkWaitSemaphores(context_.vulkanDevice(), &info, std::numeric_limits<std::uint64_t>::max()),
        "vkWaitSemaphores");
}

}  // namespace flux::app
