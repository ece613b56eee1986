#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>
#include <flux/passing_device.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <utility>
#include <vector>

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

TEST(PoolChunks, AnUpdateForWhichTheDeviceHasNoAllocationWaitsAndHoldsUpNobody) {
  // Two chunks and a page, through which everything goes step by step.
  const auto host = HostDevice::create({.completion = Completion::Immediate, .maxAllocations = 3});
  const auto pool = Pool::create(*host, leanPool()).value();
  const std::shared_ptr<std::byte[]> bytes(new std::byte[120'000]());
  const auto steps = [&] {
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(pool->step({.uploadBytes = 60'000}));
    pool->publish();
  };
  const auto add = [&](std::size_t size) {
    const PartDesc part{PartKind::Vertex, size, Source::owned(bytes, size)};
    const BlockHandle block = pool->add(test::blockDesc("mesh", {&part, 1})).value();
    steps();
    return block;
  };
  const auto update = [&](BlockHandle block, std::size_t size) {
    const PartUpdate all{PartId{0}, Source::owned(bytes, size)};
    ASSERT_TRUE(pool->update(block, {&all, 1}));
  };
  const auto versionOf = [&](BlockHandle block) { return pool->beginFrame().find(block).version; };
  const BlockHandle large = add(120'000);
  std::array<BlockHandle, 3> others;
  for (BlockHandle& other : others) other = add(120'000);
  const BlockHandle small = add(10'000);
  ASSERT_EQ(pool->stats().chunks, 2U);
  update(large, 120'000);
  update(small, 10'000);
  steps();
  EXPECT_EQ(versionOf(small), 2U);
  EXPECT_EQ(versionOf(large), 1U);
  EXPECT_EQ(pool->step()->waitingBlocks, 1U);
  EXPECT_EQ(pool->refusals().back().error.code, ErrorCode::TooManyChunks);
  ASSERT_TRUE(pool->remove(others[0]));
  pool->publish();
  steps();
  EXPECT_EQ(versionOf(large), 2U);
}

TEST(PoolChunks, AllocationsStayUnderTheLimitOfTheDeviceAndNoRequestGetsOneOfItsOwn) {
  constexpr std::uint32_t kLimit = 64;
  PoolDesc desc = leanPool();
  desc.chunkBytes = desc.firstChunkBytes = 64 * kKiB;
  const auto host = HostDevice::create({.completion = Completion::Immediate, .maxAllocations = kLimit});
  const auto pool = Pool::create(*host, desc).value();
  const std::vector<std::byte> bytes(3000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  bool refused = false;
  while (!refused) {
    const Result<BlockHandle> added = pool->add(test::blockDesc("mesh", {&part, 1}));
    refused = !added && added.error().code == ErrorCode::TooManyChunks;
    ASSERT_TRUE(added || refused || added.error().code == ErrorCode::StagingFull);
    const bool steps = !added || pool->stats().blocks % 20 == 0;
    ASSERT_TRUE(!steps || pool->step());
    const PoolStats stats = pool->stats();
    ASSERT_LE(stats.chunks + stats.stagingBytes / desc.stagingPageBytes, kLimit);
  }
  const PoolStats stats = pool->stats();
  EXPECT_GE(stats.chunks, kLimit - 8) << "the others are pages";
  EXPECT_GE(stats.blocks, 20 * stats.chunks);
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

class PriorityDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  void raisePriority(ChunkIndex index) noexcept override { raised.push_back(index); }
  std::vector<ChunkIndex> raised;
};

TEST(PoolChunks, WhatLivesLongIsTheLastToLeaveDeviceMemory) {
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  PriorityDevice device(*host);
  PoolDesc desc = test::smallPool();
  desc.spareChunks = 0;
  const auto pool = Pool::create(device, desc).value();
  ASSERT_TRUE(pool->reserve(desc.chunkBytes, Lifetime::Streaming));
  EXPECT_TRUE(device.raised.empty());
  ASSERT_TRUE(pool->reserve(desc.chunkBytes, Lifetime::LongLived));
  EXPECT_EQ(device.raised.size(), pool->stats().chunks - 1);
}

TEST(PoolChunks, AtMostOneSpare) {
  PoolDesc desc = test::smallPool();
  desc.spareChunks = 2;
  PoolFixture f;
  EXPECT_EQ(Pool::create(*f.host, desc).error().resourceName(), "PoolDesc::spareChunks");
}

/// A pool that grows by 64 chunks of 256 KiB, an eighth of a chunk a step, and what its `add` calls cost the device.
struct Growing {
  Growing() {
    PoolDesc desc = test::smallPool();
    desc.firstChunkBytes = desc.chunkBytes;
    pool = std::move(Pool::create(*faulty, desc).value());
    add();  // the first chunk, which nothing could foresee
  }
  void add() {
    const PartDesc part{PartKind::Vertex, 32 * kKiB, Source::bytes(bytes)};
    ASSERT_TRUE(pool->add(test::blockDesc("rock", {&part, 1})));
  }
  std::vector<std::byte> bytes = pattern(1, 0, 1, 32 * kKiB);
  std::unique_ptr<HostDevice> host = HostDevice::create({.completion = Completion::Immediate});
  std::unique_ptr<FaultyDevice> faulty = FaultyDevice::create(*host);
  std::unique_ptr<Pool> pool;
};

TEST(PoolChunks, NoRequestWaitsForTheDeviceWhileTheWorldGrows) {
  Growing world;
  std::uint64_t waited = 0;
  while (world.pool->stats().chunks < 65) {
    const std::uint64_t before = world.faulty->calls(DeviceCall::CreateChunk);
    world.add();
    waited += world.faulty->calls(DeviceCall::CreateChunk) - before;
    const Result<StepReport> report = world.pool->step();
    ASSERT_TRUE(report);
    EXPECT_LE(report->chunksCreated, 1U);
    world.pool->publish();
  }
  EXPECT_EQ(waited, 0U);
  EXPECT_EQ(world.pool->stats().chunksMadeAhead, 64U);
  EXPECT_LT(world.pool->stats().reservedBytes - world.pool->stats().liveBytes, 2 * 256 * kKiB);
}

TEST(PoolChunks, QuietStepsMakeTheChunksThatAreForeseen) {
  Growing world;
  for (std::uint32_t i = 1; world.pool->stats().chunks < 65; ++i) {
    world.add();
    StepQuota quota;
    quota.quiet = i % 3 == 0;
    const Result<StepReport> report = world.pool->step(quota);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->chunksCreated == 0 || quota.quiet) << i;
    world.pool->publish();
  }
}

TEST(PoolChunks, AChunkThatIsForeseenAndCannotBeHadIsNoErrorAndTriedAgainLater) {
  Growing world;
  world.faulty->failCall(DeviceCall::CreateChunk, 1, ErrorCode::OutOfDeviceMemory);
  for (int i = 0; i < 6; ++i) world.add();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(world.pool->step());
  EXPECT_EQ(world.faulty->calls(DeviceCall::CreateChunk), 2U) << "the first chunk, and one try";
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(world.pool->step());
  EXPECT_EQ(world.pool->stats().chunksMadeAhead, 1U);
}

TEST(PoolChunks, NothingIsMadeAheadOverTheLimitNorInASmallNorInALeanPool) {
  const auto chunksOf = [](const PoolDesc& desc) {
    PoolFixture f(Completion::Immediate, desc);
    for (int i = 0; i < 4; ++i) (void)f.add("rock", pattern(1, 0, 1, 60000));
    f.stepAndPublish(3);
    return f.pool->stats().chunks;
  };
  PoolDesc desc = test::smallPool();
  EXPECT_EQ(chunksOf(desc), 3U) << "64, 128 and 256 KiB: only just full size, with room";
  desc.firstChunkBytes = desc.chunkBytes;
  EXPECT_EQ(chunksOf(desc), 2U);
  desc.hardLimitBytes = desc.chunkBytes;
  EXPECT_EQ(chunksOf(desc), 1U);
  EXPECT_EQ(chunksOf(leanPool()), 1U);
}

TEST(PoolChunks, ReservedChunksStandReadyUntilTheyAreUsed) {
  PoolFixture f;
  ASSERT_TRUE(f.pool->reserve(600 * kKiB));
  EXPECT_EQ(f.pool->stats().reservedBytes, 768 * kKiB) << "three of full size";
  ASSERT_TRUE(f.pool->reserve(700 * kKiB));
  EXPECT_EQ(f.pool->stats().chunks, 3U) << "what is there counts";
  f.stepAndPublish(300);
  EXPECT_EQ(f.pool->stats().chunks, 3U) << "nothing has used them";

  std::vector<BlockHandle> blocks;
  for (int i = 0; i < 12; ++i) {
    blocks.push_back(f.add("mesh", pattern(1, 0, 1, 60000)));
    f.stepAndPublish();
  }
  EXPECT_EQ(f.pool->stats().chunksCreated - f.pool->stats().chunksMadeAhead, 3U) << "the scene needed no chunk more";
  for (const BlockHandle block : blocks) ASSERT_TRUE(f.pool->remove(block));
  f.stepAndPublish(400);
  EXPECT_EQ(f.pool->stats().chunks, 1U) << "used once, they go like all others";
}

TEST(PoolChunks, AReserveKeepsEmptyChunksThatAreThere) {
  PoolFixture f;
  ASSERT_TRUE(f.pool->reserve(512 * kKiB));
  const BlockHandle block = f.add("mesh", pattern(1, 0, 1, 60000));
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->remove(block));
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->reserve(512 * kKiB));
  EXPECT_EQ(f.pool->stats().chunksCreated, 2U);
  f.stepAndPublish(400);
  EXPECT_EQ(f.pool->stats().chunks, 2U);
}

TEST(PoolChunks, ASmallReserveMakesOneChunkOfTheRamp) {
  PoolFixture f;
  ASSERT_TRUE(f.pool->reserve(100 * kKiB, Lifetime::LongLived));
  EXPECT_EQ(f.pool->stats().reservedBytes, 128 * kKiB);
  const BlockHandle streaming = f.add("mesh", pattern(1, 0, 1, 64));
  EXPECT_EQ(f.pool->stats().chunks, 2U) << "each lifetime has its own";
  EXPECT_TRUE(f.pool->remove(streaming));
  ASSERT_TRUE(f.pool->reserve(0));
  EXPECT_EQ(f.pool->stats().chunks, 2U);
}

TEST(PoolChunks, AReserveRespectsTheHardLimitAndIsAllOrNothing) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 640 * kKiB;
  PoolFixture f(Completion::Immediate, desc);
  const Result<void> tooMuch = f.pool->reserve(641 * kKiB);
  ASSERT_FALSE(tooMuch);
  EXPECT_EQ(tooMuch.error().code, ErrorCode::OutOfBudget);
  EXPECT_EQ(tooMuch.error().resourceName(), "reserve");
  EXPECT_EQ(f.pool->stats().chunks, 0U);
  ASSERT_TRUE(f.pool->reserve(640 * kKiB)) << "the last chunk takes what the limit leaves";
  EXPECT_EQ(f.pool->stats().reservedBytes, 640 * kKiB);
}

TEST(PoolChunks, UnderPressureUnusedChunksGoLast) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 768 * kKiB;
  PoolFixture f(Completion::Immediate, desc);
  ASSERT_TRUE(f.pool->reserve(512 * kKiB));
  const auto longLived = [&](std::size_t bytes) {
    const auto data = pattern(2, 0, 1, bytes);
    const PartDesc part{PartKind::Vertex, bytes, Source::bytes(data)};
    BlockDesc block = test::blockDesc("ui", {&part, 1});
    block.lifetime = Lifetime::LongLived;
    return f.pool->add(block);
  };
  const BlockHandle first = longLived(200000).value();
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->remove(first));
  f.stepAndPublish(2);
  ASSERT_TRUE(longLived(130000));
  EXPECT_EQ(f.pool->stats().chunksReleased, 1U) << "the empty one";
  EXPECT_EQ(f.pool->stats().reservedBytes, 512 * kKiB + 128 * kKiB);
  ASSERT_TRUE(longLived(130000)) << "rather than refuse it";
  EXPECT_EQ(f.pool->stats().chunksReleased, 2U);
}

TEST(PoolChunks, EveryFailingChunkOfAReserveTakesTheOthersBack) {
  for (std::uint64_t k = 1; k <= 5; ++k) {
    SCOPED_TRACE(k);
    const auto host = HostDevice::create({.completion = Completion::Immediate});
    const auto faulty = FaultyDevice::create(*host);
    const std::unique_ptr<Pool> pool = std::move(Pool::create(*faulty, test::smallPool()).value());
    faulty->failCall(DeviceCall::CreateChunk, k, ErrorCode::OutOfDeviceMemory);
    const Result<void> failed = pool->reserve(5 * 256 * kKiB);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::OutOfDeviceMemory);
    EXPECT_EQ(pool->stats().reservedBytes, 0U);
    EXPECT_EQ(pool->stats().chunks, 0U);
    ASSERT_TRUE(pool->reserve(5 * 256 * kKiB));
    EXPECT_EQ(pool->stats().chunks, 5U);
  }
}

TEST(PoolChunks, AStartProfileReservesWhatItSays) {
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  const std::vector<std::pair<StartProfile, std::uint32_t>> profiles{{StartProfile::Simple2D, 2},
                                                                     {StartProfile::Complex2D, 8},
                                                                     {StartProfile::Scene3D, 48},
                                                                     {StartProfile::Large3D, 128}};
  for (const auto& [profile, mebibytes] : profiles) {
    const Result<std::unique_ptr<Pool>> pool = Pool::create(*host, poolDescFor(profile));
    ASSERT_TRUE(pool);
    EXPECT_EQ((*pool)->stats().reservedBytes, mebibytes * kMiB);
    EXPECT_EQ((*pool)->stats().chunks, std::max(mebibytes / 16, 1U));
  }
  PoolDesc desc = poolDescFor(StartProfile::Large3D);
  desc.hardLimitBytes = 64 * kMiB;
  EXPECT_EQ(Pool::create(*host, desc).error().code, ErrorCode::OutOfBudget);
}

TEST(PoolChunks, StreamingChurnNeverTouchesLongLivedBlocksOrTheirChunks) {
  PoolFixture f;
  std::vector<std::pair<BlockHandle, Place>> settled;
  for (std::uint32_t i = 0; i < 30; ++i) {
    const auto bytes = pattern(i, 0, 1, 3000 + 400 * i);
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    BlockDesc desc = test::blockDesc("ui", {&part, 1});
    desc.lifetime = Lifetime::LongLived;
    settled.emplace_back(f.pool->add(desc).value(), Place{});
    f.stepAndPublish();
  }
  f.stepAndPublish(2);
  std::vector<ChunkIndex> chunks;
  {
    const Frame frame = f.pool->beginFrame();
    for (auto& [block, place] : settled) {
      place = frame.find(block).place;
      chunks.push_back(place.chunk);
    }
  }

  std::mt19937 random(5);
  std::vector<BlockHandle> streaming;
  for (int i = 0; i < 1500; ++i) {
    if (streaming.size() < 40 || random() % 2 == 0) {
      streaming.push_back(f.add("mesh", pattern(1, 0, 1, 1 + random() % 50000)));
    } else {
      std::swap(streaming[random() % streaming.size()], streaming.back());
      ASSERT_TRUE(f.pool->remove(streaming.back()));
      streaming.pop_back();
    }
    f.stepAndPublish();
    if (i % 100 != 0) continue;
    const Frame frame = f.pool->beginFrame();
    for (const BlockHandle block : streaming) {
      const PartLookup found = frame.find(block, PartId{0});
      if (found.status != FindStatus::Resident) continue;
      EXPECT_EQ(std::count(chunks.begin(), chunks.end(), found.place.chunk), 0)
          << "a long-lived chunk holds nothing else";
    }
  }
  const Frame frame = f.pool->beginFrame();
  for (std::uint32_t i = 0; i < settled.size(); ++i) {
    const auto& [block, place] = settled[i];
    EXPECT_EQ(frame.find(block).place.chunk, place.chunk);
    EXPECT_EQ(frame.find(block).place.offset, place.offset);
    EXPECT_EQ(f.hashAt(frame.find(block, PartId{0}).place), hashBytes(pattern(i, 0, 1, 3000 + 400 * i)));
  }
}

}  // namespace
}  // namespace flux
