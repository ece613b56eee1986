#include <gtest/gtest.h>

#include <random>

#include "resources/strategies/strategy_test_tools.hpp"

namespace flux::test {
namespace {

HostDeviceDesc immediateDevice() {
  HostDeviceDesc desc;
  desc.completion = HostDeviceDesc::Completion::Immediate;
  return desc;
}

TEST(Tiered, WastesAnEighthAtMost) {
  StrategyRig rig("tiered");
  std::mt19937 random(2);
  for (int i = 0; i < 4000; ++i) {
    const ByteCount octave = ByteCount{64} << random() % 12;
    (void)rig.allocate(octave + random() % octave, 4);
  }
  const StrategyStats stats = rig.strategy->stats();
  EXPECT_LE(8 * stats.paddingBytes, stats.liveBytes);
  EXPECT_GT(stats.paddingBytes, 0U);
}

TEST(Tiered, ThousandsOfSmallThingsShareFewBuffers) {
  StrategyRig rig("tiered");
  for (int i = 0; i < 20'000; ++i) (void)rig.allocate(8);
  EXPECT_LE(rig.strategy->stats().buffers, 8U);
}

TEST(Tiered, TheSameFrameAgainMakesNothing) {
  StrategyRig rig("tiered", {}, immediateDevice());
  std::uint64_t madeBySecond = 0;
  for (int frame = 1; frame <= 100; ++frame) {
    std::mt19937 random(8);  // the same frame
    std::vector<AllocationId> held;
    for (int i = 0; i < 300; ++i) {
      const ByteCount octave = ByteCount{16} << random() % 19;
      held.push_back(rig.allocate(octave + random() % octave).id);
      if (random() % 3 != 0) continue;
      const std::size_t gone = random() % held.size();
      ASSERT_TRUE(rig.strategy->free(held[gone]));
      held[gone] = held.back();
      held.pop_back();
    }
    rig.strategy->freeAll();
    rig.step();
    if (frame == 2) madeBySecond = rig.strategy->stats().buffersMade;
  }
  EXPECT_EQ(rig.strategy->stats().buffersMade, madeBySecond);
  EXPECT_GT(madeBySecond, 20U);
}

TEST(Tiered, OversizedIsExactToAGrainAndNotKeptForLong) {
  StrategyRig rig("tiered", {}, immediateDevice());
  const Allocation large = rig.allocate(4 * kMiB + 1);
  EXPECT_EQ(rig.strategy->buffer(large.buffer)->bytes, 4 * kMiB + 64 * kKiB);
  ASSERT_TRUE(rig.strategy->free(large.id));
  rig.step();
  const Allocation again = rig.allocate(4 * kMiB + 100);  // of the same size when rounded up
  EXPECT_EQ(again.buffer, large.buffer);
  ASSERT_TRUE(rig.strategy->free(again.id));
  for (int i = 0; i < 8; ++i) rig.step();
  EXPECT_EQ(rig.strategy->stats().buffers, 1U);
  rig.step();
  EXPECT_EQ(rig.strategy->stats().buffers, 0U);
}

TEST(Tiered, AfterADropItKeepsAQuarterMoreThanTheRecentPeak) {
  StrategyRig rig("tiered", {}, immediateDevice());
  for (int i = 0; i < 100; ++i) (void)rig.allocate(kMiB);
  rig.strategy->freeAll();
  rig.step();
  const auto frame = [&] {
    for (int i = 0; i < 20; ++i) (void)rig.allocate(kMiB);
    rig.strategy->freeAll();
    rig.step();
  };
  for (int i = 0; i < 58; ++i) frame();
  EXPECT_EQ(rig.strategy->stats().reservedBytes, 100 * kMiB) << "the peak is recent";
  for (int i = 0; i < 2; ++i) frame();
  EXPECT_LE(rig.strategy->stats().reservedBytes, 25 * kMiB);
  EXPECT_GE(rig.strategy->stats().reservedBytes, 20 * kMiB);
  const std::uint64_t made = rig.strategy->stats().buffersMade;
  for (int i = 0; i < 100; ++i) frame();
  EXPECT_EQ(rig.strategy->stats().buffersMade, made) << "what is used is not trimmed";
  rig.strategy->trim();
  EXPECT_EQ(rig.strategy->stats().reservedBytes, 0U);
}

TEST(Tiered, LimitsAreTheApplicationsChoice) {
  StrategyRig rig("tiered", {.tierLimits = {128, 1000, 10'240}});
  const Allocation medium = rig.allocate(1000);
  const Allocation large = rig.allocate(10'240);
  const Allocation oversized = rig.allocate(10'241);
  EXPECT_GT(rig.strategy->buffer(medium.buffer)->bytes, 60 * kKiB) << "a slab";
  EXPECT_EQ(rig.strategy->buffer(large.buffer)->bytes, 10'240U);
  EXPECT_EQ(rig.strategy->buffer(oversized.buffer)->bytes, 64 * kKiB);
}

TEST(Tiered, AHugeAlignmentTakesABufferAndNoMore) {
  StrategyRig rig("tiered");
  const Allocation aligned = rig.allocate(100, kGiB);
  EXPECT_EQ(aligned.offset, 0U);
  EXPECT_LE(rig.strategy->stats().reservedBytes, kMiB);
}

}  // namespace
}  // namespace flux::test
