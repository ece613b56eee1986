#pragma once

#include "inspect/diff.hpp"
#include "inspect/dump_file.hpp"

#include <string>

namespace flux::app {

/// A page that shows a dump: one file that needs nothing else, and may load nothing else. With `before` and what has
/// changed since, that too.
[[nodiscard]] std::string pageOf(const DumpFile& dump, const DumpFile* before = nullptr,
                                 const DumpDiff* diff = nullptr);

}  // namespace flux::app
