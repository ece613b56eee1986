#pragma once

/// Time of single short calls.

#include <cstdint>
#include <ctime>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "../protocol/clock.hpp"
#include "../protocol/statistics.hpp"

namespace flux::bench {

/// A counter read after all loads before it are done and before any instruction after it begins.
inline std::uint64_t fencedTicks() {
#if defined(__x86_64__)
  unsigned processor = 0;
  const std::uint64_t ticks = __rdtscp(&processor);
  _mm_lfence();
  return ticks;
#else
  return static_cast<std::uint64_t>(wallNanoseconds());
#endif
}

/// Nanoseconds a tick, measured against the wall clock once.
double nanosecondsPerTick();

/// Ticks between two readings with nothing in between, the median.
std::uint64_t emptyInterval();

class Samples {
 public:
  template <class Call>
  void measure(const Call& call) {
    const std::uint64_t before = fencedTicks();
    call();
    ticks_.push_back(static_cast<double>(fencedTicks() - before));
  }

  void reserve(std::size_t count) { ticks_.reserve(count); }

  /// In nanoseconds, the empty interval taken off.
  [[nodiscard]] double percentileNs(double share) const;

 private:
  std::vector<double> ticks_;
};

struct Latencies {
  Samples allocate;
  Samples free;
};

}  // namespace flux::bench
