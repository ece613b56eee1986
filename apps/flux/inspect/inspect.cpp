#include "inspect/inspect.hpp"

#include "failure.hpp"
#include "inspect/diff.hpp"
#include "inspect/dump_file.hpp"
#include "inspect/page.hpp"
#include "inspect/picture.hpp"
#include "inspect/summary.hpp"
#include "report_files.hpp"
#include "text_table.hpp"

#include <optional>
#include <ostream>

namespace flux::app {

void runInspect(const InspectOptions& options, std::ostream& out) {
  const std::size_t wanted = options.diff ? 2 : 1;
  if (options.files.size() != wanted) {
    throw badUse(options.diff ? "inspect --diff takes two dumps: the one before and the one after"
                              : "inspect takes one dump; --diff compares two");
  }
  for (const std::filesystem::path& file : {options.html, options.svg}) {
    if (!file.empty()) requireWritable(file.has_parent_path() ? file.parent_path() : ".");
  }
  const DumpFile dump = readDump(options.files.back());
  try {
    std::optional<DumpFile> before;
    std::optional<DumpDiff> diff;
    if (options.diff) {
      before = readDump(options.files.front());
      diff = diffOf(*before, dump);
      printDiff(*before, dump, *diff, out);
    } else {
      printSummary(dump, out);
    }
    TextTable table(out);
    if (!options.html.empty()) {
      writeWhole(options.html, pageOf(dump, before ? &*before : nullptr, diff ? &*diff : nullptr));
      table.row("page", options.html.string());
    }
    if (!options.svg.empty()) {
      writeWhole(options.svg, pictureOf(dump));
      table.row("picture", options.svg.string());
    }
  } catch (const nlohmann::json::exception& error) {
    throw Failure("'" + dump.name + "' is no dump of version 2: " + error.what());
  }
}

}  // namespace flux::app
