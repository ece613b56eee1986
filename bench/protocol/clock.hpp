#pragma once

#include <cstdint>
#include <ctime>
#include <vector>

#include "statistics.hpp"

namespace flux::bench {

/// Processor time of the calling thread. What other programs do on a shared machine is not part of it, apart from what
/// they do to caches and memory.
inline std::int64_t threadCpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// The same of all threads of the process.
inline std::int64_t processCpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

inline std::int64_t wallNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// What two readings of the thread's clock cost by themselves: a system call, half a microsecond. Taken off every
/// measurement.
inline double clockNanoseconds() {
  static const double cost = [] {
    std::vector<double> samples(20'000);
    for (double& sample : samples) {
      const std::int64_t before = threadCpuNanoseconds();
      sample = static_cast<double>(threadCpuNanoseconds() - before);
    }
    return median(samples);
  }();
  return cost;
}

/// Processor time of `work()` on this thread, in nanoseconds.
template <class Work>
double cpuNanosecondsOf(const Work& work) {
  const std::int64_t before = threadCpuNanoseconds();
  work();
  return static_cast<double>(threadCpuNanoseconds() - before) - clockNanoseconds();
}

}  // namespace flux::bench
