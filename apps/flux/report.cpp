#include "report.hpp"

#include <flux/snapshot.hpp>

#include <nlohmann/json.hpp>

namespace flux::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson toJson(const FrameTimes& times) {
  return {{"p50", times.p50}, {"p99", times.p99}, {"p999", times.p999}};
}

OrderedJson toJson(const StepTimes& times) {
  return {{"p50", times.p50}, {"p99", times.p99}, {"p999", times.p999}, {"max", times.max}};
}

OrderedJson toJson(const std::vector<SkippedFile>& files) {
  OrderedJson list = OrderedJson::array();
  for (const SkippedFile& file : files) list.push_back({{"file", file.file}, {"reason", file.reason}});
  return list;
}

}  // namespace

OrderedJson toJson(const std::vector<InvalidDraw>& draws) {
  OrderedJson list = OrderedJson::array();
  for (const InvalidDraw& draw : draws) {
    list.push_back({{"frame", draw.frame}, {"object", draw.object}, {"part", draw.part}, {"version", draw.version}});
  }
  return list;
}

std::string invalidDrawsText(std::uint64_t count, const std::vector<InvalidDraw>& first) {
  std::string text = std::to_string(count) + " invalid draws";
  if (first.empty()) return text;
  return text + "; the first: " + first[0].object + ", " + first[0].part + ", version " +
         std::to_string(first[0].version) + ", frame " + std::to_string(first[0].frame);
}

std::string validationText(std::uint64_t count, const std::vector<std::string>& first) {
  const std::string text = std::to_string(count) + " validation messages";
  return first.empty() ? text : text + "; the first: " + first.front();
}

double mirroredBytesPerFrame(const RunReport& report) {
  if (report.frames == 0) return 0;
  return static_cast<double>(report.mirroredRecords * sizeof(DeviceRecord)) / static_cast<double>(report.frames);
}

OrderedJson toJson(const RunReport& report) {
  OrderedJson json;
  json["command"] = report.command;
  json["backend"] = report.backend;
  json["device"] = report.device;
  json["driver"] = report.driver;
  json["startedAt"] = report.startedAt;
  json["seed"] = report.seed;
  json["size"] = {{"width", report.width}, {"height", report.height}};
  json["objects"] = report.objects;
  json["renderThreads"] = report.renderThreads;
  json["singleThread"] = report.singleThread;
  json["indirect"] = report.indirect;
  json["budget"] = report.budget;
  json["defrag"] = report.defrag;
  json["lean"] = report.lean;
  json["stillAfter"] = report.stillAfter;
  json["verify"] = report.verify;
  json["validate"] = report.validate;
  json["models"] = {{"loaded", report.modelsLoaded}, {"skipped", toJson(report.modelsSkipped)}};
  json["frames"] = report.frames;
  json["seconds"] = report.seconds;
  json["interrupted"] = report.interrupted;
  json["error"] = report.error;
  json["drawsWanted"] = report.drawsWanted;
  json["drawsIssued"] = report.drawsIssued;
  json["drawsFallback"] = report.drawsFallback;
  json["drawsSkipped"] = report.drawsSkipped;
  json["drawsWantedFrom60"] = report.drawsWantedFrom60;
  json["drawsIssuedFrom60"] = report.drawsIssuedFrom60;
  json["framesToSettle"] = report.framesToSettle ? OrderedJson(*report.framesToSettle) : OrderedJson(nullptr);
  json["framesWithoutDrawsFrom10"] = report.framesWithoutDrawsFrom10;
  json["partImbalance"] = report.partImbalance;
  json["invalidDraws"] = report.invalidDraws;
  json["firstInvalid"] = toJson(report.firstInvalid);
  json["verifiedBlocks"] = report.verifiedBlocks;
  json["wantedBlocks"] = report.wantedBlocks;
  json["verifiedParts"] = report.verifiedParts;
  json["verifiedAddedParts"] = report.verifiedAddedParts;
  json["maxVersionLagFrames"] = report.maxVersionLagFrames;
  json["validationMessages"] = report.validationMessages;
  json["firstValidationMessages"] = report.firstValidationMessages;
  json["bytesUploaded"] = report.bytesUploaded;
  json["copiedBytes"] = report.copiedBytes;
  json["relocations"] = report.relocations;
  json["relocatedBytes"] = report.relocatedBytes;
  json["crossChunkMoves"] = report.crossChunkMoves;
  json["compactions"] = report.compactions;
  json["releasedBytes"] = report.releasedBytes;
  json["chunksReleased"] = report.chunksReleased;
  json["blocksAdded"] = report.blocksAdded;
  json["blocksRemoved"] = report.blocksRemoved;
  json["blocksUpdated"] = report.blocksUpdated;
  json["partsAdded"] = report.partsAdded;
  json["partsRemoved"] = report.partsRemoved;
  json["misses"] = report.misses;
  json["evictions"] = report.evictions;
  json["restores"] = report.restores;
  json["evictedBytes"] = report.evictedBytes;
  json["restoredBytes"] = report.restoredBytes;
  json["leastUploadedBytes"] = report.leastUploadedBytes;
  json["storeBytes"] = report.storeBytes;
  json["stepsOverBudget"] = report.stepsOverBudget;
  json["refusedCalls"] = report.refusedCalls;
  json["deferredPublishes"] = report.deferredPublishes;
  json["indirectCalls"] = report.indirectCalls;
  json["recordMirrors"] = report.recordMirrors;
  json["mirroredRecords"] = report.mirroredRecords;
  json["mirroredBytesPerFrame"] = mirroredBytesPerFrame(report);
  json["peakChunks"] = report.peakChunks;
  json["peakReservedBytes"] = report.peakReservedBytes;
  json["peakLiveBytes"] = report.peakLiveBytes;
  json["meanReservedBytes"] = report.meanReservedBytes;
  json["meanLiveBytes"] = report.meanLiveBytes;
  json["stagingPeakBytes"] = report.stagingPeakBytes;
  json["oneCopyPerFrameBytes"] = report.oneCopyPerFrameBytes;
  json["frameMs"] = toJson(report.frameMs);
  json["stepUs"] = toJson(report.stepUs);
  json["stepCpuUs"] = toJson(report.stepCpuUs);
  json["publishUs"] = toJson(report.publishUs);
  return json;
}

std::string failureOf(const RunReport& report) {
  if (!report.error.empty()) return report.error;
  if (report.invalidDraws > 0) return invalidDrawsText(report.invalidDraws, report.firstInvalid);
  if (report.validationMessages > 0) return validationText(report.validationMessages, report.firstValidationMessages);
  return {};
}

}  // namespace flux::app
