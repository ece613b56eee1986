#pragma once

/// The application's queue, as frames use it.

#include "vulkan/context.hpp"
#include "vulkan/handles.hpp"

#include <flux/frame.hpp>

#include <span>

namespace flux::app {

/// Submits to a context's draw queue and counts its timeline. One a context.
///
/// **Thread contract.** One thread. Failures throw `Failure`.
class DrawQueue {
 public:
  explicit DrawQueue(VulkanContext& context) : context_(context) {}
  /// Waits until the queue is idle.
  ~DrawQueue();
  DrawQueue(const DrawQueue&) = delete;
  DrawQueue& operator=(const DrawQueue&) = delete;

  /// Submits one command buffer, after `waits`; its value.
  TimelineValue submit(VkCommandBuffer commands, std::span<const QueueValue> waits);
  /// The last submission's value.
  [[nodiscard]] TimelineValue submitted() const noexcept { return submitted_; }
  /// How far the queue is.
  [[nodiscard]] TimelineValue completed() const;
  void wait(TimelineValue value) const;

 private:
  VulkanContext& context_;
  TimelineValue submitted_ = 0;
};

}  // namespace flux::app
