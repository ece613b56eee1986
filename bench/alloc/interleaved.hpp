#pragma once

/// Repetitions of several contestants in turn, so that what else the machine does hits all of them.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../protocol/statistics.hpp"

namespace flux::bench {

/// Figures of one contestant, one a repetition.
class Series {
 public:
  void add(double value) { values_.push_back(value); }
  [[nodiscard]] double median() const { return bench::median(values_); }
  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  /// "smallest..largest".
  [[nodiscard]] std::string spread(int decimals) const;

 private:
  std::vector<double> values_;
};

/// Runs `measure(repetition, contestant)` for all of them in a turned order; returns its answers by contestant.
std::vector<Series> interleaved(std::uint32_t repetitions, std::size_t contestants,
                                const std::function<double(std::uint32_t, std::size_t)>& measure);

/// "x of the reference": the median of the ratios of the same repetition.
std::string ratio(const Series& series, const Series& reference);

}  // namespace flux::bench
