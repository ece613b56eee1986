#include <flux/dynamic_buffer.hpp>

#include "device/device_test_tools.hpp"
#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

namespace flux::test {
namespace {

using Bytes = std::vector<std::byte>;
using Completion = HostDeviceDesc::Completion;

Bytes bytesOf(DynamicBuffer& buffer) {
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

/// A pool, and a buffer that it has a copy of.
class DynamicBufferTest : public testing::TestWithParam<UpdateMode> {
 protected:
  explicit DynamicBufferTest(GrowthPolicy growth = GrowthPolicy::Exact)
      : buffer_({.name = "array", .kind = PartKind::Storage, .growth = growth, .updates = GetParam(), .gapBytes = 0}),
        gpu_(buffer_.attach(*f_.pool)) {}

  FlushReport flush() {
    const Result<FlushReport> report = buffer_.flush(gpu_);
    EXPECT_TRUE(succeeds(report));
    return report.value_or(FlushReport{});
  }
  void settle() { f_.stepAndPublish(4); }

  /// The device's copy is what the host has, and as large as it says.
  void expectSame(PoolFixture& f, DynamicBuffer::Consumer consumer) {
    const Frame frame = f.pool->beginFrame();
    const PartLookup found = frame.find(buffer_.block(consumer), DynamicBuffer::kPart);
    ASSERT_EQ(found.status, FindStatus::Resident);
    ASSERT_EQ(found.place.bytes, buffer_.capacity());
    const auto device = f.host->bytes(found.place.chunk).subspan(found.place.offset, buffer_.size());
    EXPECT_TRUE(std::ranges::equal(device, buffer_.bytes()));
  }
  void expectSame() { expectSame(f_, gpu_); }

  PoolFixture f_;
  DynamicBuffer buffer_;
  DynamicBuffer::Consumer gpu_;
};

INSTANTIATE_TEST_SUITE_P(Modes, DynamicBufferTest, testing::Values(UpdateMode::Versioned, UpdateMode::InPlace));

TEST_P(DynamicBufferTest, IsEmptyAtFirst) {
  EXPECT_EQ(buffer_.size(), 0U);
  EXPECT_EQ(buffer_.capacity(), 0U);
  const FlushReport report = flush();
  EXPECT_EQ(report.ranges, 0U);
  EXPECT_FALSE(report.newBlock);
  EXPECT_FALSE(buffer_.block(gpu_));
}

TEST_P(DynamicBufferTest, AFlushChangesExactlyTheBytesThatWereTouchedAsReadBackFromTheDevice) {
  // Every value of a byte, at every place of a word.
  std::vector<std::byte> expected(4096);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<std::byte>(i + i / 256);
  const auto readBack = [&] {
    Result<Readback> asked = f_.pool->readBack({buffer_.block(gpu_), DynamicBuffer::kPart});
    EXPECT_TRUE(succeeds(asked));
    settle();
    std::vector<std::byte> found(expected.size());
    EXPECT_TRUE(asked && asked->take(found));
    return found;
  };
  ASSERT_TRUE(buffer_.assign(expected));
  (void)flush();
  settle();
  EXPECT_EQ(readBack(), expected);
  for (const auto& [offset, bytes] : {std::pair{1, 1}, {5, 3}, {63, 130}, {1022, 4}, {2048, 256}, {4093, 3}}) {
    std::vector<std::byte> changed(static_cast<std::size_t>(bytes));
    for (std::size_t i = 0; i < changed.size(); ++i) {
      std::byte& byte = expected[static_cast<std::size_t>(offset) + i];
      changed[i] = byte = ~byte;
    }
    ASSERT_TRUE(buffer_.write(static_cast<ByteOffset>(offset), changed));
    EXPECT_EQ(flush().bytes, static_cast<ByteCount>((offset + bytes + 3) / 4 * 4 - offset / 4 * 4));
    settle();
    EXPECT_EQ(readBack(), expected) << offset << ", " << bytes;
  }
}

TEST_P(DynamicBufferTest, TheFirstFlushSendsEverythingAndTheNextNothing) {
  ASSERT_TRUE(buffer_.assign(pattern(1, 0, 1, 100)));
  ASSERT_TRUE(buffer_.write(0, pattern(2, 0, 1, 10)));
  const FlushReport first = flush();
  EXPECT_EQ(first.bytes, 100U);
  EXPECT_TRUE(first.newBlock);
  settle();
  expectSame();
  const std::uint64_t updated = f_.pool->stats().blocksUpdated;
  EXPECT_EQ(flush().ranges, 0U) << "the first upload took what was marked along";
  EXPECT_EQ(f_.pool->stats().blocksUpdated, updated) << "no call";
}

TEST_P(DynamicBufferTest, SendsOnlyWhatHasChangedInWholeWords) {
  ASSERT_TRUE(buffer_.assign(pattern(1, 0, 1, 1001)));
  flush();
  settle();
  ASSERT_TRUE(buffer_.write(10, pattern(2, 0, 1, 3)));    // 8 to 16
  ASSERT_TRUE(buffer_.write(100, pattern(3, 0, 1, 8)));   // 100 to 108
  ASSERT_TRUE(buffer_.write(105, pattern(4, 0, 1, 4)));   // to 112
  ASSERT_TRUE(buffer_.write(1000, pattern(5, 0, 1, 1)));  // 1000 to 1001
  ASSERT_TRUE(buffer_.write(500, {}));
  const FlushReport report = flush();
  EXPECT_EQ(report.ranges, 3U);
  EXPECT_EQ(report.bytes, 8U + 12U + 1U);
  EXPECT_EQ(f_.pool->step()->uploadedBytes, report.bytes);
  settle();
  expectSame();
}

TEST_P(DynamicBufferTest, WritingAPartOfWhatIsThereAllocatesNothing) {
  ASSERT_TRUE(buffer_.assign(pattern(1, 0, 1, 100)));
  flush();
  settle();
  const BlockHandle block = buffer_.block(gpu_);
  Bytes expected = bytesOf(buffer_);
  const Bytes data = pattern(2, 0, 1, 60);
  std::ranges::copy(data, expected.begin());
  ASSERT_TRUE(buffer_.write(0, data));
  EXPECT_EQ(buffer_.capacity(), 100U);
  EXPECT_EQ(bytesOf(buffer_), expected) << "the rest is as it was";
  EXPECT_FALSE(flush().newBlock);
  ASSERT_TRUE(buffer_.assign(pattern(3, 0, 1, 100)));
  EXPECT_FALSE(flush().newBlock);
  EXPECT_EQ(buffer_.block(gpu_), block);
  ASSERT_TRUE(buffer_.assign(pattern(4, 0, 1, 101)));
  EXPECT_EQ(buffer_.capacity(), 101U);
  EXPECT_TRUE(flush().newBlock);
  EXPECT_NE(buffer_.block(gpu_), block);
  EXPECT_EQ(bytesOf(buffer_), pattern(4, 0, 1, 101));
  settle();
  expectSame();
}

TEST_P(DynamicBufferTest, GrowthKeepsWhatIsThereAndAddsZeros) {
  const Bytes first = pattern(1, 0, 1, 50);
  ASSERT_TRUE(buffer_.assign(first));
  ASSERT_TRUE(buffer_.reserve(40));
  EXPECT_EQ(buffer_.capacity(), 50U) << "there is room";
  ASSERT_TRUE(buffer_.reserve(80));
  EXPECT_EQ(buffer_.capacity(), 80U);
  EXPECT_EQ(buffer_.size(), 50U);
  ASSERT_TRUE(buffer_.resize(70));
  Bytes expected = first;
  expected.resize(70);
  EXPECT_EQ(bytesOf(buffer_), expected);
  ASSERT_TRUE(buffer_.resize(10));
  ASSERT_TRUE(buffer_.resize(20));
  expected.resize(10);
  expected.resize(20);
  EXPECT_EQ(bytesOf(buffer_), expected) << "what was cut off does not come back";
  flush();
  settle();
  expectSame();
  ASSERT_TRUE(buffer_.shrinkToFit());
  EXPECT_EQ(buffer_.capacity(), 20U);
  EXPECT_TRUE(flush().newBlock);
  settle();
  expectSame();
}

TEST_P(DynamicBufferTest, FramesDrawTheOldBlockUntilTheLargerOneIsThere) {
  PoolFixture late(Completion::Delayed, smallPool(), 3);
  const auto consumer = buffer_.attach(*late.pool);
  const Bytes first = pattern(1, 0, 1, 64);
  ASSERT_TRUE(buffer_.assign(first));
  ASSERT_TRUE(buffer_.flush(consumer));
  late.stepAndPublish(8);
  const BlockHandle old = buffer_.block(consumer);
  ASSERT_TRUE(buffer_.resize(4000));
  ASSERT_TRUE(buffer_.resize(5000));
  ASSERT_TRUE(buffer_.flush(consumer));
  ASSERT_TRUE(buffer_.resize(6000));
  ASSERT_TRUE(buffer_.flush(consumer)) << "once more, before the first is there";
  bool waited = false;
  for (int i = 0; i < 12; ++i) {
    late.stepAndPublish();
    ASSERT_TRUE(buffer_.flush(consumer));
    const PartLookup found = late.pool->beginFrame().find(buffer_.block(consumer), DynamicBuffer::kPart);
    ASSERT_TRUE(found.drawable()) << "there is always something to draw";
    waited = waited || found.status == FindStatus::Fallback;
    EXPECT_EQ(late.hashAt({found.place.buffer, found.place.chunk, found.place.offset, 64, 0}), hashBytes(first));
  }
  EXPECT_TRUE(waited);
  late.stepAndPublish(6);
  expectSame(late, consumer);
  EXPECT_EQ(late.pool->requestedVersion(old), 0U) << "it was removed";
  EXPECT_EQ(late.pool->stats().blocks, 1U);
  EXPECT_EQ(late.pool->stats().retiredBytes, 0U);
  buffer_.detach(consumer);
}

TEST_P(DynamicBufferTest, EachConsumerReceivesWhatChangedSinceItsOwnLastFlush) {
  PoolFixture other;
  const auto second = buffer_.attach(*other.pool);
  ASSERT_TRUE(buffer_.assign(pattern(1, 0, 1, 1000)));
  flush();
  ASSERT_TRUE(buffer_.flush(second));
  ASSERT_TRUE(buffer_.write(0, pattern(2, 0, 1, 16)));
  EXPECT_EQ(flush().bytes, 16U);
  ASSERT_TRUE(buffer_.write(100, pattern(3, 0, 1, 16)));
  EXPECT_EQ(flush().bytes, 16U);
  const Result<FlushReport> both = buffer_.flush(second);
  EXPECT_EQ(both->bytes, 32U);
  EXPECT_EQ(both->ranges, 2U);
  EXPECT_EQ(buffer_.flush(second)->ranges, 0U);
  settle();
  other.stepAndPublish(4);
  expectSame();
  expectSame(other, second);
  buffer_.detach(second);
  other.stepAndPublish(4);
  EXPECT_EQ(other.pool->stats().blocks, 0U);
  ASSERT_TRUE(buffer_.write(0, pattern(5, 0, 1, 16))) << "one is still there";
  EXPECT_EQ(flush().bytes, 16U);
}

TEST_P(DynamicBufferTest, WhatLiesOutsideIsRefusedAndChangesNothing) {
  const Bytes first = pattern(1, 0, 1, 100);
  ASSERT_TRUE(buffer_.assign(first));
  flush();
  const Bytes data(20);
  EXPECT_TRUE(failsWith(buffer_.write(90, data), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(buffer_.write(101, {}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(buffer_.write(~ByteOffset{9}, data), ErrorCode::InvalidArgument)) << "an overflow";
  EXPECT_TRUE(failsWith(buffer_.map(90, 11), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(buffer_.resize(8 * kGiB), ErrorCode::TooLarge));
  EXPECT_EQ(bytesOf(buffer_), first);
  EXPECT_EQ(flush().ranges, 0U);
}

TEST_P(DynamicBufferTest, AMappingMarksItsRangeWhenItEndsAndKeepsOthersOut) {
  ASSERT_TRUE(buffer_.assign(pattern(1, 0, 1, 100)));
  flush();
  settle();
  {
    Result<DynamicBuffer::Mapping> mapped = buffer_.map(20, 8);
    ASSERT_TRUE(succeeds(mapped));
    EXPECT_TRUE(std::ranges::equal(mapped->bytes(), buffer_.bytes().subspan(20, 8)));
    const DynamicBuffer::Mapping moved = std::move(*mapped);
    std::ranges::fill(moved.bytes(), std::byte{0x3C});
    EXPECT_TRUE(failsWith(buffer_.write(0, Bytes(4)), ErrorCode::InvalidArgument));
    EXPECT_TRUE(failsWith(buffer_.assign(Bytes(4)), ErrorCode::InvalidArgument));
    EXPECT_TRUE(failsWith(buffer_.resize(4), ErrorCode::InvalidArgument));
    EXPECT_TRUE(failsWith(buffer_.reserve(400), ErrorCode::InvalidArgument));
    EXPECT_TRUE(failsWith(buffer_.shrinkToFit(), ErrorCode::InvalidArgument));
    EXPECT_TRUE(failsWith(buffer_.map(0, 4), ErrorCode::InvalidArgument));
    EXPECT_TRUE(failsWith(buffer_.flush(gpu_), ErrorCode::InvalidArgument));
  }
  EXPECT_EQ(flush().bytes, 8U);
  settle();
  expectSame();
  EXPECT_TRUE(filledWith(buffer_.bytes().subspan(20, 8), 0x3C));
}

TEST_P(DynamicBufferTest, AFlushThatFailsLosesNothing) {
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  PoolDesc desc = smallPool();
  desc.hardLimitBytes = 64 * kKiB;
  const auto pool = std::move(Pool::create(*host, desc).value());
  const auto consumer = buffer_.attach(*pool);
  const Bytes first = pattern(1, 0, 1, 20 * kKiB);
  ASSERT_TRUE(buffer_.assign(first));
  ASSERT_TRUE(buffer_.flush(consumer));
  const BlockHandle block = buffer_.block(consumer);
  ASSERT_TRUE(buffer_.resize(60 * kKiB));
  EXPECT_TRUE(failsWith(buffer_.flush(consumer), ErrorCode::OutOfBudget));
  EXPECT_EQ(buffer_.block(consumer), block) << "still drawn";
  ASSERT_TRUE(buffer_.resize(20 * kKiB));
  ASSERT_TRUE(buffer_.shrinkToFit());
  ASSERT_TRUE(buffer_.write(8, pattern(3, 0, 1, 8)));
  const Result<FlushReport> report = buffer_.flush(consumer);
  ASSERT_TRUE(succeeds(report));
  buffer_.detach(consumer);
}

TEST_P(DynamicBufferTest, AnEmptyBufferGivesItsBlockBackAndCanGrowAgain) {
  ASSERT_TRUE(buffer_.assign(pattern(1, 0, 1, 100)));
  flush();
  settle();
  ASSERT_TRUE(buffer_.resize(0));
  ASSERT_TRUE(buffer_.shrinkToFit());
  flush();
  EXPECT_FALSE(buffer_.block(gpu_));
  settle();
  EXPECT_EQ(f_.pool->stats().blocks, 0U);
  ASSERT_TRUE(buffer_.assign(pattern(2, 0, 1, 30)));
  flush();
  settle();
  expectSame();
}

TEST_P(DynamicBufferTest, LargeChangesAreKeptForLaterSteps) {
  PoolFixture f(Completion::Immediate, {});
  const auto consumer = buffer_.attach(*f.pool);
  ASSERT_TRUE(buffer_.resize(3 * kMiB));
  ASSERT_TRUE(buffer_.flush(consumer));
  f.stepAndPublish(3);
  ASSERT_TRUE(buffer_.write(kMiB, pattern(1, 0, 1, kMiB)));
  const Result<FlushReport> report = buffer_.flush(consumer);
  EXPECT_EQ(report->bytes, kMiB);
  ASSERT_TRUE(buffer_.write(kMiB, pattern(2, 0, 1, 8))) << "after the flush";
  f.stepAndPublish(3);
  const Place place = f.pool->beginFrame().find(buffer_.block(consumer), DynamicBuffer::kPart).place;
  EXPECT_TRUE(std::ranges::equal(f.host->bytes(place.chunk).subspan(place.offset + kMiB, kMiB), pattern(1, 0, 1, kMiB)))
      << "the bytes of the flush, not later ones";
  ASSERT_TRUE(buffer_.flush(consumer));
  f.stepAndPublish(3);
  expectSame(f, consumer);
  buffer_.detach(consumer);
}

TEST(DynamicBuffer, GrowsAsItsPolicySays) {
  struct Row {
    GrowthPolicy policy;
    std::array<ByteCount, 4> capacities;  ///< After sizes of 100, 101, 250 and 20.
  };
  for (const Row& row :
       {Row{GrowthPolicy::Exact, {100, 101, 250, 250}}, Row{GrowthPolicy::Exponential, {128, 128, 256, 256}},
        Row{GrowthPolicy::OneAndAHalf, {141, 141, 316, 316}},
        Row{GrowthPolicy::FixedStep, {kGrowthStepBytes, kGrowthStepBytes, kGrowthStepBytes, kGrowthStepBytes}}}) {
    DynamicBuffer buffer({.growth = row.policy});
    std::array<ByteCount, 4> capacities{};
    for (std::size_t i = 0; const ByteCount size : {100U, 101U, 250U, 20U}) {
      ASSERT_TRUE(buffer.resize(size));
      EXPECT_EQ(buffer.size(), size);
      capacities[i++] = buffer.capacity();
    }
    EXPECT_EQ(capacities, row.capacities) << toString(row.policy);
    ASSERT_TRUE(buffer.shrinkToFit());
    EXPECT_EQ(buffer.capacity(), 20U);
  }
}

TEST(DynamicBuffer, TooLargeForAnUpdateInPlaceGoesAsANewVersion) {
  PoolFixture f;  // 320 KiB of staging: 80 KiB in place at most
  DynamicBuffer buffer({.growth = GrowthPolicy::Exact, .updates = UpdateMode::InPlace});
  const auto consumer = buffer.attach(*f.pool);
  ASSERT_TRUE(buffer.assign(pattern(1, 0, 1, 100 * kKiB)));
  ASSERT_TRUE(buffer.flush(consumer));
  f.stepAndPublish(3);
  ASSERT_TRUE(buffer.assign(pattern(2, 0, 1, 100 * kKiB)));
  ASSERT_TRUE(succeeds(buffer.flush(consumer)));
  f.stepAndPublish(3);
  const PartLookup found = f.pool->beginFrame().find(buffer.block(consumer), DynamicBuffer::kPart);
  EXPECT_EQ(found.version, 2U);
  EXPECT_EQ(f.hashAt(found.place), hashBytes(buffer.bytes()));
}

TEST(DynamicBuffer, ItsBlocksGoWithItAlsoWhenItIsMoved) {
  PoolFixture f;
  {
    DynamicBuffer first;
    const auto consumer = first.attach(*f.pool);
    ASSERT_TRUE(first.assign(pattern(1, 0, 1, 64)));
    ASSERT_TRUE(first.flush(consumer));
    DynamicBuffer second = std::move(first);
    EXPECT_TRUE(second.block(consumer));
    EXPECT_EQ(f.pool->stats().blocks, 1U);
    second = DynamicBuffer();
    EXPECT_EQ(f.pool->stats().blocks, 0U);
  }
  f.stepAndPublish(4);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

TEST_P(DynamicBufferTest, AfterRandomEditsTheDeviceHasTheBytesOfTheHost) {
  std::mt19937 random(11);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  PoolFixture late(Completion::Delayed, smallPool(), 2);
  const auto consumer = buffer_.attach(*late.pool);
  Bytes model;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const std::size_t choice = below(100);
    if (choice < 60 && !model.empty()) {
      const std::size_t offset = below(model.size());
      const Bytes data = pattern(i, 0, 0, 1 + below(std::min<std::size_t>(model.size() - offset, 200)));
      std::ranges::copy(data, model.begin() + static_cast<std::ptrdiff_t>(offset));
      ASSERT_TRUE(buffer_.write(offset, data));
    } else if (choice < 63) {
      model = pattern(i, 1, 0, below(4000));
      ASSERT_TRUE(buffer_.assign(model));
    } else if (choice < 66) {
      model.resize(below(4000));
      ASSERT_TRUE(buffer_.resize(model.size()));
    } else if (choice < 67) {
      ASSERT_TRUE(buffer_.shrinkToFit());
    } else if (choice < 85) {
      const Result<FlushReport> report = buffer_.flush(below(2) == 0 ? gpu_ : consumer);
      ASSERT_TRUE(report || report.error().code == ErrorCode::StagingFull) << describe(report.error());
    } else {
      f_.stepAndPublish();
      late.stepAndPublish();
    }
    ASSERT_EQ(bytesOf(buffer_), model);
  }
  for (int i = 0; i < 12; ++i) {
    f_.stepAndPublish(4);
    late.stepAndPublish(4);
    ASSERT_TRUE(buffer_.flush(gpu_));
    ASSERT_TRUE(buffer_.flush(consumer));
  }
  ASSERT_FALSE(model.empty());
  expectSame();
  expectSame(late, consumer);
  EXPECT_EQ(f_.pool->stats().blocks, 1U);
  buffer_.detach(consumer);
}

}  // namespace
}  // namespace flux::test
