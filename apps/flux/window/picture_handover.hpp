#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace flux::app {

/// What a frame drew, on the host.
struct Picture {
  std::uint64_t frame = 0;
  std::vector<std::byte> rgba;  ///< Empty of a renderer that draws nothing.
};

/// One picture on its way from the frame thread to the window. The window sets the pace: the next picture waits until
/// this one has been taken, and whoever takes none holds the flight up.
///
/// **Thread contract.** One thread puts, one takes and closes.
class PictureHandover {
 public:
  /// Copies the picture, once the one before has been taken. Does nothing once closed.
  void put(std::uint64_t frame, std::span<const std::byte> rgba) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !full_ || closed_; });
    if (closed_) return;
    picture_.frame = frame;
    picture_.rgba.assign(rgba.begin(), rgba.end());
    full_ = true;
    changed_.notify_all();
  }

  /// Exchanges `picture` for the next one, for which it waits so long at most. False: there is none.
  [[nodiscard]] bool take(Picture& picture, std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, most, [this] { return full_; })) return false;
    std::swap(picture_, picture);
    full_ = false;
    changed_.notify_all();
    return true;
  }

  /// Nothing is taken any more, and nobody waits for it.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Picture picture_;
  bool full_ = false;
  bool closed_ = false;
};

}  // namespace flux::app
