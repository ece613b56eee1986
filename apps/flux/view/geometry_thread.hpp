#pragma once

/// Runs the streamer beside the frame thread.

#include "view/streamer.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace flux::app {

/// The geometry thread: brings the world to the newest frame, over and over. It never waits for a frame; it
/// sleeps for a moment when there is nothing to do.
///
/// **Thread contract.** The frame thread owns it. From construction to `stop` the streamer, its pool and the pool's
/// device belong to the new thread. If the streamer fails, the thread keeps the device's queues moving until `stop`.
class GeometryThread {
 public:
  GeometryThread(Streamer& streamer, Device& device)
      : streamer_(streamer), device_(device), thread_([this] { loop(); }) {}
  ~GeometryThread() { stop(); }
  GeometryThread(const GeometryThread&) = delete;
  GeometryThread& operator=(const GeometryThread&) = delete;

  /// Tells the number of the newest frame, then waits until the world is no more than kMaxFramesAhead behind it: frames
  /// of an application do not outrun its world. Returns false when the thread has failed.
  bool advance(std::uint64_t frame);

  /// Ends the thread. Afterwards the calling thread owns the streamer, and `error` may be read.
  void stop();

  /// Why the thread failed; empty when it has not.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  static constexpr std::uint64_t kMaxFramesAhead = 2;

  void loop();

  Streamer& streamer_;
  Device& device_;
  std::atomic<std::uint64_t> newest_{1};
  std::atomic<std::uint64_t> reached_{0};  ///< The largest number means: failed.
  std::atomic<bool> stop_{false};
  std::string error_;
  std::thread thread_;
};

}  // namespace flux::app
