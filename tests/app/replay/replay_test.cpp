#include "replay/replay.hpp"

#include "app/flipping_device.hpp"
#include "app/test_files.hpp"
#include "failure.hpp"

#include <flux/passing_device.hpp>

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace flux::app {
namespace {

const std::string kHeader = "# gtrace 1 source=game-2.0 scene=walk seconds=1 frames=60\n";

/// A device that is used up after a number of chunks.
class FullDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override {
    if (++made_ > 1) return Unexpected(makeError(ErrorCode::OutOfDeviceMemory, "createChunk", {}, {bytes, 0}));
    return inner_.createChunk(index, bytes);
  }

 private:
  int made_ = 0;
};

/// Raises an interrupt after a few steps.
class InterruptingDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  Result<void> poll() override {
    if (++polls_ == 12) std::raise(SIGINT);
    return inner_.poll();
  }

 private:
  int polls_ = 0;
};

/// FLUX_TEST_BACKEND names another back end than host.
class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    options_.verify = true;
    if (const char* backend = std::getenv("FLUX_TEST_BACKEND")) options_.backend = backend;
  }
  std::vector<ReplayResult> runAll() {
    std::ostringstream progress;
    return runReplay(options_, progress, hooks_);
  }
  ReplayResult run(const std::string& events) {
    options_.traces = {folder_.write("t.gtrace", kHeader + events)};
    return runAll().front();
  }
  template <class Fault>
  void plant() {
    hooks_.wrapDevice = [](Device& inner) { return std::make_unique<Fault>(inner); };
  }

  TestFolder folder_;
  ReplayOptions options_;
  ReplayHooks hooks_;
};

/// Draws object 1 in so many frames.
std::string drawnFrames(int frames, const std::string& before = {}) {
  std::string text;
  for (int frame = 0; frame < frames; ++frame) text += before + "D 1\nF\n";
  return text;
}

TEST_F(ReplayTest, CountsWhatTheTraceDoes) {
  options_.lean = true;
  options_.chunkBytes = 64 * kKiB;
  // Live: 30,000 bytes and 20,000, then 20,000, then 20,000 and 24,000.
  const ReplayResult result =
      run("A 1 vertex 30000\nA 2 index 20000\nF\n"
          "X 1\nF\n"
          "A 3 texture 10000\nR 3 24000\nU 2 0 100\nF\n");
  const ReplayCounts& counts = result.counts;
  EXPECT_EQ(failureOf(result), "");
  EXPECT_EQ(counts.events, 9U);
  EXPECT_EQ(counts.frames, 3U);
  EXPECT_EQ(counts.allocs, 3U);
  EXPECT_EQ(counts.frees, 1U);
  EXPECT_EQ(counts.resizes, 1U);
  EXPECT_EQ(counts.updates, 1U);
  EXPECT_EQ(counts.updatesBeforeUpload, 0U);
  EXPECT_EQ(counts.peakLiveBytes, 50'000U);
  EXPECT_DOUBLE_EQ(counts.meanLiveBytes, (50'000.0 + 20'000 + 44'000) / 3);
  // A chunk holds the first two. In the third frame the place of object 1 still waits for its frames, as long as these
  // finish late: what is left takes object 3 as it is made, and a second chunk as it grows.
  if (options_.backend == "host") {
    EXPECT_EQ(counts.peakChunks, 2U);
    EXPECT_EQ(counts.peakReservedBytes, 128 * kKiB);
    EXPECT_DOUBLE_EQ(counts.meanReservedBytes, (64.0 + 64 + 128) / 3 * kKiB);
  }
  EXPECT_EQ(result.times.alloc.count(), 4U);
  EXPECT_EQ(result.times.free.count(), 2U);
  EXPECT_GE(result.times.step.count(), 3U);
  EXPECT_EQ(result.source, "game-2.0");
}

TEST_F(ReplayTest, LeanKeepsNoEmptyChunk) {
  options_.chunkBytes = 64 * kKiB;
  const std::string events = "A 1 vertex 30000\nF\nF\nF\nX 1\nF\nF\nF\nF\nF\nF\n";
  EXPECT_EQ(run(events).counts.chunksReleased, 0U);
  options_.lean = true;
  EXPECT_EQ(run(events).counts.chunksReleased, 1U);
}

TEST_F(ReplayTest, AnObjectFilledWhereItIsMadeIsUploadedOnce) {
  const ReplayResult result = run("A 1 vertex 5000\nU 1 0 5000\n" + drawnFrames(6));
  EXPECT_EQ(result.counts.updatesBeforeUpload, 1U);
  EXPECT_EQ(result.counts.uploadedBytes, 5000U);
  EXPECT_GT(result.counts.misses, 0U);
  EXPECT_LT(result.counts.misses, 6U);
}

TEST_F(ReplayTest, VerifiesEveryVersionOfLargeAndSmallObjects) {
  std::string events = "A 1 vertex 100001\nA 2 uniform 7\nA 3 uniform 64\nA 4 uniform 100\n";
  for (int frame = 0; frame < 40; ++frame) {
    events += "U 1 0 4\nU 2 0 7\nD 1\nD 2\nD 3\nD 4\n";
    if (frame % 7 == 3) events += "R 3 " + std::to_string(60 + frame) + "\n";
    events += "F\n";
  }
  const ReplayResult result = run(events);
  EXPECT_EQ(failureOf(result), "");
  EXPECT_GT(result.counts.verifiedDraws, 100U);
  EXPECT_GT(result.counts.verifiedBytes, 40U * 50'000U / 4);
  EXPECT_GT(result.counts.meanSmallObjects, 2.0);
  EXPECT_GT(result.counts.smallObjectSpaceBytes, 64.0);
}

TEST_F(ReplayTest, VerifiesAnObjectOfManyMebibytesWhole) {  // one workgroup would take too many rounds of a loop
  const ReplayResult result = run("A 1 vertex 20971523\n" + drawnFrames(8));
  EXPECT_EQ(failureOf(result), "");
  EXPECT_GE(result.counts.verifiedBytes, 20 * kMiB);
}

TEST_F(ReplayTest, OneWrongByteIsFoundAndNamed) {
  plant<FlippingDevice>();
  for (const char* bytes : {"9000", "64", "5"}) {  // in a block of its own, in a shared one, in half a word
    const ReplayResult result = run(std::string("A 1 storage ") + bytes + "\n" + drawnFrames(6));
    EXPECT_GT(result.counts.invalidDraws, 0U) << bytes;
    const std::string failure = failureOf(result);
    EXPECT_NE(failure.find("invalid draws; the first: storage 1, bytes 0 to "), std::string::npos) << failure;
  }
}

TEST_F(ReplayTest, WhatFindsNoRoomIsAFailureAndTheRestGoesOn) {
  options_.lean = true;
  options_.chunkBytes = 64 * kKiB;
  plant<FullDevice>();
  const ReplayResult result =
      run("A 1 vertex 30000\nA 2 vertex 30000\nA 3 vertex 30000\nU 3 0 1\nD 3\nF\nR 3 20000\nX 3\n" + drawnFrames(4));
  EXPECT_EQ(result.counts.failures, 2U);
  EXPECT_NE(failureOf(result).find("2 objects found no room"), std::string::npos) << failureOf(result);
  EXPECT_NE(failureOf(result).find("vertex 3"), std::string::npos) << failureOf(result);
  EXPECT_GT(result.counts.verifiedDraws, 0U);
}

TEST_F(ReplayTest, StopsAfterTheFramesThatAreWanted) {
  options_.frames = 2;
  EXPECT_EQ(run("A 1 vertex 5000\n" + drawnFrames(5)).counts.frames, 2U);
}

TEST_F(ReplayTest, AnInterruptEndsWithWhatWasMeasured) {
  plant<InterruptingDevice>();
  options_.repeat = 3;
  const ReplayResult result = run("A 1 vertex 5000\n" + drawnFrames(50, "U 1 0 10\n"));
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.repeats, 1U);
  EXPECT_LT(result.counts.frames, 50U);
  EXPECT_EQ(failureOf(result), "");
}

TEST_F(ReplayTest, RepeatsAddUpTimesAndNothingElse) {
  options_.repeat = 3;
  const ReplayResult result = run("A 1 vertex 5000\n" + drawnFrames(5));
  EXPECT_EQ(result.repeats, 3U);
  EXPECT_EQ(result.counts.allocs, 1U);
  EXPECT_EQ(result.times.alloc.count(), 3U);
}

TEST_F(ReplayTest, PoliciesStandBesideThePool) {
  options_.policy = "all";
  const ReplayResult result = run("A 1 vertex 30000\nA 2 index 20000\nF\nX 1\nR 2 4000\nF\n");
  ASSERT_EQ(result.policies.size(), 5U);
  EXPECT_EQ(result.policies[0].policy, "pool");
  EXPECT_EQ(result.policies[1].policy, "chunked");
  for (const PolicyFigures& figures : result.policies) {
    EXPECT_EQ(figures.failures, 0U) << figures.policy;
    EXPECT_EQ(figures.peakLiveBytes, 50'000U) << figures.policy;
    EXPECT_GE(figures.peakReservedBytes, 50'000U) << figures.policy;
    EXPECT_GE(figures.creations, 1U) << figures.policy;
    EXPECT_GT(figures.efficiency, 0.0) << figures.policy;
    EXPECT_LT(figures.efficiency + figures.fragmentation, 1.0001) << figures.policy;
  }
  options_.policy = "tiered";
  EXPECT_EQ(run("A 1 vertex 30000\nF\n").policies.size(), 2U);
  options_.policy = "best";
  EXPECT_THROW(run("F\n"), Failure);
}

TEST_F(ReplayTest, JsonIsAnObjectForOneTraceAndAnArrayForSeveral) {
  const ReplayResult result = run("A 1 vertex 5000\n" + drawnFrames(5));
  const auto json = toJson(result);
  for (const char* name : {"trace", "events", "allocs", "frees", "resizes", "peakLiveBytes", "peakReservedBytes",
                           "peakChunks", "meanReservedBytes", "meanLiveBytes", "failures", "nsPerOp"}) {
    EXPECT_TRUE(json.contains(name)) << name;
  }
  for (const char* name : {"p50", "p99", "p999"}) {
    EXPECT_TRUE(json["allocNs"].contains(name) && json["freeNs"].contains(name) && json["stepUs"].contains(name));
  }
  EXPECT_TRUE(json["stepUs"].contains("max") && json["stepCpuUs"].contains("max"));
  EXPECT_EQ(json["peakLiveBytes"], 5000);
  EXPECT_FALSE(json.contains("policies"));

  options_.traces.push_back(folder_.write("u.gtrace", kHeader + "A 1 index 32\nF\n"));
  options_.json = folder_.path() / "results.json";
  EXPECT_EQ(toJson(runAll()).size(), 2U);
  const auto written = nlohmann::json::parse(readText(options_.json));
  ASSERT_TRUE(written.is_array());
  EXPECT_EQ(written[1]["peakLiveBytes"], 32);
}

TEST_F(ReplayTest, TheSummarySaysLiveBytesInMebibytes) {
  std::ostringstream out;
  printSummary(run("A 1 vertex 3145728\n" + drawnFrames(4)), out);
  EXPECT_NE(out.str().find("3.0 MiB (peak)"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("all right"), std::string::npos) << out.str();
}

// While the trace runs, with all that waits for frames. What frames hold and the gaps of uniform buffers' alignment are
// in the space.
TEST_F(ReplayTest, ASmallObjectOfTheRecordedRaceCostsAtMost64BytesOfMetadata) {
  if (options_.backend != "host")
    GTEST_SKIP() << "how long contents wait for frames is the same every time on host only";
  options_.verify = false;
  options_.traces = {FLUX_TRACES "/supertuxkart.gtrace.gz"};
  options_.frames = 1000;
  const ReplayCounts counts = runAll().front().counts;
  EXPECT_GT(counts.meanSmallObjects, 250.0);
  EXPECT_LE(counts.smallObjectMetadataBytes, 64.0);
  EXPECT_GE(counts.smallObjectMetadataBytes, 8.0 + 12.0) << "a row of the table and one of the layout are the least";
  EXPECT_GT(counts.smallObjectBytes, 500.0);
  EXPECT_LE(counts.smallObjectSpaceBytes, 1.35 * counts.smallObjectBytes);
  EXPECT_GT(counts.smallObjectHeldBytes, 0.0);
  EXPECT_LE(counts.smallObjectBytes + counts.smallObjectHeldBytes, counts.smallObjectSpaceBytes);
  const auto json = toJson(std::vector<ReplayResult>{runAll().front()});
  EXPECT_EQ(json["smallObjectMetadataBytes"], counts.smallObjectMetadataBytes) << "the same every time";
  EXPECT_EQ(json["smallObjectHeldBytes"], counts.smallObjectHeldBytes);
}

}  // namespace
}  // namespace flux::app
