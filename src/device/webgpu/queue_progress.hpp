#pragma once

#include "device/webgpu/functions.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace flux::webgpu {

/// How far the queue is with Flux's submissions and with the application's: two timelines on one queue, whose values
/// stand for "all that had been submitted then".
///
/// **Thread contract.** One thread, except `mark` and `completed`, which any thread may call.
/// **Invariants.** `completed` never goes back. Of each timeline the marks are in the order of their values.
class QueueProgress {
 public:
  static constexpr std::uint32_t kTimelines = 2;

  /// Both must outlive it.
  QueueProgress(const Functions& functions, const WebGpuDeviceDesc& desc)
      : functions_(functions), desc_(desc), status_(std::make_unique<Status>(WGPUQueueWorkDoneStatus_Success)) {}
  QueueProgress(const QueueProgress&) = delete;
  QueueProgress& operator=(const QueueProgress&) = delete;
  ~QueueProgress();

  /// The next value of a timeline: it is reached when what has been submitted so far is done. O(1).
  TimelineValue mark(QueueId queue);

  /// The queue's next mark is reached only after `future` and `then`, which poll runs; where that answers false the
  /// timeline ends there. The owner's thread.
  void holdBack(QueueId queue, WGPUFuture future, std::function<bool()> then);

  /// Sees which marks have been reached. Never blocks. Errors: DriverError, from then on: work that did not end well
  /// ends its timeline.
  [[nodiscard]] Result<void> poll();

  /// The value of the last mark. The owner's thread.
  [[nodiscard]] TimelineValue marked(QueueId queue);
  [[nodiscard]] TimelineValue completed(QueueId queue) const noexcept;

 private:
  using Status = WGPUQueueWorkDoneStatus;
  struct Mark {
    WGPUFuture future{};
    std::function<bool()> then;  ///< Of what holds the next mark back.
  };
  struct Timeline {
    std::mutex mutex;        ///< Of the marks; held for a few instructions, and while a mark is made.
    std::deque<Mark> marks;  ///< Those not yet reached, the oldest first.
    TimelineValue marked = 0;
    std::atomic<TimelineValue> completed{0};
  };

  /// Takes the oldest mark off a timeline; false where it has not been reached, or did not end well.
  bool reachOldest(Timeline& timeline);

  const Functions& functions_;
  const WebGpuDeviceDesc& desc_;
  std::unique_ptr<Status> status_;  ///< Of the mark that a poll saw last; the implementation writes it during the poll.
  std::array<Timeline, kTimelines> timelines_;
  Status failure_ = WGPUQueueWorkDoneStatus_Success;
};

}  // namespace flux::webgpu
