#pragma once

#include "view/renderer.hpp"

#include <chrono>

namespace flux::app {

/// Watches a run. Made for a window, which shows its pictures and what its pool does.
class Spectator {
 public:
  virtual ~Spectator() = default;
  /// A frame has finished, in order. The frame thread, which the call may hold up. The frame's views are valid during
  /// the call.
  virtual void frameFinished(const FinishedFrame& frame) = 0;
  /// The pool has made a step, which took so long. The geometry thread.
  virtual void poolStepped(const Pool& pool, const StepReport& report, std::chrono::nanoseconds time) = 0;
  /// The run is over: the pool as its report has it. The frame thread; the last call.
  virtual void runEnded(const Pool& pool) = 0;
};

}  // namespace flux::app
