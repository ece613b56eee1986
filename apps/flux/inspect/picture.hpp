#pragma once

#include "inspect/dump_file.hpp"

#include <string>

namespace flux::app {

/// A picture (SVG) of all chunks, for reports: what lies where, coloured by owner.
[[nodiscard]] std::string pictureOf(const DumpFile& dump);

}  // namespace flux::app
