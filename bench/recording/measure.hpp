#pragma once

/// What the parts of this benchmark share.

#include <vector>

namespace flux::bench {

/// What the geometry threads of two that do the same took in a short while, by turns; one of them is recorded. In
/// nanoseconds.
struct Round {
  double plain = 0;
  double recorded = 0;
  double events = 0;
};

/// What a pair of pools measured, of which one was recorded.
struct Pair {
  double nanoseconds = 0;  ///< Of a unit (a call, a frame), not recorded.
  double more = 0;         ///< If it is recorded.
  double events = 0;       ///< Of a unit.
};

/// Of the rounds of a pair, each of so many units. Only times of the same round are compared, so that what else the
/// machine does is in both; and their median counts, so that what hit only one of them is left out. Rounds weigh as
/// many events as they have.
[[nodiscard]] Pair pairOf(const std::vector<Round>& rounds, double unitsARound);

/// Prints the medians of the pairs and the range of their middle half. Two pools of a pair never lie alike in the
/// caches, so there are many, and each is made first as often as the other.
void printCost(const char* what, const std::vector<Pair>& pairs);

/// The default world of `flux view`, flown through with and without a recorder.
void measureWorld();

}  // namespace flux::bench
