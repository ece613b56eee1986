#include <gtest/gtest.h>

#include "resources/strategies/strategy_test_tools.hpp"

namespace flux::test {
namespace {

TEST(Chunked, AddsChunksAndNeverCopies) {
  StrategyRig rig("chunked");
  std::vector<Allocation> made;
  for (int i = 0; i < 80; ++i) made.push_back(rig.allocate(kMiB));
  const StrategyStats stats = rig.strategy->stats();
  EXPECT_EQ(stats.buffers, 4U + 5U);  // 1, 2, 4 and 8 MiB, then chunks of 16
  EXPECT_EQ(stats.reservedBytes, (15 + 5 * 16) * kMiB);
  EXPECT_EQ(stats.copies, 0U);
  for (const Allocation& allocation : made) EXPECT_EQ(rig.strategy->find(allocation.id)->version, 0U);
}

TEST(Chunked, LargeRequestsGetAChunkOfTheirOwn) {
  StrategyRig rig("chunked");
  const Allocation large = rig.allocate(20 * kMiB + 5);
  EXPECT_EQ(rig.strategy->buffer(large.buffer)->bytes, 20 * kMiB + 64 * kKiB);
  EXPECT_NE(rig.allocate(16).buffer, large.buffer);
}

TEST(Chunked, EmptyChunksGoLaterAndOneStays) {
  StrategyRig rig("chunked");
  for (int i = 0; i < 80; ++i) (void)rig.allocate(kMiB);
  rig.strategy->freeAll();
  rig.finish();
  for (int i = 0; i < 115; ++i) rig.step();
  EXPECT_EQ(rig.strategy->stats().buffers, 9U);
  for (int i = 0; i < 20; ++i) rig.step();
  EXPECT_EQ(rig.strategy->stats().buffers, 1U);
  EXPECT_EQ(rig.strategy->stats().reservedBytes, 16 * kMiB);
  rig.strategy->trim();
  EXPECT_EQ(rig.strategy->stats().buffers, 0U);
}

TEST(Chunked, KeepsWithinTheDevicesLargestChunk) {
  StrategyRig rig("chunked", {.maxBufferBytes = 3 * kMiB});
  for (int i = 0; i < 10; ++i) EXPECT_LE(rig.strategy->buffer(rig.allocate(kMiB).buffer)->bytes, 3 * kMiB);
}

}  // namespace
}  // namespace flux::test
