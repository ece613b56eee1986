#include "view/geometry_thread.hpp"

#include <exception>
#include <limits>

namespace flux::app {
namespace {

constexpr std::uint64_t kFailed = std::numeric_limits<std::uint64_t>::max();
constexpr std::chrono::microseconds kIdleSleep{100};

}  // namespace

bool GeometryThread::advance(std::uint64_t frame) {
  newest_.store(frame, std::memory_order_release);
  std::uint64_t reached = reached_.load(std::memory_order_acquire);
  while (reached != kFailed && reached + kMaxFramesAhead < frame) {
    reached_.wait(reached, std::memory_order_acquire);
    reached = reached_.load(std::memory_order_acquire);
  }
  return reached != kFailed;
}

void GeometryThread::stop() {
  stop_.store(true, std::memory_order_release);
  if (thread_.joinable()) thread_.join();
}

void GeometryThread::loop() {
  try {
    while (!stop_.load(std::memory_order_acquire)) {
      const std::uint64_t frame = newest_.load(std::memory_order_acquire);
      const bool busy = streamer_.turn(frame);
      reached_.store(frame, std::memory_order_release);
      reached_.notify_one();
      if (!busy) std::this_thread::sleep_for(kIdleSleep);
    }
    return;
  } catch (const std::exception& failure) {
    error_ = failure.what();
  }
  reached_.store(kFailed, std::memory_order_release);
  reached_.notify_one();
  while (!stop_.load(std::memory_order_acquire)) {
    // Frames that are under way must finish; how is the device's business now, and there is no one to tell.
    (void)device_.poll();
    std::this_thread::sleep_for(kIdleSleep);
  }
}

}  // namespace flux::app
