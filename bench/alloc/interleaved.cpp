#include "interleaved.hpp"

#include <algorithm>

#include "report.hpp"

namespace flux::bench {

std::string Series::spread(int decimals) const {
  const auto [smallest, largest] = std::ranges::minmax(values_);
  return number(smallest, decimals) + ".." + number(largest, decimals);
}

std::vector<Series> interleaved(std::uint32_t repetitions, std::size_t contestants,
                                const std::function<double(std::uint32_t, std::size_t)>& measure) {
  std::vector<Series> series(contestants);
  for (std::uint32_t repetition = 0; repetition < repetitions; ++repetition) {
    for (std::size_t turn = 0; turn < contestants; ++turn) {
      const std::size_t contestant = (turn + repetition) % contestants;
      series[contestant].add(measure(repetition, contestant));
    }
  }
  return series;
}

std::string ratio(const Series& series, const Series& reference) {
  return number(medianRatio(series.values(), reference.values()), 3);
}

}  // namespace flux::bench
