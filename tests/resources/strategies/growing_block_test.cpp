#include <gtest/gtest.h>

#include "resources/strategies/strategy_test_tools.hpp"

namespace flux::test {
namespace {

TEST(GrowingBlock, SizeAndCapacityAreTwoThings) {
  StrategyRig rig("chunked");
  GrowingBlock block(*rig.strategy);
  EXPECT_EQ(block.capacity(), 0U);
  EXPECT_FALSE(block.place());
  ASSERT_TRUE(block.resize(1000));
  EXPECT_EQ(block.size(), 1000U);
  EXPECT_EQ(block.capacity(), 1024U);
  ASSERT_TRUE(block.resize(1024));
  EXPECT_EQ(block.capacity(), 1024U);
  ASSERT_TRUE(block.resize(10));
  EXPECT_EQ(block.size(), 10U);
  EXPECT_EQ(block.capacity(), 1024U);
  ASSERT_TRUE(block.resize(1025));
  EXPECT_EQ(block.capacity(), 2048U);
  EXPECT_EQ(block.place()->bytes, 2048U);
}

TEST(GrowingBlock, ShrinkToFitKeepsTheBytes) {
  StrategyRig rig("chunked");
  GrowingBlock block(*rig.strategy);
  ASSERT_TRUE(block.resize(100'000));
  rig.upload(*block.place(), 4);
  ASSERT_TRUE(block.resize(999));
  ASSERT_TRUE(block.shrinkToFit());
  EXPECT_EQ(block.capacity(), 999U);
  EXPECT_EQ(rig.strategy->stats().liveBytes, 999U);
  rig.finish();
  EXPECT_TRUE(rig.holds(block.place()->id, 999, 4));
  ASSERT_TRUE(block.resize(0));
  EXPECT_EQ(block.capacity(), 999U);
  ASSERT_TRUE(block.shrinkToFit());
  EXPECT_EQ(block.capacity(), 0U);
  EXPECT_FALSE(block.place());
  EXPECT_EQ(rig.strategy->stats().allocations, 0U);
  ASSERT_TRUE(block.resize(5));
  EXPECT_EQ(block.capacity(), 8U);
}

TEST(GrowingBlock, PushingAMillionTimesIsAmortised) {
  StrategyRig rig("chunked");
  GrowingBlock block(*rig.strategy);
  ASSERT_TRUE(block.resize(256));
  constexpr ByteCount kBytes = 1'000'000;
  for (ByteCount size = 1; size <= kBytes; ++size) ASSERT_TRUE(block.resize(size));
  EXPECT_LE(rig.strategy->stats().copies, 13U);
  EXPECT_LE(rig.strategy->stats().copiedBytes, 2 * kBytes);
}

TEST(GrowingBlock, GrowsByItsPolicyAndKeepsItsBytes) {
  const auto capacityAfter = [](GrowthPolicy policy) {
    StrategyRig rig("chunked");
    GrowingBlock block(*rig.strategy, policy);
    EXPECT_TRUE(block.resize(1 << 20));
    const ByteCount first = block.capacity();
    rig.upload(*block.place(), 9);
    EXPECT_TRUE(block.resize((1 << 20) + 1000));
    rig.finish();
    EXPECT_TRUE(rig.holds(block.place()->id, first, 9)) << toString(policy);
    return block.capacity();
  };
  EXPECT_EQ(capacityAfter(GrowthPolicy::Exponential), 2 * kMiB);
  EXPECT_GE(capacityAfter(GrowthPolicy::OneAndAHalf), kMiB + 1000);
  EXPECT_LE(capacityAfter(GrowthPolicy::OneAndAHalf), (kMiB + 1000) * 3 / 2);
  EXPECT_EQ(capacityAfter(GrowthPolicy::FixedStep), 2 * kMiB);
  EXPECT_EQ(capacityAfter(GrowthPolicy::Exact), kMiB + 1000);
}

TEST(GrowingBlock, AFailureKeepsWhatWasThere) {
  StrategyRig rig("chunked");
  GrowingBlock block(*rig.strategy, GrowthPolicy::Exponential, 16, 3000);
  ASSERT_TRUE(block.resize(1500));
  rig.upload(*block.place(), 2);
  EXPECT_TRUE(failsWith(block.resize(3001), ErrorCode::TooLarge));
  rig.device->failCall(1, ErrorCode::OutOfDeviceMemory);
  EXPECT_TRUE(failsWith(block.resize(2500), ErrorCode::OutOfDeviceMemory));
  EXPECT_EQ(block.size(), 1500U);
  EXPECT_EQ(block.capacity(), 2048U);
  EXPECT_TRUE(rig.holds(block.place()->id, 2048, 2));
  ASSERT_TRUE(block.resize(2500));
  EXPECT_EQ(block.capacity(), 3000U);
}

TEST(GrowingBlock, SurvivesAStrategyThatFreedEverything) {
  StrategyRig rig("linear");
  {
    GrowingBlock block(*rig.strategy);
    ASSERT_TRUE(block.resize(100));
    rig.strategy->freeAll();
    EXPECT_FALSE(block.place());
    EXPECT_TRUE(failsWith(block.resize(1000), ErrorCode::StaleHandle));
  }
  EXPECT_EQ(rig.strategy->stats().allocations, 0U);
}

}  // namespace
}  // namespace flux::test
