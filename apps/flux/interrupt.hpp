#pragma once

namespace flux::app {

/// While one exists, the first Ctrl-C is noted and the second ends the process. At most one at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Any thread.
  [[nodiscard]] static bool interrupted() noexcept;
};

}  // namespace flux::app
