#pragma once

#include "device/opengl/error_state.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <mutex>

namespace flux::opengl {

/// How far the device is with Flux's copies and with the application's commands: two timelines of fences, each of which
/// stands for "what its context had been given then".
///
/// **Thread contract.** The device's thread, except `mark` and `waitOnDevice` (any thread with a context of the share
/// group) and `completed` (any thread).
/// **Invariants.** `completed` never goes back. Of each timeline the fences are in the order of their values, and only
/// the device's thread deletes them.
class FenceTimelines {
 public:
  static constexpr std::uint32_t kTimelines = 2;

  /// Both must outlive it.
  FenceTimelines(const Functions& functions, ErrorState& errors) noexcept : functions_(functions), errors_(errors) {}
  FenceTimelines(const FenceTimelines&) = delete;
  FenceTimelines& operator=(const FenceTimelines&) = delete;
  ~FenceTimelines();

  /// The next value of a timeline, a fence behind what the current context has been given; flushes it. O(1).
  /// Errors: OutOfDeviceMemory, DeviceLost, DriverError; then there is no new value.
  [[nodiscard]] Result<TimelineValue> mark(QueueId queue);

  /// Has the device wait in the current context.
  void waitOnDevice(QueueId queue, TimelineValue value);

  /// Sees which fences have been reached. Never blocks. Errors: DeviceLost, DriverError.
  [[nodiscard]] Result<void> poll();

  [[nodiscard]] TimelineValue completed(QueueId queue) const noexcept;

 private:
  struct Timeline {
    std::mutex mutex;           ///< Of the fences; held for a few instructions.
    std::deque<GLsync> fences;  ///< Those not seen to be reached, the oldest first: its value is `completed` + 1.
    std::atomic<TimelineValue> completed{0};
  };

  /// How many fences, from the oldest on, have been reached. Errors: DriverError, OutOfDeviceMemory, DeviceLost.
  [[nodiscard]] Result<std::size_t> countReached(Timeline& timeline);
  void retire(Timeline& timeline, std::size_t count);

  const Functions& functions_;
  ErrorState& errors_;
  std::array<Timeline, kTimelines> timelines_;
};

}  // namespace flux::opengl
