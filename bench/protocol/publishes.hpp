#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results.hpp"

namespace flux::bench {

/// Microseconds of processor time.
struct PublishCost {
  double edits = 0;
  double publish = 0;
  [[nodiscard]] double both() const { return edits + publish; }
};

/// One point of the plot.
struct PublishPoint {
  std::uint32_t records = 0;
  std::uint32_t changes = 0;
  PublishCost ring;
  PublishCost cow;
  double copy = 0;  ///< Of all columns, whole.
};

/// What changing records and publishing them costs, by the number of changes, beside copy-on-write pages and a copy of
/// the whole columns.
std::vector<PublishPoint> measurePublishes(std::uint32_t records, std::uint32_t rounds, Results& results);

/// False: the file cannot be written.
[[nodiscard]] bool writeCsv(const std::string& path, const std::vector<PublishPoint>& points);

}  // namespace flux::bench
