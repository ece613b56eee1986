#include "report.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace flux::app {
namespace {

TEST(ReportTest, HasEveryFieldOfTheSchema) {
  RunReport report;
  report.frames = 7;
  report.modelsSkipped.push_back({"a.obj", "no triangles in it"});
  report.firstInvalid.push_back({3, "(0, 1) 2 duck.dae", "vertex", 4});
  const auto json = nlohmann::json::parse(toJson(report).dump());
  for (const char* field : {"backend",
                            "device",
                            "frames",
                            "drawsWanted",
                            "drawsIssued",
                            "drawsFallback",
                            "drawsSkipped",
                            "invalidDraws",
                            "verifiedBlocks",
                            "wantedBlocks",
                            "validationMessages",
                            "bytesUploaded",
                            "blocksAdded",
                            "blocksRemoved",
                            "blocksUpdated",
                            "partsAdded",
                            "partsRemoved",
                            "verifiedAddedParts",
                            "peakChunks",
                            "peakReservedBytes",
                            "peakLiveBytes",
                            "meanReservedBytes",
                            "meanLiveBytes",
                            "stagingPeakBytes",
                            "deferredPublishes",
                            "indirectCalls",
                            "recordMirrors",
                            "mirroredRecords",
                            "mirroredBytesPerFrame",
                            "copiedBytes",
                            "relocations",
                            "relocatedBytes",
                            "compactions",
                            "releasedBytes",
                            "chunksReleased",
                            "verifiedParts",
                            "firstInvalid",
                            "renderThreads",
                            "seed",
                            "objects",
                            "size",
                            "models",
                            "seconds",
                            "startedAt",
                            "interrupted",
                            "oneCopyPerFrameBytes",
                            "drawsWantedFrom60",
                            "drawsIssuedFrom60",
                            "framesWithoutDrawsFrom10",
                            "error",
                            "driver",
                            "refusedCalls",
                            "partImbalance",
                            "misses",
                            "stillAfter",
                            "framesToSettle",
                            "crossChunkMoves",
                            "leastUploadedBytes",
                            "maxVersionLagFrames"}) {
    EXPECT_TRUE(json.contains(field)) << field;
  }
  for (const char* percentile : {"p50", "p99", "p999"}) {
    for (const char* times : {"frameMs", "stepUs", "stepCpuUs", "publishUs"})
      EXPECT_TRUE(json[times].contains(percentile)) << times;
  }
  for (const char* times : {"stepUs", "stepCpuUs"}) EXPECT_TRUE(json[times].contains("max")) << times;
  EXPECT_EQ(json["frames"], 7);
  EXPECT_EQ(json["models"]["skipped"][0]["file"], "a.obj");
  EXPECT_EQ(json["firstInvalid"][0]["part"], "vertex");
  EXPECT_EQ(json["firstInvalid"][0]["version"], 4);
}

TEST(ReportTest, ACleanRunIsNoFailure) {
  EXPECT_EQ(failureOf(RunReport{}), "");
}

TEST(ReportTest, InvalidDrawsAreAFailureThatNamesTheFirst) {
  RunReport report;
  report.invalidDraws = 12;
  report.firstInvalid.push_back({3, "(0, 1) 2 duck.dae", "vertex", 4});
  const std::string line = failureOf(report);
  EXPECT_NE(line.find("12 invalid draws"), std::string::npos);
  EXPECT_NE(line.find("duck.dae"), std::string::npos);
}

TEST(ReportTest, ValidationMessagesAndErrorsAreFailures) {
  RunReport report;
  report.validationMessages = 1;
  report.firstValidationMessages = {"WRITE_AFTER_READ"};
  EXPECT_NE(failureOf(report).find("WRITE_AFTER_READ"), std::string::npos);
  report.error = "device lost";
  EXPECT_EQ(failureOf(report), "device lost");
}

}  // namespace
}  // namespace flux::app
