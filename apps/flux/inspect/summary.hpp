#pragma once

#include "inspect/dump_file.hpp"

#include <iosfwd>

namespace flux::app {

/// A dump in some lines for people.
void printSummary(const DumpFile& dump, std::ostream& out);

}  // namespace flux::app
