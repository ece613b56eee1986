#pragma once

/// What the parts of this benchmark share.

#include <flux/result.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>
#include <vector>

namespace flux::bench {

template <class T>
T take(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", describe(result.error()).c_str());
    std::abort();
  }
  return std::move(*result);
}

/// Nanoseconds that this thread has computed.
inline double threadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

inline double medianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// One line. Times in nanoseconds.
inline void printCost(const char* what, double plain, double recorded, double events) {
  std::printf("%-30s %10.0f ns, recorded %10.0f ns: %6.2f %%; %7.1f events", what, plain, recorded,
              100 * (recorded / plain - 1), events);
  if (events >= 1) std::printf(" of %.1f ns", (recorded - plain) / events);
  std::printf("\n");
}

/// The default world of `flux view`, flown through with and without a recorder.
void measureWorld();

}  // namespace flux::bench
