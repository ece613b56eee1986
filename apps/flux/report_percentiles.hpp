#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace flux::app {

/// Collects durations, or other whole numbers, in fixed memory and answers percentiles, exact to 1.6 %.
///
/// **Thread contract.** One thread at a time. **Units.** Durations are nanoseconds inside; the answers are in the unit
/// asked for.
class Percentiles {
 public:
  void add(std::uint64_t value) noexcept;
  /// A negative one counts as none.
  void add(std::chrono::nanoseconds duration) noexcept;

  /// The smallest recorded value that at least `share` (0 to 1) of the values do not exceed; 0 without values. O(1).
  [[nodiscard]] double value(double share) const noexcept;
  [[nodiscard]] double milliseconds(double share) const noexcept { return value(share) * 1e-6; }
  [[nodiscard]] double microseconds(double share) const noexcept { return value(share) * 1e-3; }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  // Each power of two is split evenly into 2^kBits buckets.
  static constexpr unsigned kBits = 6;
  static constexpr std::size_t kBuckets = (64 - kBits + 1) << kBits;

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace flux::app
