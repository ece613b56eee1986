#include "inspect/run_series.hpp"

#include "failure.hpp"
#include "inspect/recorded_run.hpp"

#include <algorithm>
#include <numeric>

namespace flux::app {
namespace {

using RunSeriesTest = RecordedRun;

TEST_F(RunSeriesTest, EachStepHasWhatItReported) {
  runRandomly(600);
  const PoolStats stats = pool->stats();
  const RunSeries series = readSeries(readerOf(recording()));
  ASSERT_EQ(series.steps.size(), reports.size());
  EXPECT_FALSE(series.truncated || series.damage);
  EXPECT_EQ(series.device, "Host memory");
  EXPECT_EQ(series.pool.value("hardLimitBytes"), 2 * kMiB);
  const auto sum = [&](const char* line) {
    const std::vector<double>& values = series.line(line);
    return std::accumulate(values.begin(), values.end(), 0.0);
  };
  for (std::size_t i = 0; i < reports.size(); ++i) {
    ASSERT_EQ(series.line("uploaded")[i], reports[i].uploadedBytes) << i;
    ASSERT_EQ(series.line("reclaimed")[i], reports[i].reclaimedBytes) << i;
    ASSERT_EQ(series.line("blocks arrived")[i], reports[i].completedBlocks) << i;
  }
  EXPECT_EQ(sum("uploaded"), stats.uploadedBytes);
  EXPECT_EQ(sum("chunks made"), stats.chunksCreated);
  EXPECT_EQ(sum("publishes put off"), stats.deferredPublishes);
  EXPECT_GT(sum("reclaimed"), 0);
  EXPECT_GT(series.publishes.size(), 10U);
  EXPECT_TRUE(std::ranges::is_sorted(series.frames, {}, &RunFrame::began));
  for (const RunLine& line : series.lines) EXPECT_EQ(line.values.size(), series.steps.size()) << line.name;
}

TEST_F(RunSeriesTest, EachIdleStepIsAStep) {
  const std::chrono::steady_clock::time_point now{std::chrono::hours{1}};
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool->step({}, now));
  EXPECT_FALSE(add("too much", 3 * kMiB));
  const RunSeries series = readSeries(readerOf(recording()));
  ASSERT_EQ(series.steps.size(), 50U);
  EXPECT_LT(series.events, 20U);
  EXPECT_TRUE(std::ranges::is_sorted(series.steps, {}, &RunSpan::began));
  for (std::size_t i = 0; i < series.steps.size(); ++i) EXPECT_EQ(series.line("step")[i], series.steps[i].took);
  EXPECT_EQ(series.marks.back().step, 50U) << "a call belongs to the step before it";
}

TEST_F(RunSeriesTest, WhatWaitsForAFrameLagsBehind) {
  const BlockHandle gone = add("gone", 1000).value();
  step();
  step();
  pool->publish();
  {
    const Frame frame = pool->beginFrame("holds it");
    ASSERT_TRUE(pool->remove(gone));
    pool->publish();
    for (int i = 0; i < 4; ++i) {
      step();
      pool->publish();
    }
  }
  step();
  step();
  const RunSeries series = readSeries(readerOf(recording()));
  EXPECT_EQ(series.line("retirement lag"), (std::vector<double>{0, 0, 0, 1, 2, 3, 0, 0}));
  EXPECT_EQ(series.line("open frames"), (std::vector<double>{0, 0, 1, 1, 1, 1, 0, 0}));
  ASSERT_EQ(series.frames.size(), 1U);
  EXPECT_EQ(series.frames[0].label, "holds it");
  EXPECT_EQ(series.frames[0].snapshot, 1U);
  EXPECT_EQ(series.frames[0].submits, 0U);
}

TEST_F(RunSeriesTest, MarksSayInWhichStepSomethingWentWrong) {
  step();
  step();
  EXPECT_FALSE(add("too much", 3 * kMiB));
  step();
  const RunSeries series = readSeries(readerOf(recording()));
  const auto refused = std::ranges::find_if(
      series.marks, [](const RunMark& mark) { return kRunMarks[mark.row].kind == RecordKind::Refused; });
  ASSERT_NE(refused, series.marks.end());
  EXPECT_EQ(refused->step, 2U) << "calls belong to the step before them";
  EXPECT_EQ(refused->text, "refused error='out of budget'");
}

TEST_F(RunSeriesTest, ACutRecordingIsReadUpToThere) {
  runRandomly(200);
  const std::string bytes = recording();
  const std::size_t all = readSeries(readerOf(bytes)).steps.size();
  int read = 0;
  for (std::size_t size = kRecordingMagic.size() + 1; size < bytes.size(); size += 1 + bytes.size() / 100) {
    try {
      const RunSeries series = readSeries(readerOf(bytes.substr(0, size)));
      EXPECT_TRUE(series.truncated);
      EXPECT_LE(series.steps.size(), all);
      ++read;
    } catch (const Failure& failure) {
      EXPECT_STREQ(failure.what(), "a recording without a pool");
    }
  }
  std::string damaged = bytes;
  damaged[damaged.size() / 2] ^= 1;
  try {
    EXPECT_TRUE(readSeries(readerOf(damaged)).damage);
  } catch (const Failure&) {
    ++read;
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace flux::app
