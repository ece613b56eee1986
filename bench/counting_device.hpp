#pragma once

#include "failure.hpp"
#include "protocol/clock.hpp"

#include <flux/passing_device.hpp>

#include <chrono>
#include <cstdint>

namespace flux::bench {

/// Counts submissions, and can wait for the last one.
class CountingDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    Result<TimelineValue> value = inner_.submit(batch, waits);
    last_ = value.value_or(last_);
    ++submissions;
    return value;
  }

  /// Waits until all copies have finished, and tells how long that took. Throws Failure.
  std::int64_t drain() {
    const std::int64_t begin = wallNanoseconds();
    const Result<void> waited = wait(kCopyQueue, last_, std::chrono::seconds{60});
    if (!waited) throw app::Failure(describe(waited.error()));
    return wallNanoseconds() - begin;
  }

  std::uint64_t submissions = 0;

 private:
  TimelineValue last_ = 0;
};

}  // namespace flux::bench
