#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results.hpp"

namespace flux::bench {

/// One point of the plot. Microseconds of processor time.
struct PublishPoint {
  std::uint32_t records = 0;
  std::uint32_t changes = 0;
  double ring = 0;
  double cow = 0;
  double copy = 0;  ///< Of all columns, whole.
};

/// What changing records and publishing them costs, by the number of changes, beside copy-on-write pages and a copy of
/// the whole columns.
std::vector<PublishPoint> measurePublishes(std::uint32_t records, std::uint32_t rounds, Results& results);

/// False: the file cannot be written.
[[nodiscard]] bool writeCsv(const std::string& path, const std::vector<PublishPoint>& points);

}  // namespace flux::bench
