#pragma once

/// What a page shows: facts as JSON, and what there are many of as columns.

#include "inspect/columns.hpp"
#include "inspect/diff.hpp"
#include "inspect/dump_file.hpp"
#include "inspect/run_maps.hpp"
#include "inspect/run_series.hpp"

#include <string>

#include <nlohmann/json.hpp>

namespace flux::app {

struct PageData {
  nlohmann::json facts;
  Columns columns;
};

/// The JSON's text; of names that are no UTF-8 what is none becomes U+FFFD.
[[nodiscard]] std::string textOf(const nlohmann::json& json);

/// Of a dump; with `before` and `diff`, what has changed since, too.
[[nodiscard]] PageData dataOf(const DumpFile& dump, const DumpFile* before, const DumpDiff* diff);

/// Of a recorded run.
[[nodiscard]] PageData dataOf(const RunSeries& series, const RunMaps& maps);

}  // namespace flux::app
