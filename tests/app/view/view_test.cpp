#include "view/view.hpp"

#include "app/view_options.hpp"
#include "failure.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <sstream>

namespace flux::app {
namespace {

RunReport run(const ViewOptions& options, const ViewHooks& hooks = {}) {
  std::ostringstream progress;
  return runView(options, progress, hooks);
}

void expectSound(const RunReport& report) {
  EXPECT_EQ(failureOf(report), "");
  EXPECT_EQ(report.invalidDraws, 0U) << (report.firstInvalid.empty() ? "" : report.firstInvalid.front().object);
  EXPECT_EQ(report.drawsWanted, report.drawsIssued + report.drawsFallback + report.drawsSkipped);
  EXPECT_EQ(report.framesWithoutDrawsFrom10, 0U);
  EXPECT_GT(report.drawsIssued, 0U);
  EXPECT_GT(report.blocksUpdated, 0U);
}

void expectPartsThatComeAndGo(const RunReport& report) {
  EXPECT_GT(report.partsAdded, 20U);
  EXPECT_GT(report.partsRemoved, 20U);
  EXPECT_GT(report.verifiedAddedParts, 20U);
}

TEST(ViewTest, DrawsAVerifiedWorldWithThreads) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.renderThreads = 3;
  const RunReport report = run(options);
  expectSound(report);
  EXPECT_EQ(report.frames, 40U);
  EXPECT_EQ(report.objects, 500U);
  EXPECT_EQ(report.modelsLoaded, 2U);
  EXPECT_GT(report.verifiedParts, 0U);
}

TEST(ViewTest, StreamsCellsAlongTheFlightAndDrawsWhatIsWanted) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.frames = 140;
  options.validate = true;
  const RunReport report = run(options);
  expectSound(report);
  expectPartsThatComeAndGo(report);
  EXPECT_GT(report.blocksRemoved, 3U * 16U);  // several rows of 16 cells, with about 2 objects each
  EXPECT_GE(static_cast<double>(report.drawsIssuedFrom60), 0.95 * static_cast<double>(report.drawsWantedFrom60));
  EXPECT_EQ(report.verifiedBlocks, report.wantedBlocks);
  EXPECT_GT(report.copiedBytes, 0U);
  EXPECT_GE(report.peakReservedBytes, report.peakLiveBytes);
}

TEST(ViewTest, RunsOnASingleThread) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.frames = 140;
  options.singleThread = true;
  const RunReport report = run(options);
  expectSound(report);
  expectPartsThatComeAndGo(report);
  EXPECT_EQ(report.renderThreads, 1U);
  EXPECT_EQ(report.verifiedBlocks, report.wantedBlocks);
}

/// A sheet of so many by so many squares.
std::string sheet(int squares) {
  std::ostringstream obj;
  for (int i = 0; i <= squares; ++i) {
    for (int j = 0; j <= squares; ++j) obj << "v " << i << ' ' << (i * 7 + j * 5) % 11 << ' ' << j << '\n';
  }
  const int row = squares + 1;
  for (int i = 0; i < squares; ++i) {
    for (int j = 1; j <= squares; ++j) {
      const int at = i * row + j;
      obj << "f " << at << ' ' << at + 1 << ' ' << at + row + 1 << ' ' << at + row << '\n';
    }
  }
  return obj.str();
}

/// A world of some 30 MiB, of which 5 are in view.
ViewOptions heavyView(const TestFolder& folder) {
  ViewOptions options = smallView(folder);
  folder.write("models/sheet.obj", sheet(20));
  options.models = {folder.path() / "models/sheet.obj"};
  options.objects = 1800;
  options.singleThread = true;
  options.validate = true;
  return options;
}

void expectSoundWithinTheBudget(const RunReport& report) {
  expectSound(report);
  EXPECT_EQ(report.stepsOverBudget, 0U);
  EXPECT_LE(report.peakReservedBytes, report.budget);
}

TEST(ViewTest, DrawsMostOfWhatIsInViewWithAQuarterOfTheMemory) {
  const TestFolder folder;
  ViewOptions options = heavyView(folder);
  options.frames = 140;
  options.budget = 17 * kMiB / 2;
  const RunReport report = run(options);
  expectSoundWithinTheBudget(report);
  EXPECT_GE(report.meanLiveBytes, 4.0 * static_cast<double>(options.budget));
  EXPECT_GE(static_cast<double>(report.drawsIssuedFrom60), 0.6 * static_cast<double>(report.drawsWantedFrom60));
  EXPECT_LE(static_cast<double>(report.bytesUploaded), 1.5 * static_cast<double>(report.leastUploadedBytes));
  EXPECT_GT(report.evictions, 100U);
  EXPECT_GT(report.restores, 100U);
  EXPECT_GT(report.crossChunkMoves, 0U);
}

TEST(ViewTest, WhatFitsIsAllThereSoonAfterTheCameraStops) {
  const TestFolder folder;
  ViewOptions options = heavyView(folder);
  options.frames = 140;
  options.stillAfter = 100;
  options.budget = 12 * kMiB;
  const RunReport report = run(options);
  expectSoundWithinTheBudget(report);
  EXPECT_GT(report.restores, 100U);
  ASSERT_TRUE(report.framesToSettle.has_value());
  EXPECT_LE(*report.framesToSettle, 30U);
  EXPECT_LT(report.drawsIssuedFrom60, report.drawsWantedFrom60) << "while it flew not all was there";
}

TEST(ViewTest, LeavesAReportAndADump) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.json = folder.path() / "copy.json";
  const RunReport report = run(options);
  const auto json = nlohmann::json::parse(readText(options.out / "report.json"));
  EXPECT_EQ(json["frames"], 40);
  EXPECT_EQ(json["drawsWanted"], report.drawsWanted);
  EXPECT_EQ(readText(options.out / "report.json"), readText(options.json));
  const auto dump = nlohmann::json::parse(readText(options.out / "dump.json"));
  std::uint64_t drawn = 0;
  for (const auto& block : dump["blocks"]) drawn += block.contains("framesSinceUse") ? 1 : 0;
  EXPECT_GT(drawn, 0U);
  EXPECT_LT(drawn, dump["blocks"].size()) << "not all of the world is in view";
  EXPECT_EQ(dump["tags"].size(), 1 + World::kOwners.size());
  EXPECT_FALSE(std::filesystem::exists(options.out / "world.png"));
}

TEST(ViewTest, SkipsABrokenModelByName) {
  const TestFolder folder;
  const ViewOptions options = smallView(folder);
  folder.write("models/broken.obj", kBroken);
  std::ostringstream progress;
  const RunReport report = runView(options, progress);
  expectSound(report);
  ASSERT_EQ(report.modelsSkipped.size(), 1U);
  EXPECT_NE(report.modelsSkipped[0].file.find("broken.obj"), std::string::npos);
  EXPECT_NE(progress.str().find("broken.obj"), std::string::npos);
}

TEST(ViewTest, SurvivesALoaderThatCrashes) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  folder.write("models/crash.obj", kSquares);
  options.loader = CRASHING_LOADER;
  const RunReport report = run(options);
  expectSound(report);
  EXPECT_EQ(report.modelsLoaded, 2U);
  ASSERT_EQ(report.modelsSkipped.size(), 1U);
  EXPECT_NE(report.modelsSkipped[0].file.find("crash.obj"), std::string::npos);
}

TEST(ViewTest, AnInterruptEndsTheRunWithItsReport) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.frames = 1'000'000;
  ViewHooks hooks;
  hooks.beforeRecord = [](std::uint32_t part, std::uint64_t frame) {
    if (part == 0 && frame == 15) std::raise(SIGINT);
  };
  const RunReport report = run(options, hooks);
  expectSound(report);
  EXPECT_TRUE(report.interrupted);
  EXPECT_EQ(report.frames, 15U);
  EXPECT_EQ(nlohmann::json::parse(readText(options.out / "report.json"))["interrupted"], true);
}

TEST(ViewTest, ASpectatorSeesEveryFrameInOrder) {
  class Counter : public Spectator {
   public:
    void frameFinished(const FinishedFrame& frame) override { EXPECT_EQ(frame.frame, ++frames); }
    void poolStepped(const Pool&, const StepReport& report, std::chrono::nanoseconds) override {
      uploaded += report.uploadedBytes;
    }
    void runEnded(const Pool& pool) override { EXPECT_EQ(uploaded, pool.stats().uploadedBytes); }
    std::uint64_t frames = 0;
    ByteCount uploaded = 0;
  };
  const TestFolder folder;
  Counter counter;
  ViewHooks hooks;
  hooks.spectator = &counter;
  const RunReport report = run(smallView(folder), hooks);
  expectSound(report);
  EXPECT_EQ(counter.frames, 40U);
  EXPECT_EQ(counter.uploaded, report.bytesUploaded);
}

TEST(ViewTest, OnlyVulkanDrawsByHandle) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.indirect = true;
  try {
    (void)run(options);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(std::string(failure.what()), "--indirect: only --backend vulkan draws by handle, 'host' does not");
    EXPECT_EQ(failure.exitCode(), 2);
  }
}

TEST(ViewTest, SayWhatIsWrongInOneLine) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.models = {folder.write("broken.obj", kBroken)};
  try {
    (void)run(options);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("broken.obj"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(options.out));
}

}  // namespace
}  // namespace flux::app
