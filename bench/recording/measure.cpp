#include "measure.hpp"

#include "../protocol/statistics.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace flux::bench {
namespace {

/// The value below which half of the weights lie.
double weightedMedian(std::vector<std::pair<double, double>> valuesAndWeights) {
  std::ranges::sort(valuesAndWeights);
  double left = 0;
  for (const auto& [value, weight] : valuesAndWeights) left += weight / 2;
  for (const auto& [value, weight] : valuesAndWeights) {
    left -= weight;
    if (left <= 0) return value;
  }
  return 0;
}

}  // namespace

Pair pairOf(const std::vector<Round>& rounds, double unitsARound) {
  double time = 0;
  double weights = 0;
  double events = 0;
  std::vector<std::pair<double, double>> differences;
  for (const Round& round : rounds) {
    // Idle steps are counted, so a round of them may have no event.
    const double weight = std::max(round.events, 1.0);
    differences.emplace_back((round.recorded - round.plain) / weight, weight);
    time += round.plain;
    weights += weight;
    events += round.events;
  }
  const double units = unitsARound * static_cast<double>(rounds.size());
  return {time / units, weightedMedian(std::move(differences)) * weights / units, events / units};
}

void printCost(const char* what, const std::vector<Pair>& pairs) {
  const auto quartiles = [&pairs](const auto& of) {
    std::vector<double> values(pairs.size());
    std::ranges::transform(pairs, values.begin(), of);
    return std::array{percentile(values, 0.25), median(values), percentile(values, 0.75)};
  };
  const double time = quartiles([](const Pair& pair) { return pair.nanoseconds; })[1];
  const double events = quartiles([](const Pair& pair) { return pair.events; })[1];
  const auto more = quartiles([](const Pair& pair) { return pair.more; });
  const auto percent = quartiles([](const Pair& pair) { return 100 * pair.more / pair.nanoseconds; });
  std::printf("%-30s %9.0f ns; recorded %6.0f ns more (%.0f to %.0f): %.2f %% (%.2f to %.2f)", what, time, more[1],
              more[0], more[2], percent[1], percent[0], percent[2]);
  if (events >= 1) {
    const auto each = quartiles([](const Pair& pair) { return pair.more / pair.events; });
    std::printf("; %.1f events of %.1f ns (%.1f to %.1f)", events, each[1], each[0], each[2]);
  }
  std::printf("\n");
}

}  // namespace flux::bench
