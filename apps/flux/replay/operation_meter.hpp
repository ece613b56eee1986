#pragma once

#include "replay/call_timer.hpp"
#include "replay/metered_device.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace flux::app {

/// What the operations of one replay take on average: Flux's time, and the device's to make chunks in them.
///
/// **Thread contract.** One thread.
class OperationMeter {
 public:
  explicit OperationMeter(const MeteredDevice& device) : device_(device) {}

  /// Returns what the call returns, and adds its whole time to `times`.
  template <class Call>
  auto measure(Percentiles& times, const Call& call) {
    const std::chrono::nanoseconds before = device_.inDevice();
    auto result = timer_.measure(times, call);
    all_ += timer_.last();
    inDevice_ += device_.inDevice() - before;
    ++count_;
    return result;
  }

  [[nodiscard]] double nsPerOp() const noexcept { return perOperation(std::max(all_ - inDevice_, {})); }
  [[nodiscard]] double deviceNsPerOp() const noexcept { return perOperation(inDevice_); }

 private:
  [[nodiscard]] double perOperation(std::chrono::nanoseconds time) const noexcept {
    return count_ != 0 ? static_cast<double>(time.count()) / static_cast<double>(count_) : 0;
  }

  const MeteredDevice& device_;
  CallTimer timer_;
  std::chrono::nanoseconds all_{};
  std::chrono::nanoseconds inDevice_{};
  std::uint64_t count_ = 0;
};

}  // namespace flux::app
