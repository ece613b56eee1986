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
  /// As Ctrl-C does the first time. Any thread.
  static void interrupt() noexcept;
};

}  // namespace flux::app
