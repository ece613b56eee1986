#include "device/webgpu/queue_progress.hpp"

#include <tuple>
#include <utility>

namespace flux::webgpu {

QueueProgress::~QueueProgress() {
  for (const Timeline& timeline : timelines_) {
    // The callbacks of marks that were never reached come when the instance goes, and write there.
    if (!timeline.marks.empty()) {
      [[maybe_unused]] const Status* const kept = status_.release();
    }
  }
}

TimelineValue QueueProgress::mark(QueueId queue) {
  // Newer headers pass a message between the status and the two pointers.
  constexpr auto kRemember = [](Status status, auto... rest) {
    void* const into = std::get<sizeof...(rest) - 2>(std::tuple(rest...));
    *static_cast<Status*>(into) = status;
  };
  Timeline& timeline = timelines_[static_cast<std::size_t>(queue)];
  const std::scoped_lock lock(timeline.mutex);
  // Only a wait may run the callback: so it runs on the owner's thread, whoever else processes the instance's events.
  timeline.marks.push_back({functions_.QueueOnSubmittedWorkDone(desc_.queue, {nullptr, WGPUCallbackMode_WaitAnyOnly,
                                                                              kRemember, status_.get(), nullptr}),
                            nullptr});
  return ++timeline.marked;
}

void QueueProgress::holdBack(QueueId queue, WGPUFuture future, std::function<bool()> then) {
  Timeline& timeline = timelines_[static_cast<std::size_t>(queue)];
  const std::scoped_lock lock(timeline.mutex);
  timeline.marks.push_back({future, std::move(then)});
}

Result<void> QueueProgress::poll() {
  for (Timeline& timeline : timelines_) {
    while (failure_ == WGPUQueueWorkDoneStatus_Success && reachOldest(timeline)) {
    }
  }
  if (failure_ == WGPUQueueWorkDoneStatus_Success) return {};
  Error error = makeError(ErrorCode::DriverError, "wgpuQueueOnSubmittedWorkDone", {});
  error.nativeCode = static_cast<std::int32_t>(failure_);
  return Unexpected(error);
}

bool QueueProgress::reachOldest(Timeline& timeline) {
  WGPUFuture oldest{};
  {
    const std::scoped_lock lock(timeline.mutex);
    if (timeline.marks.empty()) return false;
    oldest = timeline.marks.front().future;
  }
  if (!isDone(functions_, desc_.instance, oldest)) return false;
  std::function<bool()> then;
  {
    const std::scoped_lock lock(timeline.mutex);
    then = std::move(timeline.marks.front().then);
    timeline.marks.pop_front();
  }
  if (then != nullptr) {
    if (!then()) failure_ = WGPUQueueWorkDoneStatus_Error;
    return failure_ == WGPUQueueWorkDoneStatus_Success;
  }
  failure_ = *status_;
  if (failure_ != WGPUQueueWorkDoneStatus_Success) return false;
  // Only this thread writes, so a load and a store suffice.
  timeline.completed.store(timeline.completed.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  return true;
}

TimelineValue QueueProgress::marked(QueueId queue) {
  Timeline& timeline = timelines_[static_cast<std::size_t>(queue)];
  const std::scoped_lock lock(timeline.mutex);
  return timeline.marked;
}

TimelineValue QueueProgress::completed(QueueId queue) const noexcept {
  const auto index = static_cast<std::uint32_t>(queue);
  return index < kTimelines ? timelines_[index].completed.load(std::memory_order_acquire) : 0;
}

}  // namespace flux::webgpu
