#include "report.hpp"

#include <array>
#include <cstdio>
#include <ostream>
#include <string_view>

namespace flux::app {
namespace {

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string bytes(double value) {
  constexpr std::array<std::string_view, 4> kUnits{"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fixed(value, unit == 0 ? 0 : 1) + " " + std::string(kUnits[unit]);
}

std::string bytes(ByteCount value) {
  return bytes(static_cast<double>(value));
}

/// 1234567 as 1,234,567.
std::string count(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "none wanted";
  return fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

class Table {
 public:
  explicit Table(std::ostream& out) : out_(out) {}
  void row(std::string_view name, const std::string& value, const std::string& remark = {}) {
    constexpr std::size_t kNameWidth = 19;
    constexpr std::size_t kValueWidth = 26;
    std::string line = "  " + std::string(name);
    line.resize(kNameWidth, ' ');
    line += value;
    if (!remark.empty()) {
      line.resize(std::max(kNameWidth + kValueWidth, line.size() + 2), ' ');
      line += remark;
    }
    out_ << line << '\n';
  }

 private:
  std::ostream& out_;
};

std::string verdict(const RunReport& report) {
  if (!report.verify) return "not verified (--verify does)";
  return report.invalidDraws == 0 ? "all right" : count(report.invalidDraws) + " INVALID DRAWS";
}

}  // namespace

void printSummary(const RunReport& report, std::ostream& out) {
  out << "flux " << report.command << " on " << report.backend << ": " << report.device << '\n';
  Table table(out);
  const double rate = report.seconds > 0 ? static_cast<double>(report.frames) / report.seconds : 0;
  table.row("world", count(report.objects) + " objects",
            "of " + count(report.modelsLoaded) + " models, each with geometry of its own");
  table.row("frames", count(report.frames) + (report.interrupted ? " (interrupted)" : ""),
            "in " + fixed(report.seconds, 1) + " s, " + fixed(rate, 1) + " a second; a frame takes " +
                fixed(report.frameMs.p50, 1) + " ms (p50), " + fixed(report.frameMs.p99, 1) + " ms (p99)");
  table.row("draws", count(report.drawsWanted) + " wanted",
            count(report.drawsIssued) + " issued, " + count(report.drawsFallback) + " as fallback, " +
                count(report.drawsSkipped) + " skipped");
  if (report.frames >= 60) {
    table.row("", share(report.drawsIssuedFrom60, report.drawsWantedFrom60), "issued from frame 60 on");
  }
  table.row("recorded", "by " + count(report.renderThreads) + (report.renderThreads == 1 ? " thread" : " threads"),
            "a frame's slowest part takes " + fixed(report.partImbalance, 2) + " times the mean (p50)");
  table.row("verified", verdict(report),
            report.verify ? count(report.verifiedParts) + " parts hashed in " + count(report.verifiedBlocks) + " of " +
                                count(report.wantedBlocks) + " blocks that were wanted"
                          : "");
  if (report.validate) table.row("validation", count(report.validationMessages) + " messages");
  table.row("blocks", count(report.blocksAdded) + " added",
            count(report.blocksRemoved) + " removed, " + count(report.blocksUpdated) + " updates, " +
                count(report.misses) + " missed");
  table.row("uploaded", bytes(report.bytesUploaded),
            bytes(report.copiedBytes) + " copied on the device; staging never over " + bytes(report.stagingPeakBytes));
  const double ratio = report.meanLiveBytes > 0 ? report.meanReservedBytes / report.meanLiveBytes : 0;
  table.row("geometry", bytes(report.meanLiveBytes) + " live",
            bytes(report.meanReservedBytes) + " reserved (" + fixed(ratio, 2) + " times), in at most " +
                count(report.peakChunks) + " chunks");
  table.row("", bytes(report.oneCopyPerFrameBytes), "is what one copy for each frame in flight would take");
  table.row("geometry thread", fixed(report.stepUs.p50, 0) + " us a step (p50)",
            fixed(report.stepUs.p99, 0) + " us (p99), " + fixed(report.stepUs.max, 0) + " us (max); a publish " +
                fixed(report.publishUs.p50, 1) + " us (p50), " + fixed(report.publishUs.p99, 1) + " us (p99)");
}

}  // namespace flux::app
