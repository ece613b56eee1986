// What the host device finds wrong: memory given back too early, limits, calls that make no sense.

#include <gtest/gtest.h>
#include <flux/host.hpp>

#include <chrono>
#include <limits>
#include <vector>

#include "device/device_test_tools.hpp"

namespace flux {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Completion = HostDeviceDesc::Completion;

constexpr QueueId kDraw{1};
constexpr ChunkIndex kChunk{0};
constexpr ChunkIndex kOther{1};
constexpr StagingIndex kPage{0};
constexpr ByteCount kSize = 4096;

class HostFaults : public testing::Test {
 protected:
  void SetUp() override { start(Completion::Manual); }

  void start(Completion completion) {
    device_ = HostDevice::create({.completion = completion});
    ASSERT_TRUE(succeeds(device_->createChunk(kChunk, kSize)));
    ASSERT_TRUE(succeeds(device_->createChunk(kOther, kSize)));
    page_ = device_->openStaging(kPage, kSize).value();
  }

  TimelineValue submit(std::vector<CopyPiece> batch) { return device_->submit(batch).value(); }

  TimelineValue read(ChunkIndex chunk, ByteOffset offset, ByteCount bytes) {
    const HostRead read{chunk, offset, bytes, &hash_};
    return device_->submitReads(kDraw, {&read, 1}, {});
  }

  std::unique_ptr<HostDevice> device_;
  std::span<std::byte> page_;
  std::uint64_t hash_ = 0;
};

TEST_F(HostFaults, ReclaimedRangeIsPoisoned) {
  fill(page_, 1);
  const TimelineValue value = submit({fromPage(kPage, 0, kChunk, 0, kSize)});
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, value, 1s)));
  device_->rangeReclaimed(kChunk, 256, 512);
  EXPECT_TRUE(filledWith(device_->bytes(kChunk).subspan(0, 256), 1));
  EXPECT_TRUE(filledWith(device_->bytes(kChunk).subspan(256, 512), std::to_integer<unsigned char>(kPoison)));
  EXPECT_TRUE(filledWith(device_->bytes(kChunk).subspan(768), 1));
  EXPECT_EQ(device_->earlyReclaims(), 0U);
}

// The device's owner fills nothing: its steps take what they would take on a GPU.
TEST_F(HostFaults, TheQueuesPoisonBeforeTheirNextWork) {
  const Result<ChunkInfo> info = device_->createChunk(ChunkIndex{2}, kSize);
  ASSERT_TRUE(succeeds(info));
  const auto* const memory = reinterpret_cast<const std::byte*>(info->buffer);
  fill(page_, 1);
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, submit({fromPage(kPage, 0, ChunkIndex{2}, 0, kSize)}), 1s)));
  device_->rangeReclaimed(ChunkIndex{2}, 0, 512);
  EXPECT_TRUE(filledWith({memory, 512}, 1));
  const TimelineValue draw = read(ChunkIndex{2}, 0, 512);
  EXPECT_TRUE(filledWith({memory, 512}, 1));
  ASSERT_TRUE(succeeds(device_->wait(kDraw, draw, 1s)));
  EXPECT_EQ(hash_, hashBytes(std::vector<std::byte>(512, kPoison)));
  EXPECT_TRUE(filledWith({memory, 512}, std::to_integer<unsigned char>(kPoison)));
}

TEST_F(HostFaults, WhatTheHostMapsIsPoisonedAtOnce) {
  device_ = HostDevice::create({.completion = Completion::Manual, .directWriteBytes = kSize});
  ASSERT_TRUE(succeeds(device_->createChunk(kChunk, kSize)));
  const std::span<std::byte> mapped = device_->mapped(kChunk, 0, 256);
  EXPECT_TRUE(filledWith(mapped, std::to_integer<unsigned char>(kPoison)));
  fill(mapped, 1);
  ASSERT_TRUE(succeeds(device_->wait(kDraw, read(kChunk, 0, 256), 1s)));
  EXPECT_EQ(hash_, hashBytes(std::vector<std::byte>(256, std::byte{1})));
  device_->rangeReclaimed(kChunk, 0, 256);
  EXPECT_TRUE(filledWith(mapped, std::to_integer<unsigned char>(kPoison)));
}

TEST_F(HostFaults, CopiesIntoWrittenBytesAreCounted) {
  fill(page_, 1);
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, submit({fromPage(kPage, 0, kChunk, 0, 256)}), 1s)));
  EXPECT_EQ(device_->overwrites(), 0U) << "a new chunk";
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, submit({fromPage(kPage, 0, kChunk, 252, 8)}), 1s)));
  EXPECT_EQ(device_->overwrites(), 1U) << "the last four bytes had been written";
  device_->rangeReclaimed(kChunk, 0, 260);
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, submit({fromPage(kPage, 0, kChunk, 0, 260)}), 1s)));
  EXPECT_EQ(device_->overwrites(), 1U) << "reclaimed";
  device_->rangeReclaimed(kChunk, 0, 260);
  const_cast<std::byte&>(device_->bytes(kChunk)[100]) = std::byte{1};  // somebody still writes there
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, submit({fromPage(kPage, 0, kChunk, 0, 256)}), 1s)));
  EXPECT_EQ(device_->overwrites(), 2U);
}

TEST_F(HostFaults, ALostDeviceDoesNothingMore) {
  fill(page_, 1);
  const TimelineValue copy = submit({fromPage(kPage, 0, kChunk, 0, 256)});
  const TimelineValue draw = read(kChunk, 0, 256);
  device_->lose();
  EXPECT_EQ(device_->poll().error().code, ErrorCode::DeviceLost);
  EXPECT_GE(device_->completed(kCopyQueue), copy) << "a value that means nothing";
  device_->complete(kCopyQueue, copy);
  device_->complete(kDraw, draw);
  EXPECT_TRUE(filledWith(device_->bytes(kChunk).first(256), std::to_integer<unsigned char>(kPoison)));
  EXPECT_EQ(hash_, 0U);
  EXPECT_EQ(device_->createChunk(ChunkIndex{7}, 256).error().code, ErrorCode::DeviceLost);
  EXPECT_EQ(device_->openStaging(StagingIndex{7}, 256).error().code, ErrorCode::DeviceLost);
  EXPECT_EQ(device_->sealStaging(kPage, 256).error().code, ErrorCode::DeviceLost);
  const CopyPiece piece = fromPage(kPage, 0, kChunk, 0, 256);
  EXPECT_EQ(device_->submit({&piece, 1}).error().code, ErrorCode::DeviceLost);
  EXPECT_EQ(device_->wait(kCopyQueue, copy, 1s).error().code, ErrorCode::DeviceLost);
  device_->rangeReclaimed(kChunk, 0, 256);
  EXPECT_EQ(device_->earlyReclaims(), 0U) << "nothing can read it any more";
}

TEST_F(HostFaults, RangeReclaimedUnderADrawIsCountedAndSeenByIt) {
  fill(page_, 1);
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, submit({fromPage(kPage, 0, kChunk, 0, 256)}), 1s)));
  const std::uint64_t good = hashBytes(page_.first(256));
  const TimelineValue draw = read(kChunk, 0, 256);
  device_->rangeReclaimed(kChunk, 252, 100);
  EXPECT_EQ(device_->earlyReclaims(), 1U);
  device_->complete(kDraw, draw);
  EXPECT_NE(hash_, good);
}

TEST_F(HostFaults, RangeReclaimedUnderACopyIsCounted) {
  (void)submit({fromChunk(kChunk, 0, kOther, 1024, 256)});
  device_->rangeReclaimed(kChunk, 255, 1);
  EXPECT_EQ(device_->earlyReclaims(), 1U);
  device_->rangeReclaimed(kOther, 1024, 256);
  EXPECT_EQ(device_->earlyReclaims(), 2U);
}

TEST_F(HostFaults, NeighboursAreNotCounted) {
  (void)submit({fromChunk(kChunk, 256, kOther, 1024, 256)});
  (void)read(kChunk, 1024, 256);
  device_->rangeReclaimed(kChunk, 0, 256);
  device_->rangeReclaimed(kChunk, 512, 512);
  device_->rangeReclaimed(kChunk, 1280, kSize - 1280);
  device_->rangeReclaimed(kOther, 0, 1024);
  device_->rangeReclaimed(kOther, 1280, 256);
  EXPECT_EQ(device_->earlyReclaims(), 0U);
}

TEST_F(HostFaults, DirectWritesUnderWorkAndOverWrittenBytesAreCounted) {
  device_ = HostDevice::create({.completion = Completion::Manual, .directWriteBytes = kAllBytes});
  ASSERT_TRUE(succeeds(device_->createChunk(kChunk, kSize)));
  page_ = device_->openStaging(kPage, kSize).value();
  fill(device_->mapped(kChunk, 0, 256), 3);
  EXPECT_TRUE(filledWith(device_->bytes(kChunk).first(256), 3));
  (void)submit({fromPage(kPage, 0, kChunk, 512, 256)});
  const TimelineValue draw = read(kChunk, 0, 256);
  (void)device_->mapped(kChunk, 256, 256);
  EXPECT_EQ(device_->earlyReclaims(), 0U) << "neighbours";
  (void)device_->mapped(kChunk, 508, 256);
  EXPECT_EQ(device_->earlyReclaims(), 1U) << "a copy will write there";
  EXPECT_EQ(device_->overwrites(), 0U);
  (void)device_->mapped(kChunk, 252, 4);
  EXPECT_EQ(device_->earlyReclaims(), 2U) << "a draw reads there";
  EXPECT_EQ(device_->overwrites(), 1U) << "and it had been written";
  device_->complete(kDraw, draw);
  ASSERT_TRUE(succeeds(device_->poll()));
  device_->rangeReclaimed(kChunk, 0, 256);
  (void)device_->mapped(kChunk, 0, 256);
  EXPECT_EQ(device_->earlyReclaims(), 2U);
  EXPECT_EQ(device_->overwrites(), 1U);
}

TEST_F(HostFaults, WorkThatNobodyHasSeenCompleteStillCounts) {
  const TimelineValue draw = read(kChunk, 0, 256);
  device_->complete(kDraw, draw);
  device_->rangeReclaimed(kChunk, 0, 256);
  EXPECT_EQ(device_->earlyReclaims(), 1U);
  ASSERT_TRUE(succeeds(device_->poll()));
  device_->rangeReclaimed(kChunk, 0, 256);
  EXPECT_EQ(device_->earlyReclaims(), 1U);
}

TEST_F(HostFaults, ChunkDestroyedTooEarlyIsCountedAndStaysReadable) {
  const TimelineValue draw = read(kChunk, 0, 256);
  device_->destroyChunk(kChunk);
  EXPECT_EQ(device_->earlyReclaims(), 1U);
  EXPECT_TRUE(device_->bytes(kChunk).empty());
  ASSERT_TRUE(succeeds(device_->wait(kDraw, draw, 1s)));
  EXPECT_EQ(hash_, hashBytes(std::vector<std::byte>(256, kPoison)));

  const TimelineValue copy = submit({fromPage(kPage, 0, kOther, 0, 256)});
  device_->destroyChunk(kOther);
  EXPECT_EQ(device_->earlyReclaims(), 2U);
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, copy, 1s)));
}

TEST_F(HostFaults, PageClosedTooEarlyIsCountedAndItsBytesAreGone) {
  fill(page_, 1);
  const TimelineValue copy = submit({fromPage(kPage, 0, kChunk, 0, 256)});
  device_->closeStaging(kPage);
  EXPECT_EQ(device_->earlyReclaims(), 1U);
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, copy, 1s)));
  EXPECT_TRUE(filledWith(device_->bytes(kChunk).first(256), std::to_integer<unsigned char>(kPoison)));
}

TEST_F(HostFaults, DestroyingAfterCompletionIsFine) {
  ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, submit({fromPage(kPage, 0, kChunk, 0, 256)}), 1s)));
  ASSERT_TRUE(succeeds(device_->wait(kDraw, read(kChunk, 0, 256), 1s)));
  device_->destroyChunk(kChunk);
  device_->closeStaging(kPage);
  EXPECT_EQ(device_->earlyReclaims(), 0U);
  EXPECT_EQ(device_->budget().usedBytes, kSize);
}

// However fast the worker is, the count is the same; and poisoning never races with its copies.
TEST_F(HostFaults, EarlyReclaimsAreCountedWhileAWorkerRuns) {
  start(Completion::Worker);
  constexpr std::uint64_t kRounds = 300;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    const TimelineValue copy = submit({fromChunk(kChunk, 0, kOther, 0, kSize)});
    device_->rangeReclaimed(kOther, 1024, 1024);
    EXPECT_EQ(device_->earlyReclaims(), round);
    ASSERT_TRUE(succeeds(device_->wait(kCopyQueue, copy, 1h)));
  }
}

TEST(HostLimits, HeapIsExact) {
  const auto device = HostDevice::create({.heapBytes = 1024});
  EXPECT_TRUE(failsWith(device->createChunk(kChunk, 1280), ErrorCode::OutOfDeviceMemory));
  ASSERT_TRUE(succeeds(device->createChunk(kChunk, 512)));
  const auto refused = device->createChunk(kOther, 768);
  ASSERT_TRUE(failsWith(refused, ErrorCode::OutOfDeviceMemory));
  EXPECT_EQ(refused.error().numbers, (ErrorNumbers{768, 512}));
  EXPECT_TRUE(device->bytes(kOther).empty());
  EXPECT_EQ(device->budget().usedBytes, 512U);
  ASSERT_TRUE(succeeds(device->createChunk(kOther, 512)));
  device->destroyChunk(kChunk);
  ASSERT_TRUE(succeeds(device->createChunk(kChunk, 512)));
  ASSERT_TRUE(succeeds(device->openStaging(kPage, kMiB))) << "pages are not device memory";
}

TEST(HostLimits, AllocationsAreCounted) {
  const auto device = HostDevice::create({.maxAllocations = 2});
  ASSERT_TRUE(succeeds(device->createChunk(kChunk, 256)));
  ASSERT_TRUE(succeeds(device->openStaging(kPage, 256)));
  EXPECT_TRUE(failsWith(device->createChunk(kOther, 256), ErrorCode::TooManyChunks));
  EXPECT_TRUE(failsWith(device->openStaging(StagingIndex{1}, 256), ErrorCode::TooManyChunks));
  device->closeStaging(kPage);
  ASSERT_TRUE(succeeds(device->createChunk(kOther, 256)));
  device->destroyChunk(kChunk);
  ASSERT_TRUE(succeeds(device->openStaging(kPage, 256)));
}

TEST_F(HostFaults, WrongArgumentsAreRefused) {
  constexpr ByteCount kHuge = std::numeric_limits<ByteCount>::max();
  constexpr auto kInvalid = ErrorCode::InvalidArgument;
  EXPECT_TRUE(failsWith(device_->createChunk(kChunk, 256), kInvalid));
  EXPECT_TRUE(failsWith(device_->createChunk(ChunkIndex{kMaxChunks}, 256), kInvalid));
  EXPECT_TRUE(failsWith(device_->createChunk(ChunkIndex{2}, 0), kInvalid));
  EXPECT_TRUE(failsWith(device_->createChunk(ChunkIndex{2}, 255), kInvalid));
  EXPECT_TRUE(failsWith(device_->openStaging(kPage, 256), kInvalid));
  EXPECT_TRUE(failsWith(device_->openStaging(StagingIndex{1}, 0), kInvalid));
  EXPECT_TRUE(failsWith(device_->sealStaging(StagingIndex{1}, 0), kInvalid));
  EXPECT_TRUE(failsWith(device_->sealStaging(kPage, kSize + 1), kInvalid));
  constexpr StagingIndex kBack{5};
  ASSERT_TRUE(succeeds(device_->openStaging(kBack, kSize, StagingUse::Readback)));
  EXPECT_TRUE(failsWith(device_->sealStaging(kBack, 64), kInvalid));
  const CopyPiece good = fromPage(kPage, 0, kChunk, 0, 64);
  for (const CopyPiece& bad : {
           fromPage(StagingIndex{1}, 0, kChunk, 0, 64),
           fromChunk(ChunkIndex{2}, 0, kChunk, 0, 64),
           fromPage(kPage, 0, ChunkIndex{2}, 0, 64),
           fromPage(kPage, kSize - 60, kChunk, 0, 64),
           fromPage(kPage, 0, kChunk, kSize - 60, 64),
           fromPage(kPage, 64, kChunk, 0, kHuge - 32),
           fromPage(kPage, kHuge - 32, kChunk, 0, 64),
           fromPage(kBack, 0, kChunk, 0, 64),
           toPage(kChunk, 0, kPage, 0, 64),
           toPage(kChunk, 0, StagingIndex{1}, 0, 64),
           toPage(kChunk, 0, kBack, kSize - 60, 64),
       }) {
    const std::array batch{good, bad};
    EXPECT_TRUE(failsWith(device_->submit(batch), kInvalid));
  }
  EXPECT_EQ(device_->submittedValue(kCopyQueue), 0U);
}

TEST_F(HostFaults, BrokenContractsAreReportedAndSurvived) {
  AssertLog log;
  device_->destroyChunk(ChunkIndex{2});
  device_->closeStaging(StagingIndex{1});
  device_->rangeReclaimed(kChunk, kSize - 4, 8);
  EXPECT_EQ(log.take().size(), 3U);

  EXPECT_EQ(device_->submitReads(kCopyQueue, {}, {}), 0U);
  EXPECT_EQ(device_->submitReads(QueueId{2}, {}, {}), 0U);
  device_->complete(QueueId{2}, 1);
  EXPECT_EQ(log.take().size(), 3U);

  hash_ = 42;
  const TimelineValue draw = read(kChunk, kSize, 4);
  EXPECT_EQ(log.take().size(), 1U);
  EXPECT_TRUE(succeeds(device_->wait(kDraw, draw, 1s)));
  EXPECT_EQ(hash_, 42U);

  const QueueValue wait{QueueId{2}, 1};
  (void)device_->submitReads(kDraw, {}, {&wait, 1});
  EXPECT_EQ(log.take().size(), 1U);

  const auto odd = HostDevice::create({.minDelayPolls = 4, .maxDelayPolls = 3, .queueCount = 9});
  EXPECT_EQ(log.take().size(), 2U);
  EXPECT_EQ(odd->caps().queueCount, kMaxQueues);
  ASSERT_TRUE(succeeds(odd->submit({})));
  EXPECT_TRUE(succeeds(odd->wait(kCopyQueue, 1, 1s)));
  odd->complete(kCopyQueue, 1);
  EXPECT_EQ(log.take().size(), 1U) << "complete is for manual completion";
}

}  // namespace
}  // namespace flux
