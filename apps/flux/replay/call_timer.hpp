#pragma once

#include "report_percentiles.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace flux::app {

/// Measures single calls, without what reading the clock takes.
///
/// **Thread contract.** One thread.
class CallTimer {
 public:
  using Clock = std::chrono::steady_clock;

  /// Finds out what an empty measurement shows.
  CallTimer() {
    std::array<Clock::duration, 101> empty;
    for (Clock::duration& duration : empty) {
      const auto before = Clock::now();
      duration = Clock::now() - before;
    }
    std::ranges::nth_element(empty, empty.begin() + empty.size() / 2);
    overhead_ = empty[empty.size() / 2];
  }

  /// Returns what the call returns, and adds its time.
  template <class Call>
  auto measure(Percentiles& times, const Call& call) {
    const auto before = Clock::now();
    auto result = call();
    last_ = std::max(Clock::now() - before - overhead_, Clock::duration{});
    times.add(last_);
    return result;
  }

  /// Of the last call.
  [[nodiscard]] std::chrono::nanoseconds last() const noexcept { return last_; }

 private:
  Clock::duration overhead_{};
  Clock::duration last_{};
};

}  // namespace flux::app
