#pragma once

#include "inspect/run_maps.hpp"
#include "inspect/run_series.hpp"

#include <string>

namespace flux::app {

/// A picture (SVG) of the memory over time, for reports: live, retired and reserved bytes, and fragmentation.
[[nodiscard]] std::string pictureOf(const RunSeries& series, const RunMaps& maps);

}  // namespace flux::app
