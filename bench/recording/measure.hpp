#pragma once

/// What the parts of this benchmark share.

#include <cstdio>

namespace flux::bench {

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
