#include "pool/refusal_log.hpp"

#include <gtest/gtest.h>

#include <string>

namespace flux {
namespace {

class RefusalLogTest : public testing::Test {
 protected:
  void note(std::string_view name, ByteCount bytes, std::uint64_t step, ErrorCode code = ErrorCode::OutOfBudget) {
    FitReport fit;
    fit.freeBytes = step;
    log.note(makeError(code, name, std::source_location::current()), {Lifetime::Streaming, bytes, 16}, fit, step);
  }
  RefusalLog log;
};

TEST_F(RefusalLogTest, TheSameAgainIsOneEntryThatCounts) {
  EXPECT_TRUE(log.entries().empty());
  note("mesh", 100, 1);
  note("mesh", 100, 2);
  note("mesh", 100, 9);
  ASSERT_EQ(log.entries().size(), 1U);
  const Refusal& refusal = log.entries()[0];
  EXPECT_EQ(refusal.times, 3U);
  EXPECT_EQ(refusal.firstStep, 1U);
  EXPECT_EQ(refusal.lastStep, 9U);
  EXPECT_EQ(refusal.fit.freeBytes, 9U) << "as it was the last time";
}

TEST_F(RefusalLogTest, AnotherNameSizeOrErrorIsAnotherEntry) {
  note("mesh", 100, 1);
  note("mesh", 200, 1);
  note("hill", 100, 1);
  note("mesh", 100, 1, ErrorCode::TooManyChunks);
  EXPECT_EQ(log.entries().size(), 4U);
}

TEST_F(RefusalLogTest, TheNewestIsTheLastAndTheOldestGoesFirst) {
  for (std::uint64_t i = 0; i < RefusalLog::kMost; ++i) note("block " + std::to_string(i), 100, i);
  note("block 0", 100, 50);  // the newest again
  note("one more", 100, 51);
  ASSERT_EQ(log.entries().size(), RefusalLog::kMost);
  EXPECT_EQ(log.entries().front().error.resourceName(), "block 2");
  EXPECT_EQ(log.entries()[RefusalLog::kMost - 2].error.resourceName(), "block 0");
  EXPECT_EQ(log.entries()[RefusalLog::kMost - 2].times, 2U);
  EXPECT_EQ(log.entries().back().error.resourceName(), "one more");
  EXPECT_EQ(log.entries().back().times, 1U) << "nothing is left of who was there before";
  EXPECT_EQ(log.entries().back().firstStep, 51U);
}

}  // namespace
}  // namespace flux
