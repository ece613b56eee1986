#pragma once

#include "inspect/diff.hpp"
#include "inspect/dump_file.hpp"
#include "inspect/run_maps.hpp"
#include "inspect/run_series.hpp"

#include <string>

namespace flux::app {

/// A page that shows a dump: one file that needs nothing else, and may load nothing else. With `before` and what has
/// changed since, that too.
[[nodiscard]] std::string pageOf(const DumpFile& dump, const DumpFile* before = nullptr,
                                 const DumpDiff* diff = nullptr);

/// The same of a recorded run: the map at each of its stops, and everything else over time.
[[nodiscard]] std::string pageOf(const RunSeries& series, const RunMaps& maps);

}  // namespace flux::app
