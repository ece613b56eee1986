#include "inspect/run_summary.hpp"

#include "printable.hpp"
#include "text_table.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

namespace flux::app {
namespace {

constexpr std::size_t kNamedRefusals = 20;

std::string valueText(double value, RunUnit unit) {
  switch (unit) {
    case RunUnit::Bytes:
      return bytesText(value);
    case RunUnit::Nanoseconds:
      return fixedText(value / 1e3, 1) + " us";
    case RunUnit::Part:
      return fixedText(100 * value, 1) + " %";
    case RunUnit::Count:
      break;
  }
  return countText(static_cast<std::uint64_t>(value));
}

void printLines(const std::vector<RunLine>& lines, std::ostream& out) {
  std::vector<std::vector<std::string>> rows{{"", "at the end", "at most", "in step", "in all"}};
  for (const RunLine& line : lines) {
    const auto most = std::ranges::max_element(line.values);
    if (most == line.values.end() || *most == 0) continue;
    double sum = 0;
    for (const double value : line.values) sum += value;
    rows.push_back({line.name, valueText(line.values.back(), line.unit), valueText(*most, line.unit),
                    countText(static_cast<std::uint64_t>(most - line.values.begin()) + 1),
                    line.addsUp ? valueText(sum, line.unit) : ""});
  }
  if (rows.size() > 1) printColumns(rows, kIndent, out);
}

void printRefusals(const RunMaps& maps, TextTable& table, std::ostream& out) {
  table.row("refused", countText(maps.refusals.size()), "requests for memory");
  for (std::size_t i = 0; i < std::min(maps.refusals.size(), kNamedRefusals); ++i) {
    const RunRefusal& refusal = maps.refusals[i];
    out << kIndent << "step " << countText(refusal.firstStep);
    if (refusal.lastStep != refusal.firstStep) out << " to " << countText(refusal.lastStep);
    out << ": '" << printable(refusal.name) << "', " << refusal.error << ": " << refusal.explanation;
    if (refusal.times != 1) out << " (" << countText(refusal.times) << " times)";
    out << '\n';
  }
  if (maps.refusals.size() > kNamedRefusals) {
    out << kIndent << "and " << countText(maps.refusals.size() - kNamedRefusals) << " more (on the page)\n";
  }
}

}  // namespace

void printSummary(const RunSeries& series, const RunMaps& maps, std::ostream& out) {
  out << "flux inspect " << printable(maps.end.name) << ": recorded on " << printable(series.device) << '\n';
  TextTable table(out);
  table.row(
      "steps", countText(series.steps.size()),
      "in " + fixedText(static_cast<double>(series.end()) / 1e9, 2) + " s, " + countText(series.events) + " events");
  for (const std::string& problem : problemsOf(series, maps)) out << kIndent << printable(problem) << '\n';
  std::uint64_t longest = 0;
  for (const RunFrame& frame : series.frames) longest = std::max(longest, frame.ended - frame.began);
  table.row("frames", countText(series.frames.size()),
            "the longest was open for " + fixedText(static_cast<double>(longest) / 1e6, 1) + " ms");
  table.row("maps", countText(maps.stops.size()), "steps at which the memory is known");
  printLines(linesOf(series, maps), out);
  printRefusals(maps, table, out);
}

}  // namespace flux::app
