#include "inspect/inspect.hpp"

#include "failure.hpp"
#include "inspect/diff.hpp"
#include "inspect/dump_file.hpp"
#include "inspect/page.hpp"
#include "inspect/picture.hpp"
#include "inspect/run_maps.hpp"
#include "inspect/run_picture.hpp"
#include "inspect/run_series.hpp"
#include "inspect/run_summary.hpp"
#include "inspect/run_trace.hpp"
#include "inspect/summary.hpp"
#include "replay/recording_replay.hpp"
#include "report_files.hpp"
#include "text_table.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <ostream>

namespace flux::app {

namespace {

void inspectRecording(const InspectOptions& options, std::ostream& out) {
  const std::filesystem::path& file = options.files.front();
  const RunSeries series = readSeries(openRecording(file));
  std::vector<std::uint64_t> refused;
  for (const RunMark& mark : series.marks) {
    if (kRunMarks[mark.row].bad) refused.push_back(mark.step);
  }
  const std::vector<double>& blocks = series.line("blocks");
  const double most = blocks.empty() ? 0 : *std::ranges::max_element(blocks);
  const RunMaps maps = playMaps(openRecording(file), file.filename().string(),
                                chooseStops(series.steps.size(), static_cast<std::uint64_t>(most), refused));
  printSummary(series, maps, out);
  TextTable table(out);
  if (!options.html.empty()) {
    writeWhole(options.html, pageOf(series, maps));
    table.row("page", options.html.string());
  }
  if (!options.svg.empty()) {
    writeWhole(options.svg, pictureOf(series, maps));
    table.row("picture", options.svg.string());
  }
  if (!options.perfetto.empty()) {
    writeWhole(options.perfetto, traceOf(series, maps));
    table.row("trace", options.perfetto.string());
  }
}

/// A dump; or a recording at its end; or FILE@STEP, a recording right after that step.
DumpFile readState(const std::filesystem::path& input) {
  if (isRecording(input)) return dumpAfter(openRecording(input), input.filename().string(), std::nullopt);
  const std::string text = input.string();
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || std::filesystem::exists(input)) return readDump(input);
  std::uint64_t step = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + at + 1, end, step);
  const std::filesystem::path file = text.substr(0, at);
  if (error != std::errc{} || last != end || !isRecording(file)) return readDump(input);
  return dumpAfter(openRecording(file), input.filename().string(), step);
}

}  // namespace

void runInspect(const InspectOptions& options, std::ostream& out) {
  const std::size_t wanted = options.diff ? 2 : 1;
  if (options.files.size() != wanted) {
    throw badUse(options.diff ? "inspect --diff takes two dumps or recordings: the one before and the one after"
                              : "inspect takes one dump or recording; --diff compares two dumps");
  }
  for (const std::filesystem::path& file : {options.html, options.svg, options.perfetto}) {
    if (!file.empty()) requireWritable(file.has_parent_path() ? file.parent_path() : ".");
  }
  if (!options.diff && isRecording(options.files.front())) return inspectRecording(options, out);
  if (!options.perfetto.empty())
    throw badUse("inspect --perfetto takes a recording (flux view --record), and all of it");
  const DumpFile dump = readState(options.files.back());
  try {
    std::optional<DumpFile> before;
    std::optional<DumpDiff> diff;
    if (options.diff) {
      before = readState(options.files.front());
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
