#include "inspect/summary.hpp"

#include "printable.hpp"
#include "text_table.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace flux::app {
namespace {

using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

std::string percent(double part, double whole) {
  return whole == 0 ? "-" : fixedText(100 * part / whole, 1) + " %";
}

void printClasses(const DumpFile& dump, std::ostream& out) {
  Rows rows{{"class", "chunks", "reserved", "free", "largest hole", "fragmentation"}};
  for (const Json& chunks : dump.head.at("classes")) {
    if (chunks.at("chunks") == 0) continue;
    rows.push_back({chunks.at("class").get<std::string>(), chunks.at("chunks").dump(),
                    bytesText(chunks.at("reservedBytes").get<ByteCount>()),
                    bytesText(chunks.at("freeBytes").get<ByteCount>()),
                    bytesText(chunks.at("largestFreeBytes").get<ByteCount>()),
                    percent(chunks.at("fragmentation").get<double>(), 1)});
  }
  if (rows.size() > 1) printColumns(rows, kIndent, out);
}

void printOwners(const DumpFile& dump, std::ostream& out) {
  Rows rows{{"owner", "blocks", "live", "places", "holes", "uploaded", "moved"}};
  for (const Json& tag : dump.head.at("tags")) {
    const auto live = tag.at("liveBytes").get<ByteCount>();
    const auto places = tag.at("placeBytes").get<ByteCount>();
    const auto uploaded = tag.at("uploadedBytes").get<ByteCount>();
    if (live + places + uploaded == 0) continue;
    rows.push_back({printable(dump.tagName(tag.at("tag").get<std::uint8_t>())),
                    countText(tag.at("blocks").get<std::uint64_t>()), bytesText(live), bytesText(places),
                    bytesText(places - std::min(places, live)), bytesText(uploaded),
                    bytesText(tag.at("copiedBytes").get<ByteCount>())});
  }
  if (rows.size() > 1) printColumns(rows, kIndent, out);
}

/// What waits for the same thing, together.
void printWaiting(const DumpFile& dump, std::ostream& out) {
  struct Sum {
    std::uint64_t ranges = 0;
    ByteCount bytes = 0;
  };
  std::map<std::string, Sum> sums;
  for (const DumpRetired& range : dump.retired) {
    Sum& sum = sums[range.waitsFor];
    ++sum.ranges;
    sum.bytes += range.place.bytes;
  }
  for (const auto& [what, sum] : sums) {
    out << "    " << countText(sum.ranges) << (sum.ranges == 1 ? " range" : " ranges") << " of " << bytesText(sum.bytes)
        << (sum.ranges == 1 ? " waits for " : " wait for ") << what << '\n';
  }
}

void printStates(const DumpFile& dump, TextTable& table) {
  std::uint64_t absent = 0;
  std::uint64_t evicted = 0;
  std::uint64_t lost = 0;
  std::uint64_t waiting = 0;
  for (const DumpBlock& block : dump.blocks) {
    absent += block.state == DumpState::Absent ? 1 : 0;
    evicted += block.state == DumpState::Evicted ? 1 : 0;
    lost += block.state == DumpState::Lost ? 1 : 0;
    waiting += block.waitsFor.empty() ? 0 : 1;
  }
  std::string remark;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count != 0) remark += (remark.empty() ? "" : ", ") + countText(count) + what;
  };
  add(absent, " absent");
  add(evicted, " evicted");
  add(lost, " LOST");
  add(waiting, " with bytes on their way");
  table.row("blocks", countText(dump.blocks.size()), remark);
}

}  // namespace

void printSummary(const DumpFile& dump, std::ostream& out) {
  const Json& device = dump.head.at("device");
  const Json& stats = dump.head.at("stats");
  const auto bytes = [&](const char* field) { return stats.at(field).get<ByteCount>(); };
  out << "flux inspect " << printable(dump.name) << ": " << printable(device.at("backend").get<std::string>()) << ", "
      << printable(device.at("name").get<std::string>()) << '\n';
  TextTable table(out);
  if (device.at("lost").get<bool>()) table.row("device", "LOST", "its bytes are gone");
  table.row("step", countText(stats.at("steps").get<std::uint64_t>()),
            "snapshot " + stats.at("publishedSnapshot").dump() + ", " + stats.at("openFrames").dump() + " open frames");
  printStates(dump, table);
  table.row("live", bytesText(bytes("liveBytes")), "peak " + bytesText(bytes("peakLiveBytes")));
  table.row("reserved", bytesText(bytes("reservedBytes")),
            "peak " + bytesText(bytes("peakReservedBytes")) + ", limit " + bytesText(bytes("hardLimitBytes")));
  table.row("retired", bytesText(bytes("retiredBytes")));
  printWaiting(dump, out);
  for (const Json& frame : dump.head.at("frames")) {
    out << "    frame '" << printable(frame.at("label").get<std::string>()) << "' sees snapshot "
        << frame.at("snapshot").dump() << " since " << fixedText(frame.at("ageNs").get<double>() / 1e6, 1) << " ms\n";
  }
  table.row("chunks", countText(dump.chunks.size()));
  printClasses(dump, out);
  table.row("owners", countText(dump.head.at("tags").size() - 1));
  printOwners(dump, out);
  table.row("refused", countText(stats.at("refusals").get<std::uint64_t>()));
  for (const Json& refusal : dump.head.at("refusals")) {
    out << "    '" << printable(refusal.at("name").get<std::string>()) << "', "
        << printable(refusal.at("error").get<std::string>()) << ": "
        << printable(refusal.at("explanation").get<std::string>());
    if (refusal.at("times") != 1) out << " (" << refusal.at("times").dump() << " times)";
    out << '\n';
    if (const auto eviction = refusal.find("eviction"); eviction != refusal.end()) {
      out << "      now " << printable(eviction->at("explanation").get<std::string>()) << '\n';
    }
  }
}

}  // namespace flux::app
