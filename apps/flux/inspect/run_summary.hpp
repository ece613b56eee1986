#pragma once

#include "inspect/run_maps.hpp"
#include "inspect/run_series.hpp"

#include <iosfwd>

namespace flux::app {

/// A recorded run in some lines for people.
void printSummary(const RunSeries& series, const RunMaps& maps, std::ostream& out);

}  // namespace flux::app
