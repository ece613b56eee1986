#include "pool/pool_test_tools.hpp"

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;
using Completion = HostDeviceDesc::Completion;

/// No ramp, no spare, no hysteresis: reserved follows live as closely as chunks of one size can.
PoolDesc leanPool() {
  PoolDesc desc = test::smallPool();
  desc.firstChunkBytes = desc.chunkBytes;
  desc.spareChunks = 0;
  desc.emptyChunkSteps = 0;
  return desc;
}

TEST(PoolChunks, ALeanPoolGivesEveryEmptyChunkBackInTheSameStep) {
  PoolFixture f(Completion::Immediate, leanPool());
  std::vector<BlockHandle> blocks;
  for (int i = 0; i < 12; ++i) {
    blocks.push_back(f.add("mesh", pattern(1, 0, 1, 60000)));
    f.stepAndPublish();
  }
  EXPECT_EQ(f.pool->stats().chunks, 3U) << "the first one is full size";
  for (const BlockHandle block : blocks) ASSERT_TRUE(f.pool->remove(block));
  f.pool->publish();
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->chunksReleased, 3U);
  EXPECT_EQ(f.pool->stats().reservedBytes, 0U);
  EXPECT_EQ(f.pool->stats().chunksCreated, 3U);
  EXPECT_EQ(f.pool->stats().chunksReleased, 3U);
}

TEST(PoolChunks, ChunksThatAStepReleasesForRoomAreReported) {
  // Two chunks of 64 and 128 KiB stand empty when an update in a step needs one of 256.
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 512 * kKiB;
  PoolFixture f(Completion::Immediate, desc);
  const BlockHandle large = f.add("large", pattern(1, 0, 1, 200000));
  f.stepAndPublish(2);
  const BlockHandle small = f.add("small", pattern(2, 0, 1, 40000));
  const BlockHandle medium = f.add("medium", pattern(3, 0, 1, 100000));
  ASSERT_EQ(f.pool->stats().chunks, 3U);
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->remove(small));
  ASSERT_TRUE(f.pool->remove(medium));
  f.stepAndPublish(2);
  ASSERT_TRUE(f.update(large, pattern(1, 0, 2, 200000)));
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->waitingBlocks, 0U);
  EXPECT_EQ(report->chunksCreated, 1U);
  EXPECT_EQ(report->chunksReleased, 2U);
}

TEST(PoolChunks, AtMostOneSpare) {
  PoolDesc desc = test::smallPool();
  desc.spareChunks = 2;
  PoolFixture f;
  EXPECT_EQ(Pool::create(*f.host, desc).error().resourceName(), "PoolDesc::spareChunks");
}

}  // namespace
}  // namespace flux
