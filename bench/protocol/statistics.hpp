#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace flux::bench {

/// The value below which this share of the samples lies; 0 without samples.
inline double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(at), samples.end());
  return samples[at];
}

inline double median(std::vector<double> samples) {
  return percentile(std::move(samples), 0.5);
}

/// The median of `above[i] / below[i]`. Both were measured in round i, one right after the other, so that what else
/// the machine did then is in both.
inline double medianRatio(const std::vector<double>& above, const std::vector<double>& below) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size() && i < below.size(); ++i) ratios.push_back(above[i] / below[i]);
  return median(std::move(ratios));
}

}  // namespace flux::bench
