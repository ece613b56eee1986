#pragma once

#include "inspect/run_maps.hpp"
#include "inspect/run_series.hpp"

#include <string>

namespace flux::app {

/// The time line of a recorded run as Trace Event JSON, which ui.perfetto.dev and chrome://tracing open: steps and
/// publishes as slices, frames as asynchronous ones, what each step had as counters, what went wrong and chunks as
/// instants. Times are microseconds and never fall.
[[nodiscard]] std::string traceOf(const RunSeries& series, const RunMaps& maps);

}  // namespace flux::app
