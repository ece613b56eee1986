#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

namespace flux::app {

struct InspectOptions {
  /// One dump or recording; with `diff` two. `FILE@STEP` is a recording right after that step, shown as a dump.
  std::vector<std::filesystem::path> files;
  bool diff = false;
  std::filesystem::path html;      ///< Where the page goes; empty: none is made.
  std::filesystem::path svg;       ///< Where the picture goes; empty: none is made.
  std::filesystem::path perfetto;  ///< Where the trace of a recording goes; empty: none is made.
};

/// Shows a dump, a recording, or what has changed between two. Throws Failure.
void runInspect(const InspectOptions& options, std::ostream& out);

}  // namespace flux::app
