#include "replay/result.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace flux::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson quantiles(const Percentiles& times) {
  return {{"p50", times.value(0.5)}, {"p99", times.value(0.99)}, {"p999", times.value(0.999)}};
}

/// In microseconds, and with the largest one: a step's is what a frame feels.
OrderedJson stepQuantiles(const Percentiles& times) {
  return {{"p50", times.microseconds(0.5)},
          {"p99", times.microseconds(0.99)},
          {"p999", times.microseconds(0.999)},
          {"max", times.microseconds(1)}};
}

OrderedJson toJson(const PolicyFigures& figures) {
  return {{"policy", figures.policy},
          {"failures", figures.failures},
          {"creations", figures.creations},
          {"peakChunks", figures.peakChunks},
          {"peakLiveBytes", figures.peakLiveBytes},
          {"peakReservedBytes", figures.peakReservedBytes},
          {"efficiency", figures.efficiency},
          {"fragmentation", figures.fragmentation},
          {"copiedBytes", figures.copiedBytes},
          {"nsPerOp", figures.nsPerOp},
          {"deviceNsPerOp", figures.deviceNsPerOp}};
}

}  // namespace

double medianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

OrderedJson toJson(const ReplayResult& result) {
  const ReplayCounts& counts = result.counts;
  OrderedJson json;
  json["trace"] = result.trace;
  json["source"] = result.source;
  json["scene"] = result.scene;
  json["ownReservedBytes"] = result.ownReservedBytes;
  json["ownChunks"] = result.ownChunks;
  json["backend"] = result.backend;
  json["device"] = result.device;
  json["driver"] = result.driver;
  json["chunkBytes"] = result.chunkBytes;
  json["budget"] = result.budget;
  json["lean"] = result.lean;
  json["defrag"] = result.defrag;
  json["share"] = result.share;
  json["verify"] = result.verify;
  json["repeats"] = result.repeats;
  json["interrupted"] = result.interrupted;
  json["seconds"] = result.seconds;
  json["events"] = counts.events;
  json["frames"] = counts.frames;
  json["allocs"] = counts.allocs;
  json["frees"] = counts.frees;
  json["resizes"] = counts.resizes;
  json["updates"] = counts.updates;
  json["updatesBeforeUpload"] = counts.updatesBeforeUpload;
  json["draws"] = counts.draws;
  json["misses"] = counts.misses;
  json["failures"] = counts.failures;
  json["firstFailures"] = counts.firstFailures;
  json["peakLiveBytes"] = counts.peakLiveBytes;
  json["peakReservedBytes"] = counts.peakReservedBytes;
  json["peakChunks"] = counts.peakChunks;
  json["meanReservedBytes"] = counts.meanReservedBytes;
  json["meanLiveBytes"] = counts.meanLiveBytes;
  json["meanRetiredBytes"] = counts.meanRetiredBytes;
  json["meanSmallObjects"] = counts.meanSmallObjects;
  json["smallObjectBytes"] = counts.smallObjectBytes;
  json["smallObjectSpaceBytes"] = counts.smallObjectSpaceBytes;
  json["smallObjectHeldBytes"] = counts.smallObjectHeldBytes;
  json["smallObjectMetadataBytes"] = counts.smallObjectMetadataBytes;
  json["chunksCreated"] = counts.chunksCreated;
  json["chunksReleased"] = counts.chunksReleased;
  json["releasedBytes"] = counts.releasedBytes;
  json["relocations"] = counts.relocations;
  json["relocatedBytes"] = counts.relocatedBytes;
  json["compactions"] = counts.compactions;
  json["uploadedBytes"] = counts.uploadedBytes;
  json["evictions"] = counts.evictions;
  json["restores"] = counts.restores;
  json["evictedBytes"] = counts.evictedBytes;
  json["restoredBytes"] = counts.restoredBytes;
  json["stepsOverBudget"] = counts.stepsOverBudget;
  json["movedBytes"] = counts.movedBytes;
  json["leastMovedBytes"] = counts.leastMovedBytes;
  json["invalidDraws"] = counts.invalidDraws;
  json["firstInvalid"] = toJson(counts.firstInvalid);
  json["verifiedDraws"] = counts.verifiedDraws;
  json["verifiedBytes"] = counts.verifiedBytes;
  json["validationMessages"] = result.validationMessages;
  json["firstValidationMessages"] = result.firstValidationMessages;
  json["allocNs"] = quantiles(result.times.alloc);
  json["freeNs"] = quantiles(result.times.free);
  json["nsPerOp"] = medianOf(result.times.nsPerOp);
  json["deviceNsPerOp"] = medianOf(result.times.deviceNsPerOp);
  json["stepUs"] = stepQuantiles(result.times.step);
  json["stepCpuUs"] = stepQuantiles(result.times.stepThread);
  for (const PolicyFigures& figures : result.policies) json["policies"].push_back(toJson(figures));
  return json;
}

PolicyFigures poolFigures(const ReplayResult& result) {
  const ReplayCounts& counts = result.counts;
  PolicyFigures figures;
  figures.policy = "pool";
  figures.failures = counts.failures;
  figures.creations = counts.chunksCreated;
  figures.peakChunks = counts.peakChunks;
  figures.peakLiveBytes = counts.peakLiveBytes;
  figures.peakReservedBytes = counts.peakReservedBytes;
  if (counts.meanReservedBytes > 0) {
    const double used = counts.meanLiveBytes + counts.meanRetiredBytes;
    figures.efficiency = counts.meanLiveBytes / counts.meanReservedBytes;
    figures.fragmentation = std::max(0.0, 1 - used / counts.meanReservedBytes);
  }
  figures.nsPerOp = medianOf(result.times.nsPerOp);
  figures.deviceNsPerOp = medianOf(result.times.deviceNsPerOp);
  return figures;
}

std::string failureOf(const ReplayResult& result) {
  const ReplayCounts& counts = result.counts;
  const auto named = [&](const std::string& what) { return result.trace + ": " + what; };
  if (counts.invalidDraws > 0) return named(invalidDrawsText(counts.invalidDraws, counts.firstInvalid));
  if (result.validationMessages > 0) {
    return named(validationText(result.validationMessages, result.firstValidationMessages));
  }
  if (counts.failures > 0) {
    return named(std::to_string(counts.failures) + " objects found no room; the first: " +
                 (counts.firstFailures.empty() ? "" : counts.firstFailures.front()));
  }
  return {};
}

}  // namespace flux::app
