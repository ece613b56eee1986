#include "latency.hpp"

#include <algorithm>

namespace flux::bench {

double nanosecondsPerTick() {
  static const double value = [] {
    const std::uint64_t ticks = fencedTicks();
    const std::int64_t start = wallNanoseconds();
    std::int64_t now = start;
    while (now - start < 20'000'000) now = wallNanoseconds();
    return static_cast<double>(now - start) / static_cast<double>(fencedTicks() - ticks);
  }();
  return value;
}

std::uint64_t emptyInterval() {
  static const std::uint64_t value = [] {
    std::vector<double> samples(20'000);
    for (double& sample : samples) {
      const std::uint64_t before = fencedTicks();
      sample = static_cast<double>(fencedTicks() - before);
    }
    return static_cast<std::uint64_t>(median(samples));
  }();
  return value;
}

double Samples::percentileNs(double share) const {
  const double ticks = percentile(ticks_, share) - static_cast<double>(emptyInterval());
  return std::max(0.0, ticks * nanosecondsPerTick());
}

}  // namespace flux::bench
