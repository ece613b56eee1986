// What depends on when work completes: the promises of `Device` in every completion mode of the host device, and what
// each mode adds. tests/conformance holds it to all the others, as every back end.

#include <gtest/gtest.h>
#include <flux/host.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <set>
#include <thread>
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
constexpr unsigned char kPoisoned = std::to_integer<unsigned char>(kPoison);

std::string nameOf(const testing::TestParamInfo<Completion>& mode) {
  switch (mode.param) {
    case Completion::Immediate:
      return "Immediate";
    case Completion::Manual:
      return "Manual";
    case Completion::Delayed:
      return "Delayed";
    case Completion::Worker:
      return "Worker";
  }
  return "Unknown";
}

/// A device with two chunks and a page.
struct Rig {
  explicit Rig(const HostDeviceDesc& wanted) : desc(wanted), device(HostDevice::create(wanted)) {
    EXPECT_TRUE(succeeds(device->createChunk(kChunk, kSize)));
    EXPECT_TRUE(succeeds(device->createChunk(kOther, kSize)));
    page = device->openStaging(kPage, kSize).value();
  }

  TimelineValue submit(std::vector<CopyPiece> batch) { return device->submit(batch).value(); }

  TimelineValue read(HostRead read, std::vector<QueueValue> waits = {}) {
    return device->submitReads(kDraw, {&read, 1}, waits);
  }

  /// Lets a queue reach `value` without calling `wait`.
  void drive(QueueId queue, TimelineValue value) {
    while (device->completed(queue) < value) {
      if (desc.completion == Completion::Manual) device->complete(queue, value);
      if (desc.completion == Completion::Worker) std::this_thread::yield();
      ASSERT_TRUE(succeeds(device->poll()));
    }
  }

  [[nodiscard]] std::span<const std::byte> chunkBytes(ByteOffset offset, ByteCount bytes,
                                                      ChunkIndex chunk = kChunk) const {
    return device->bytes(chunk).subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes));
  }

  HostDeviceDesc desc;
  std::unique_ptr<HostDevice> device;
  std::span<std::byte> page;
};

class HostDeviceModes : public testing::TestWithParam<Completion> {
 protected:
  Rig rig_{HostDeviceDesc{.completion = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Every, HostDeviceModes,
                         testing::Values(Completion::Immediate, Completion::Manual, Completion::Delayed,
                                         Completion::Worker),
                         nameOf);

TEST_P(HostDeviceModes, BatchSeesWhatEarlierBatchesWrote) {  // D1
  fill(rig_.page.first(256), 1);
  fill(rig_.page.subspan(256, 256), 2);
  const TimelineValue first = rig_.submit({fromPage(kPage, 0, kChunk, 0, 256)});
  const TimelineValue second = rig_.submit({fromChunk(kChunk, 0, kOther, 512, 256)});
  const TimelineValue third = rig_.submit({fromPage(kPage, 256, kChunk, 0, 256)});
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  rig_.drive(kCopyQueue, third);
  EXPECT_TRUE(filledWith(rig_.chunkBytes(512, 256, kOther), 1));
  EXPECT_TRUE(filledWith(rig_.chunkBytes(0, 256), 2));
}

TEST_P(HostDeviceModes, CompletedBatchIsInPlaceAndItsPageFree) {  // D2
  constexpr std::uint32_t kCount = 32;
  std::vector<TimelineValue> values;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    fill(rig_.page.subspan(i * 64, 64), static_cast<unsigned char>(i + 1));
    values.push_back(rig_.submit({fromPage(kPage, i * 64, kChunk, i * 64, 64)}));
  }
  for (std::uint32_t i = 0; i < kCount; ++i) {
    rig_.drive(kCopyQueue, values[i]);
    EXPECT_TRUE(filledWith(rig_.chunkBytes(i * 64, 64), static_cast<unsigned char>(i + 1)));
    fill(rig_.page.subspan(i * 64, 64), 0xEE);
  }
  for (std::uint32_t i = 0; i < kCount; ++i) {
    EXPECT_TRUE(filledWith(rig_.chunkBytes(i * 64, 64), static_cast<unsigned char>(i + 1)));
  }
}

TEST_P(HostDeviceModes, CompletionNeverGoesBackNorAhead) {  // D3
  std::atomic<bool> stop{false};
  std::atomic<TimelineValue> submitted{0};
  std::thread reader([&] {
    TimelineValue last = 0;
    while (!stop) {
      const TimelineValue now = rig_.device->completed(kCopyQueue);
      EXPECT_GE(now, last);
      EXPECT_LE(now, submitted.load());
      last = now;
    }
  });
  for (int i = 0; i < 200; ++i) {
    submitted = rig_.device->submittedValue(kCopyQueue) + 1;
    const TimelineValue value = rig_.submit({fromChunk(kChunk, 0, kOther, 0, 64)});
    if (GetParam() == Completion::Manual && i % 3 == 0) rig_.device->complete(kCopyQueue, value);
    EXPECT_TRUE(succeeds(rig_.device->poll()));
  }
  rig_.drive(kCopyQueue, rig_.device->submittedValue(kCopyQueue));
  EXPECT_EQ(rig_.device->completed(kCopyQueue), 200U);
  stop = true;
  reader.join();
}

TEST_P(HostDeviceModes, OnlyWaitBlocksOnAStuckQueue) {  // D4
  const TimelineValue stuck = rig_.read({}, {{kCopyQueue, 1000}});
  for (int i = 0; i < 50; ++i) {
    (void)rig_.submit({fromChunk(kChunk, 0, kOther, 0, 64)});
    EXPECT_TRUE(succeeds(rig_.device->poll()));
    EXPECT_EQ(rig_.device->completed(kDraw), 0U);
  }
  EXPECT_TRUE(succeeds(rig_.device->sealStaging(kPage, kSize)));
  EXPECT_TRUE(succeeds(rig_.device->createChunk(ChunkIndex{2}, 256)));
  rig_.device->destroyChunk(ChunkIndex{2});
  EXPECT_EQ(rig_.device->budget().usedBytes, 2 * kSize);
  EXPECT_TRUE(failsWith(rig_.device->wait(kDraw, stuck, 1ms), ErrorCode::Timeout));
}

TEST_P(HostDeviceModes, ReadsHappenAfterTheirWaits) {
  std::uint64_t hash = 0;
  fill(rig_.page.first(256), 9);
  // Submitted before the copy that it waits for, as queues of different threads may be.
  const TimelineValue draw = rig_.read({kChunk, 0, 256, &hash}, {{kCopyQueue, 1}});
  if (GetParam() == Completion::Manual) rig_.device->complete(kDraw, draw);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(succeeds(rig_.device->poll()));
  EXPECT_EQ(rig_.device->completed(kDraw), 0U);
  rig_.drive(kCopyQueue, rig_.submit({fromPage(kPage, 0, kChunk, 0, 256)}));
  rig_.drive(kDraw, draw);
  EXPECT_EQ(hash, hashBytes(rig_.page.first(256)));
}

TEST_P(HostDeviceModes, WaitReachesAllThatTheValueDependsOn) {
  std::uint64_t hash = 0;
  fill(rig_.page.first(256), 5);
  (void)rig_.submit({fromPage(kPage, 0, kChunk, 0, 256)});
  const TimelineValue copy = rig_.submit({fromChunk(kChunk, 0, kOther, 0, 256)});
  (void)rig_.read({}, {{kCopyQueue, 1}});
  const TimelineValue draw = rig_.read({kOther, 0, 256, &hash}, {{kCopyQueue, copy}});
  EXPECT_TRUE(succeeds(rig_.device->wait(kDraw, draw, std::chrono::nanoseconds::max())));
  EXPECT_EQ(rig_.device->completed(kDraw), draw);
  EXPECT_EQ(rig_.device->completed(kCopyQueue), copy);
  EXPECT_EQ(hash, hashBytes(rig_.page.first(256)));
  EXPECT_TRUE(succeeds(rig_.device->wait(kDraw, draw, 0ns)));
}

TEST_P(HostDeviceModes, WaitFollowsChainsOfQueues) {
  rig_.desc.queueCount = 3;
  Rig rig(rig_.desc);
  const QueueValue copy{kCopyQueue, rig.submit({})};
  const QueueValue draw{kDraw, rig.device->submitReads(kDraw, {}, {&copy, 1})};
  const TimelineValue last = rig.device->submitReads(QueueId{2}, {}, {&draw, 1});
  EXPECT_TRUE(succeeds(rig.device->wait(QueueId{2}, last, 1h)));
  EXPECT_EQ(rig.device->completed(kDraw), draw.value);
}

TEST_P(HostDeviceModes, BatchesWaitForOtherQueues) {
  fill(rig_.page.first(256), 1);
  fill(rig_.page.subspan(256, 256), 2);
  const TimelineValue first = rig_.submit({fromPage(kPage, 0, kChunk, 0, 256)});
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  const QueueValue draw{kDraw, rig_.read({kChunk, 0, 256, &before}, {{kCopyQueue, first}})};
  const std::array batch{fromPage(kPage, 256, kChunk, 0, 256)};
  const TimelineValue second = rig_.device->submit(batch, {&draw, 1}).value();
  const TimelineValue last = rig_.read({kChunk, 0, 256, &after}, {{kCopyQueue, second}});
  EXPECT_TRUE(succeeds(rig_.device->wait(kCopyQueue, second, 1h)));
  EXPECT_GE(rig_.device->completed(kDraw), draw.value) << "the batch has waited for it";
  EXPECT_TRUE(succeeds(rig_.device->wait(kDraw, last, 1h)));
  EXPECT_EQ(before, hashBytes(rig_.page.first(256)));
  EXPECT_EQ(after, hashBytes(rig_.page.subspan(256, 256)));
  const QueueValue unknown{QueueId{2}, 0};
  EXPECT_TRUE(failsWith(rig_.device->submit(batch, {&unknown, 1}), ErrorCode::InvalidArgument));
}

TEST_P(HostDeviceModes, WaitForAValueThatWasNeverSubmittedTimesOut) {
  const TimelineValue value = rig_.submit({});
  EXPECT_TRUE(failsWith(rig_.device->wait(kCopyQueue, value + 1, 24h), ErrorCode::Timeout));
  EXPECT_TRUE(failsWith(rig_.device->wait(kDraw, 1, 24h), ErrorCode::Timeout));
  EXPECT_TRUE(failsWith(rig_.device->wait(QueueId{2}, 0, 0ns), ErrorCode::InvalidArgument));
  EXPECT_TRUE(succeeds(rig_.device->wait(kCopyQueue, value, 24h)));
}

TEST_P(HostDeviceModes, QueuesTakeWorkFromManyThreads) {
  rig_.desc.queueCount = 4;
  Rig rig(rig_.desc);
  constexpr int kPerThread = 100;
  std::array<std::vector<std::uint64_t>, 3> hashes;
  std::array<std::vector<TimelineValue>, 3> values;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 3; ++t) {
    hashes[t].resize(kPerThread);
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPerThread; ++i) {
        const HostRead read{kOther, 0, 256, &hashes[t][static_cast<std::size_t>(i)]};
        // Two threads share a queue, one has a queue for itself.
        values[t].push_back(rig.device->submitReads(QueueId{1 + t / 2}, {&read, 1}, {}));
        if (rig.desc.completion == Completion::Manual) rig.device->complete(QueueId{1 + t / 2}, values[t].back());
      }
    });
  }
  for (int i = 0; i < kPerThread; ++i) {
    (void)rig.submit({fromPage(kPage, 0, kChunk, 0, 256)});
    EXPECT_TRUE(succeeds(rig.device->poll()));
  }
  for (std::thread& thread : threads) thread.join();
  std::set<TimelineValue> shared(values[0].begin(), values[0].end());
  shared.insert(values[1].begin(), values[1].end());
  EXPECT_EQ(shared.size(), 2U * kPerThread);
  EXPECT_EQ(*shared.rbegin(), 2U * kPerThread);
  rig.drive(QueueId{1}, 2 * kPerThread);
  rig.drive(QueueId{2}, kPerThread);
  const std::uint64_t expected = hashBytes(rig.chunkBytes(0, 256, kOther));
  for (const auto& list : hashes) {
    for (const std::uint64_t hash : list) EXPECT_EQ(hash, expected);
  }
}

TEST_P(HostDeviceModes, PendingWorkDiesWithTheDevice) {
  std::uint64_t hash = 42;
  auto rig = std::make_unique<Rig>(rig_.desc);
  for (int i = 0; i < 20; ++i) (void)rig->submit({fromChunk(kChunk, 0, kOther, 0, kSize)});
  (void)rig->read({kChunk, 0, 64, &hash}, {{kCopyQueue, 1000}});
  rig.reset();
  EXPECT_EQ(hash, 42U);
}

TEST_P(HostDeviceModes, WhatIsReclaimedIsPoisonedBeforeItIsUsedAgain) {
  std::uint64_t hash = 0;
  for (unsigned char round = 1; round <= 50; ++round) {
    fill(rig_.page, round);
    rig_.drive(kCopyQueue, rig_.submit({fromPage(kPage, 0, kChunk, 0, kSize)}));
    const TimelineValue draw = rig_.read({kChunk, 0, kSize, &hash});
    rig_.drive(kDraw, draw);
    EXPECT_EQ(hash, hashBytes(std::vector<std::byte>(kSize, std::byte{round})));
    rig_.device->rangeReclaimed(kChunk, 0, kSize);
  }
  EXPECT_EQ(rig_.device->overwrites(), 0U);
  EXPECT_EQ(rig_.device->earlyReclaims(), 0U);
  EXPECT_TRUE(filledWith(rig_.chunkBytes(0, kSize), kPoisoned));
}

/// Modes in which nothing happens behind the owner's back.
class HostDeviceStill : public HostDeviceModes {};
INSTANTIATE_TEST_SUITE_P(Still, HostDeviceStill,
                         testing::Values(Completion::Immediate, Completion::Manual, Completion::Delayed), nameOf);

TEST_P(HostDeviceStill, CopyHappensWhenItCompletes) {
  fill(rig_.page, 1);
  const TimelineValue value = rig_.submit({fromPage(kPage, 0, kChunk, 0, 256)});
  EXPECT_TRUE(filledWith(rig_.chunkBytes(0, kSize), kPoisoned));
  fill(rig_.page, 2);  // Too early.
  rig_.drive(kCopyQueue, value);
  EXPECT_TRUE(filledWith(rig_.chunkBytes(0, 256), 2));
  EXPECT_TRUE(filledWith(rig_.chunkBytes(256, kSize - 256), kPoisoned));
}

TEST_P(HostDeviceStill, LastPieceOfABatchIsCopiedFirst) {
  fill(rig_.page.first(64), 1);
  fill(rig_.page.subspan(64, 64), 2);
  rig_.drive(kCopyQueue, rig_.submit({fromPage(kPage, 0, kChunk, 0, 64), fromPage(kPage, 64, kChunk, 0, 64)}));
  EXPECT_TRUE(filledWith(rig_.chunkBytes(0, 64), 1));
}

TEST(HostDeviceImmediate, NextPollCompletesEverything) {
  Rig rig({.completion = Completion::Immediate});
  const TimelineValue draw = rig.read({}, {{kCopyQueue, 2}});
  (void)rig.submit({});
  const TimelineValue copy = rig.submit({});
  EXPECT_EQ(rig.device->completed(kCopyQueue), 0U);
  EXPECT_TRUE(succeeds(rig.device->poll()));
  EXPECT_EQ(rig.device->completed(kCopyQueue), copy);
  EXPECT_EQ(rig.device->completed(kDraw), draw);
}

TEST(HostDeviceManual, CompletesWhatIsAskedInOrder) {
  Rig rig({.completion = Completion::Manual});
  fill(rig.page, 3);
  for (std::uint32_t i = 0; i < 4; ++i) (void)rig.submit({fromPage(kPage, 0, kChunk, i * 64, 64)});
  rig.device->complete(kCopyQueue, 2);
  EXPECT_TRUE(filledWith(rig.chunkBytes(0, 128), 3));
  EXPECT_TRUE(filledWith(rig.chunkBytes(128, 128), kPoisoned));
  EXPECT_EQ(rig.device->completed(kCopyQueue), 0U) << "seen before a poll";
  EXPECT_TRUE(succeeds(rig.device->poll()));
  EXPECT_EQ(rig.device->completed(kCopyQueue), 2U);
  rig.device->complete(kCopyQueue, 1);
  EXPECT_TRUE(succeeds(rig.device->poll()));
  EXPECT_EQ(rig.device->completed(kCopyQueue), 2U);
}

TEST(HostDeviceManual, ReadsHappenWhenTheyComplete) {
  Rig rig({.completion = Completion::Manual});
  std::uint64_t hash = 0;
  fill(rig.page.first(256), 1);
  const TimelineValue draw = rig.read({kChunk, 0, 256, &hash});
  rig.drive(kCopyQueue, rig.submit({fromPage(kPage, 0, kChunk, 0, 256)}));
  EXPECT_EQ(hash, 0U);
  rig.drive(kDraw, draw);
  EXPECT_EQ(hash, hashBytes(rig.page.first(256)));
}

TEST(HostDeviceManual, DoesNotCompleteWorkOfTheFuture) {
  Rig rig({.completion = Completion::Manual});
  rig.device->complete(kCopyQueue, std::numeric_limits<TimelineValue>::max());
  (void)rig.submit({});
  (void)rig.submit({});
  rig.device->complete(kCopyQueue, 1);
  EXPECT_TRUE(succeeds(rig.device->poll()));
  EXPECT_EQ(rig.device->completed(kCopyQueue), 1U);
}

TEST(HostDeviceManual, WaitCompletesNoMoreThanItMust) {
  Rig rig({.completion = Completion::Manual});
  for (int i = 0; i < 4; ++i) (void)rig.submit({});
  (void)rig.read({}, {{kCopyQueue, 1}});
  (void)rig.read({}, {{kCopyQueue, 4}});
  EXPECT_TRUE(succeeds(rig.device->wait(kDraw, 1, 1s)));
  EXPECT_EQ(rig.device->completed(kCopyQueue), 1U);
  EXPECT_EQ(rig.device->completed(kDraw), 1U);
}

/// For each of `count` batches submitted one a poll, the poll that completed it.
std::vector<int> schedule(const HostDeviceDesc& desc, QueueId queue, int count) {
  Rig rig(desc);
  std::vector<int> polls;
  for (int poll = 0; static_cast<int>(polls.size()) < count; ++poll) {
    if (poll < count) (void)(queue == kCopyQueue ? rig.submit({}) : rig.read({}));
    EXPECT_TRUE(succeeds(rig.device->poll()));
    while (polls.size() < rig.device->completed(queue)) polls.push_back(poll);
  }
  return polls;
}

TEST(HostDeviceDelayed, SameSeedSameSchedule) {
  const HostDeviceDesc desc{.minDelayPolls = 1, .maxDelayPolls = 6, .seed = 11};
  HostDeviceDesc other = desc;
  other.seed = 12;
  EXPECT_EQ(schedule(desc, kCopyQueue, 50), schedule(desc, kCopyQueue, 50));
  EXPECT_NE(schedule(desc, kCopyQueue, 50), schedule(other, kCopyQueue, 50));
  EXPECT_NE(schedule(desc, kCopyQueue, 50), schedule(desc, kDraw, 50));
}

TEST(HostDeviceDelayed, ScheduleIsTheSameOnEveryPlatform) {
  const HostDeviceDesc desc{.minDelayPolls = 1, .maxDelayPolls = 6, .seed = 11};
  EXPECT_EQ(schedule(desc, kCopyQueue, 12), (std::vector<int>{2, 3, 3, 6, 7, 8, 11, 11, 11, 11, 11, 14}));
}

TEST(HostDeviceDelayed, DelaysStayBetweenTheBounds) {
  const std::vector<int> polls = schedule({.minDelayPolls = 2, .maxDelayPolls = 4, .seed = 3}, kCopyQueue, 200);
  std::set<int> delays;
  for (int i = 0; i < 200; ++i) delays.insert(polls[static_cast<std::size_t>(i)] - i + 1);
  EXPECT_GE(*delays.begin(), 2);
  EXPECT_LE(*delays.rbegin(), 4);
  EXPECT_GT(delays.size(), 1U);
}

TEST(HostDeviceDelayed, FixedDelayIsExact) {
  const std::vector<int> polls = schedule({.minDelayPolls = 3, .maxDelayPolls = 3}, kDraw, 20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(polls[static_cast<std::size_t>(i)], i + 2);
}

TEST(HostDevice, TellsWhatItIs) {
  const auto device = HostDevice::create({.queueCount = 3, .heapBytes = kMiB + 5, .maxAllocations = 7});
  const DeviceCaps& caps = device->caps();
  EXPECT_EQ(caps.backend, Backend::Host);
  EXPECT_EQ(caps.queueCount, 3U);
  EXPECT_EQ(caps.maxChunkBytes, kMiB);
  EXPECT_EQ(caps.maxAllocations, 7U);
  EXPECT_EQ(caps.partAlignmentBytes[static_cast<std::size_t>(PartKind::Uniform)], 256U);
  for (const std::uint32_t alignment : caps.partAlignmentBytes) EXPECT_GT(alignment, 0U);
  EXPECT_EQ(device->budget().budgetBytes, kMiB + 5);
}

TEST(HostDevice, NewMemoryIsPoisonedAndNamed) {
  const auto device = HostDevice::create();
  const ChunkInfo info = device->createChunk(kChunk, 512).value();
  EXPECT_EQ(info.bytes, 512U);
  EXPECT_EQ(info.buffer, reinterpret_cast<NativeHandle>(device->bytes(kChunk).data()));
  EXPECT_TRUE(filledWith(device->bytes(kChunk), kPoisoned));
  EXPECT_TRUE(filledWith(device->openStaging(kPage, 100).value(), kPoisoned));
  EXPECT_TRUE(device->bytes(kOther).empty());
}

}  // namespace
}  // namespace flux
