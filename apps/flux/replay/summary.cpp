#include "replay/result.hpp"
#include "text_table.hpp"

#include <ostream>
#include <vector>

namespace flux::app {
namespace {

std::string verdict(const ReplayResult& result) {
  const std::uint64_t invalid = result.counts.invalidDraws;
  if (invalid > 0) return countText(invalid) + " INVALID DRAWS";
  return result.verify ? "all right" : "not verified (--verify does)";
}

std::string nanoseconds(const Percentiles& times) {
  return fixedText(times.value(0.99), 0) + " ns (p99), " + fixedText(times.value(0.999), 0) + " ns (p99.9)";
}

std::string percent(double share) {
  return fixedText(100 * share, 1) + " %";
}

/// A row a policy, its figures in columns as wide as the widest.
void printPolicies(const std::vector<PolicyFigures>& policies, std::ostream& out) {
  std::vector<std::vector<std::string>> rows{{"policy", "made", "at once", "reserved (peak)", "efficiency",
                                              "fragmentation", "copied", "ns an operation", "failures"}};
  for (const PolicyFigures& figures : policies) {
    rows.push_back({figures.policy, countText(figures.creations), countText(figures.peakChunks),
                    mebibytesText(static_cast<double>(figures.peakReservedBytes)), percent(figures.efficiency),
                    percent(figures.fragmentation), bytesText(figures.copiedBytes), fixedText(figures.nsPerOp, 0),
                    countText(figures.failures)});
  }
  printColumns(rows, "  ", out);
}

}  // namespace

void printSummary(const ReplayResult& result, std::ostream& out) {
  const ReplayCounts& counts = result.counts;
  const ReplayTimes& times = result.times;
  out << "flux replay " << result.trace << " on " << result.backend << ": " << result.device << '\n';
  TextTable table(out);
  table.row("trace", result.source, result.scene);
  table.row("frames", countText(counts.frames) + (result.interrupted ? " (interrupted)" : ""),
            countText(counts.events) + " events in " + fixedText(result.seconds, 1) + " s" +
                (result.repeats > 1 ? ", " + countText(result.repeats) + " replays" : ""));
  table.row("objects", countText(counts.allocs) + " added",
            countText(counts.frees) + " removed, " + countText(counts.resizes) + " resized, " +
                countText(counts.updates) + " updates, " + bytesText(counts.uploadedBytes) + " uploaded");
  table.row("draws", countText(counts.draws),
            countText(counts.misses) + " of them " +
                (result.budget != 0 ? "of what was not there" : "before the first bytes were there"));
  if (result.budget != 0) {
    const double least = static_cast<double>(std::max<ByteCount>(counts.leastMovedBytes, 1));
    table.row("budget", bytesText(result.budget),
              countText(counts.evictions) + " evictions (" + bytesText(counts.evictedBytes) + "), " +
                  countText(counts.restores) + " restores (" + bytesText(counts.restoredBytes) + "); over it after " +
                  countText(counts.stepsOverBudget) + " steps");
    table.row("", bytesText(counts.movedBytes) + " moved",
              fixedText(static_cast<double>(counts.movedBytes) / least, 2) +
                  " times what it takes to evict what is wanted again last (" + bytesText(counts.leastMovedBytes) +
                  ")");
  }
  table.row("verified", verdict(result),
            result.verify ? bytesText(counts.verifiedBytes) + " in " + countText(counts.verifiedDraws) + " draws" : "");
  if (result.validationMessages > 0) {
    table.row("validation", countText(result.validationMessages) + " MESSAGES", result.firstValidationMessages[0]);
  }
  table.row("live", mebibytesText(static_cast<double>(counts.peakLiveBytes)) + " (peak)",
            mebibytesText(counts.meanLiveBytes) + " on average");
  const double ratio = counts.meanLiveBytes > 0 ? counts.meanReservedBytes / counts.meanLiveBytes : 0;
  table.row("reserved", mebibytesText(static_cast<double>(counts.peakReservedBytes)) + " (peak)",
            mebibytesText(counts.meanReservedBytes) + " on average (" + fixedText(ratio, 2) +
                " times live), in at most " + countText(counts.peakChunks) + " chunks; " +
                countText(counts.chunksCreated) + " made");
  if (result.ownReservedBytes != 0) {
    table.row("own allocator", mebibytesText(static_cast<double>(result.ownReservedBytes)) + " in the end",
              "in " + countText(result.ownChunks) + " blocks: what the program had");
  }
  table.row("moved for room", countText(counts.relocations) + " blocks",
            bytesText(counts.relocatedBytes) + "; " + countText(counts.compactions) + " compacted; " +
                countText(counts.chunksReleased) + " chunks of " + bytesText(counts.releasedBytes) + " given back");
  if (counts.meanSmallObjects > 0) {
    table.row("a small object", fixedText(counts.smallObjectSpaceBytes, 0) + " B in a block",
              "(" + fixedText(counts.smallObjectHeldBytes, 0) + " B of them held for frames) for " +
                  fixedText(counts.smallObjectBytes, 0) + " B asked for, and " +
                  fixedText(counts.smallObjectMetadataBytes, 1) + " B of metadata; " +
                  fixedText(counts.meanSmallObjects, 0) + " share blocks (all on average)");
  }
  if (counts.failures > 0) table.row("failures", countText(counts.failures) + " OBJECTS", "found no room");
  table.row("add", fixedText(times.alloc.value(0.5), 0) + " ns (p50)", nanoseconds(times.alloc));
  table.row("remove", fixedText(times.free.value(0.5), 0) + " ns (p50)", nanoseconds(times.free));
  table.row("add or remove", fixedText(medianOf(times.nsPerOp), 0) + " ns (mean)",
            "and " + fixedText(medianOf(times.deviceNsPerOp), 0) + " ns in which the device made chunks");
  table.row("step", fixedText(times.step.microseconds(0.5), 1) + " us (p50)",
            fixedText(times.step.microseconds(0.99), 1) + " us (p99), " + fixedText(times.step.microseconds(0.999), 1) +
                " us (p99.9), " + fixedText(times.step.microseconds(1), 1) + " us (max)");
  if (!result.policies.empty()) printPolicies(result.policies, out);
}

}  // namespace flux::app
