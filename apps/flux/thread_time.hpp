#pragma once

#include <chrono>

namespace flux::app {

/// Processor time of the calling thread so far: what others do on the machine is no part of it. A system call; on
/// Windows it only moves on with the scheduler's ticks, 15.6 ms as a rule.
[[nodiscard]] std::chrono::nanoseconds threadTime() noexcept;

}  // namespace flux::app
