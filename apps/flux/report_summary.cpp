#include "report.hpp"
#include "text_table.hpp"

#include <ostream>

namespace flux::app {
namespace {

std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "none wanted";
  return fixedText(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

std::string verdict(const RunReport& report) {
  if (!report.verify) return "not verified (--verify does)";
  return report.invalidDraws == 0 ? "all right" : countText(report.invalidDraws) + " INVALID DRAWS";
}

}  // namespace

void printSummary(const RunReport& report, std::ostream& out) {
  out << "flux " << report.command << " on " << report.backend << ": " << report.device << '\n';
  TextTable table(out);
  const double rate = report.seconds > 0 ? static_cast<double>(report.frames) / report.seconds : 0;
  table.row("world", countText(report.objects) + " objects",
            "of " + countText(report.modelsLoaded) + " models, each with geometry of its own");
  table.row("frames", countText(report.frames) + (report.interrupted ? " (interrupted)" : ""),
            "in " + fixedText(report.seconds, 1) + " s, " + fixedText(rate, 1) + " a second; a frame takes " +
                fixedText(report.frameMs.p50, 1) + " ms (p50), " + fixedText(report.frameMs.p99, 1) + " ms (p99)");
  table.row("draws", countText(report.drawsWanted) + " wanted",
            countText(report.drawsIssued) + " issued, " + countText(report.drawsFallback) + " as fallback, " +
                countText(report.drawsSkipped) + " skipped");
  if (report.frames >= 60) {
    table.row("", share(report.drawsIssuedFrom60, report.drawsWantedFrom60), "issued from frame 60 on");
  }
  if (report.stillAfter != 0) {
    table.row("", "camera still",
              "after frame " + countText(report.stillAfter) + "; all in view was there " +
                  (report.framesToSettle ? countText(*report.framesToSettle) + " frames later" : "never"));
  }
  table.row("recorded", "by " + countText(report.renderThreads) + (report.renderThreads == 1 ? " thread" : " threads"),
            "a frame's slowest part takes " + fixedText(report.partImbalance, 2) + " times the mean (p50)");
  if (report.indirect) {
    table.row("indirect", countText(report.indirectCalls) + " calls",
              "drew all objects, looked up on the device; " + countText(report.recordMirrors) +
                  " mirrors of the records, " + fixedText(mirroredBytesPerFrame(report) / 1024, 1) +
                  " KiB a frame written to them");
  }
  table.row("verified", verdict(report),
            report.verify ? countText(report.verifiedParts) + " parts hashed in " + countText(report.verifiedBlocks) +
                                " of " + countText(report.wantedBlocks) + " blocks that were wanted"
                          : "");
  if (report.validate) table.row("validation", countText(report.validationMessages) + " messages");
  table.row("blocks", countText(report.blocksAdded) + " added",
            countText(report.blocksRemoved) + " removed, " + countText(report.blocksUpdated) + " updates, " +
                countText(report.misses) + " missed");
  if (report.budget != 0) {
    table.row("budget", bytesText(report.budget),
              countText(report.evictions) + " evictions (" + bytesText(report.evictedBytes) + "), " +
                  countText(report.restores) + " restores (" + bytesText(report.restoredBytes) + "); over it after " +
                  countText(report.stepsOverBudget) + " steps; " + bytesText(report.storeBytes) + " on the host");
    if (report.leastUploadedBytes != 0) {
      const double times = static_cast<double>(report.bytesUploaded) / static_cast<double>(report.leastUploadedBytes);
      table.row("", bytesText(report.bytesUploaded) + " uploaded",
                fixedText(times, 2) + " times what it takes to evict what is wanted again last (" +
                    bytesText(report.leastUploadedBytes) + ")");
    }
  }
  table.row("parts", countText(report.partsAdded) + " added",
            countText(report.partsRemoved) + " removed, to and from live blocks");
  table.row("uploaded", bytesText(report.bytesUploaded),
            bytesText(report.copiedBytes) + " copied on the device; staging never over " +
                bytesText(report.stagingPeakBytes));
  table.row("moved for room", countText(report.relocations) + " blocks",
            bytesText(report.relocatedBytes) + ", " + countText(report.crossChunkMoves) + " to another chunk; " +
                countText(report.compactions) + " compacted; " + countText(report.chunksReleased) + " chunks of " +
                bytesText(report.releasedBytes) + " given back");
  const double ratio = report.meanLiveBytes > 0 ? report.meanReservedBytes / report.meanLiveBytes : 0;
  table.row("geometry", bytesText(report.meanLiveBytes) + " live",
            bytesText(report.meanReservedBytes) + " reserved (" + fixedText(ratio, 2) + " times), in at most " +
                countText(report.peakChunks) + " chunks");
  table.row("", bytesText(report.oneCopyPerFrameBytes), "is what one copy for each frame in flight would take");
  table.row("geometry thread", fixedText(report.stepUs.p50, 0) + " us a step (p50)",
            fixedText(report.stepUs.p99, 0) + " us (p99), " + fixedText(report.stepUs.max, 0) +
                " us (max); a publish " + fixedText(report.publishUs.p50, 1) + " us (p50), " +
                fixedText(report.publishUs.p99, 1) + " us (p99)");
  table.row("", fixedText(report.stepCpuUs.p50, 0) + " us of it worked",
            fixedText(report.stepCpuUs.p99, 0) + " us (p99), " + fixedText(report.stepCpuUs.max, 0) + " us (max)");
}

}  // namespace flux::app
