// Bytes that come back from the device: of which moment, in which order, and what becomes of them when things go wrong.

#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <thread>

namespace flux {
namespace {

using test::PoolFixture;
using Completion = HostDeviceDesc::Completion;

constexpr PartId kPart{0};

PoolDesc poolWithTwoPages() {
  PoolDesc desc = test::smallPool();
  desc.readbackLimitBytes = 2 * desc.stagingPageBytes;
  return desc;
}

bool failsWith(const auto& result, ErrorCode code) {
  return !result && result.error().code == code;
}

std::vector<std::byte> slice(std::span<const std::byte> bytes, ByteOffset offset, ByteCount count) {
  const auto part = bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
  return {part.begin(), part.end()};
}

class PoolReadback : public testing::Test {
 protected:
  explicit PoolReadback(Completion completion = Completion::Immediate)
      : fixture_(completion, poolWithTwoPages()), block_(fixture_.add("block", bytes_)) {
    if (completion != Completion::Manual) fixture_.stepAndPublish(4);
  }

  Pool& pool() { return *fixture_.pool; }
  void steps(int count) { fixture_.stepAndPublish(count); }
  Readback ask(ByteOffset offset = 0, ByteCount bytes = 0, QueueValue after = {}) {
    Result<Readback> asked = pool().readBack({block_, kPart, offset, bytes, after});
    EXPECT_TRUE(asked) << describe(asked.error());
    return std::move(asked.value());
  }
  /// What arrives; nothing, if that is an error.
  static std::vector<std::byte> taken(Readback& readback, ByteCount bytes) {
    std::vector<std::byte> found(static_cast<std::size_t>(bytes));
    const Result<ContentVersion> version = readback.take(found);
    EXPECT_TRUE(version) << describe(version.error());
    if (!version) found.clear();
    return found;
  }

  std::vector<std::byte> bytes_ = test::pattern(1, 0, 1, 5001);
  PoolFixture fixture_;
  BlockHandle block_;
};

TEST_F(PoolReadback, GivesAnyRangeOfAPart) {
  constexpr std::array<std::pair<ByteOffset, ByteCount>, 9> kRanges{
      {{0, 5001}, {0, 1}, {1, 1}, {2, 3}, {3, 4}, {4, 4}, {5000, 1}, {4997, 4}, {1023, 2049}}};
  std::vector<Readback> asked;
  for (const auto& [offset, bytes] : kRanges) asked.push_back(ask(offset, bytes));
  Readback rest = ask(17);
  EXPECT_FALSE(asked[0].ready());
  steps(3);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto [offset, bytes] = kRanges[i];
    ASSERT_TRUE(asked[i].ready());
    EXPECT_EQ(taken(asked[i], bytes), slice(bytes_, offset, bytes)) << offset << ", " << bytes;
  }
  EXPECT_EQ(taken(rest, 4984), slice(bytes_, 17, 4984));
  EXPECT_EQ(pool().stats().readBackBytes, 5001 + 1 + 1 + 3 + 4 + 4 + 1 + 4 + 2049 + 4984U);
}

TEST_F(PoolReadback, SaysWhatIsWrongAtOnce) {
  EXPECT_TRUE(failsWith(pool().readBack({{}, kPart}), ErrorCode::StaleHandle));
  EXPECT_TRUE(failsWith(pool().readBack({block_, PartId{1}}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(pool().readBack({block_, kPart, 5001}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(pool().readBack({block_, kPart, 5000, 2}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(pool().readBack({block_, kPart, 8, ~ByteCount{0}}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(pool().readBack({block_, kPart, 0, 0, {QueueId{2}, 1}}), ErrorCode::InvalidArgument));
  const BlockHandle large = fixture_.add("large", test::pattern(2, 0, 1, 64 * kKiB + 8));
  EXPECT_TRUE(failsWith(pool().readBack({large, kPart, 0, 4}), ErrorCode::NotResident));
  steps(4);
  EXPECT_TRUE(failsWith(pool().readBack({large, kPart}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(pool().readBack({large, kPart, 1, 64 * kKiB}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(pool().readBack({large, kPart, 4, 64 * kKiB}));
}

TEST_F(PoolReadback, IsTakenOnce) {
  Readback readback = ask(0, 8);
  std::array<std::byte, 8> found{};
  EXPECT_TRUE(failsWith(readback.take(found), ErrorCode::Timeout));
  EXPECT_FALSE(readback.wait(std::chrono::nanoseconds{0}));
  steps(3);
  EXPECT_TRUE(readback.wait(std::chrono::nanoseconds{0}));
  EXPECT_TRUE(failsWith(readback.take(std::span(found).first(7)), ErrorCode::InvalidArgument));
  EXPECT_TRUE(readback.take(found));
  EXPECT_TRUE(failsWith(readback.take(found), ErrorCode::InvalidArgument));
  Readback nothing;
  EXPECT_FALSE(nothing.ready());
  EXPECT_FALSE(nothing.wait(std::chrono::hours{1}));
  EXPECT_TRUE(failsWith(nothing.take(found), ErrorCode::InvalidArgument));
}

TEST_F(PoolReadback, WaitsItsTurnWithinTheLimitAndTheQuota) {
  std::vector<Readback> asked;
  for (int i = 0; i < 40; ++i) asked.push_back(ask());  // three pages and more
  const StepReport first = pool().step().value();
  EXPECT_EQ(first.readBackBytes, 26 * 5001U) << "as many as two pages take";
  EXPECT_EQ(first.waitingReadbacks, 40U);
  EXPECT_EQ(pool().stats().stagingBytes, 64 * kKiB * 3);
  steps(3);
  EXPECT_TRUE(asked[25].ready());
  EXPECT_FALSE(asked[26].ready()) << "held bytes keep their pages";
  for (int i = 0; i < 13; ++i) EXPECT_EQ(taken(asked[static_cast<std::size_t>(i)], 5001), bytes_);
  for (std::size_t i = 13; i < 26; ++i) asked[i] = {};  // dropped
  StepQuota quota;
  quota.pieces = 4;
  EXPECT_EQ(pool().step(quota).value().readBackBytes, 4 * 5001U);
  quota = {};
  quota.uploadBytes = 1;
  EXPECT_EQ(pool().step(quota).value().readBackBytes, 5001U) << "one at least";
  steps(4);
  for (std::size_t i = 26; i < 40; ++i) EXPECT_EQ(taken(asked[i], 5001), bytes_) << i;
  EXPECT_EQ(pool().stats().stagingBytes, 64 * kKiB * 3);
  steps(300);
  EXPECT_EQ(pool().stats().stagingBytes, 0U) << "idle pages go";
}

TEST_F(PoolReadback, WhatNobodyWantsIsNotCopied) {
  std::optional<Readback> asked = ask();
  asked.reset();
  EXPECT_EQ(pool().step().value().readBackBytes, 0U);
  EXPECT_EQ(pool().step().value().waitingReadbacks, 0U);
}

TEST_F(PoolReadback, SeesWhatWasSubmittedBeforeIt) {
  const auto newer = test::pattern(1, 0, 2, 5001);
  ASSERT_TRUE(fixture_.update(block_, newer));
  Readback old = ask();
  steps(1);  // the update is submitted, and the old contents are read
  steps(3);
  std::vector<std::byte> found(5001);
  EXPECT_EQ(old.take(found).value(), 1U);
  EXPECT_EQ(found, bytes_);
  Readback now = ask();
  steps(3);
  EXPECT_EQ(now.take(found).value(), 2U);
  EXPECT_EQ(found, newer);

  const auto overwritten = test::pattern(1, 0, 3, 64);
  const PartUpdate update{kPart, Source::bytes(overwritten), 128, 64};
  ASSERT_TRUE(pool().updateInPlace(block_, {&update, 1}));
  Readback inPlace = ask(128, 64);
  steps(3);
  EXPECT_EQ(taken(inPlace, 64), overwritten);
}

TEST_F(PoolReadback, OfABlockThatGoesBeforeItsTurnIsStale) {
  Readback early = ask();
  steps(1);  // submitted
  Readback late = ask();
  ASSERT_TRUE(pool().remove(block_));
  steps(4);
  EXPECT_EQ(taken(early, 5001), bytes_) << "the place stays until it has been read";
  std::vector<std::byte> found(5001);
  EXPECT_TRUE(failsWith(late.take(found), ErrorCode::StaleHandle));
  EXPECT_EQ(fixture_.host->earlyReclaims(), 0U);
}

TEST_F(PoolReadback, OfAPartThatGoesBeforeItsTurnIsStale) {
  const PartDesc part{PartKind::Index, bytes_.size(), Source::bytes(bytes_)};
  PartId added{};
  ASSERT_TRUE(pool().addParts(block_, {&part, 1}, {&added, 1}));
  steps(4);
  Readback late = pool().readBack({block_, added}).value();
  ASSERT_TRUE(pool().removeParts(block_, {&added, 1}));
  steps(2);
  std::vector<std::byte> found(bytes_.size());
  EXPECT_TRUE(failsWith(late.take(found), ErrorCode::StaleHandle));
}

TEST(PoolReadbackOfWork, GoesOnceTheWorkIsSeenDoneAndHoldsNobodyUp) {
  PoolFixture fixture(Completion::Manual, poolWithTwoPages());
  const auto bytes = test::pattern(1, 0, 1, 256);
  const BlockHandle block = fixture.add("written", bytes);
  const auto finish = [&] {
    fixture.host->complete(kCopyQueue, fixture.host->submittedValue(kCopyQueue));
    fixture.stepAndPublish();
  };
  for (int i = 0; i < 3; ++i) finish();
  const TimelineValue work = fixture.host->submitReads(test::kDrawQueue, {}, {});
  Readback after = fixture.pool->readBack({block, kPart, 0, 0, {test::kDrawQueue, work}}).value();
  Readback other = fixture.pool->readBack({block, kPart}).value();
  for (int i = 0; i < 3; ++i) finish();
  EXPECT_TRUE(other.ready());
  EXPECT_FALSE(after.ready());
  fixture.host->complete(test::kDrawQueue, work);
  for (int i = 0; i < 3; ++i) finish();
  EXPECT_TRUE(after.ready());
}

TEST(PoolReadbackFaults, ARefusedBatchIsSubmittedAgain) {
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  const auto checked = makeCheckedDevice(*host);
  const auto device = FaultyDevice::create(*checked);
  const auto pool = std::move(Pool::create(*device, poolWithTwoPages()).value());
  const auto bytes = test::pattern(1, 0, 1, 4000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const BlockHandle block = pool->add(test::blockDesc("block", {&part, 1})).value();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pool->step());
  for (const DeviceCall call : {DeviceCall::OpenStaging, DeviceCall::Submit, DeviceCall::Submit}) {
    Readback asked = pool->readBack({block, kPart}).value();
    device->failCall(call, 1, ErrorCode::OutOfDeviceMemory);
    const Result<StepReport> refused = pool->step();
    EXPECT_TRUE(failsWith(refused, ErrorCode::OutOfDeviceMemory));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool->step());
    std::vector<std::byte> found(4000);
    ASSERT_TRUE(asked.take(found));
    EXPECT_EQ(found, bytes);
  }
}

// What is removed meanwhile stays until that batch is done, too: the checked device watches.
TEST(PoolReadbackFaults, ABatchThatEndsWhereAPageIsRefusedCountsAllTheSame) {
  const auto host = HostDevice::create({.completion = Completion::Manual});
  const auto checked = makeCheckedDevice(*host);
  const auto device = FaultyDevice::create(*checked);
  const auto pool = std::move(Pool::create(*device, poolWithTwoPages()).value());
  const auto finish = [&] {
    host->complete(kCopyQueue, host->submittedValue(kCopyQueue));
    ASSERT_TRUE(pool->step());
    pool->publish();
  };
  const auto bytes = test::pattern(1, 0, 1, 40'000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const BlockHandle block = pool->add(test::blockDesc("block", {&part, 1})).value();
  for (int i = 0; i < 4; ++i) finish();
  Readback first = pool->readBack({block, kPart}).value();
  Readback second = pool->readBack({block, kPart}).value();
  device->failCall(DeviceCall::OpenStaging, 2, ErrorCode::OutOfDeviceMemory);
  EXPECT_TRUE(failsWith(pool->step(), ErrorCode::OutOfDeviceMemory));
  ASSERT_TRUE(pool->remove(block));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pool->step());
    pool->publish();
  }
  EXPECT_GT(pool->stats().retiredBytes, 0U);
  EXPECT_EQ(host->earlyReclaims(), 0U);
  for (int i = 0; i < 4; ++i) finish();
  EXPECT_EQ(pool->stats().retiredBytes, 0U);
  std::vector<std::byte> found(bytes.size());
  ASSERT_TRUE(first.take(found));
  EXPECT_EQ(found, bytes);
  EXPECT_TRUE(failsWith(second.take(found), ErrorCode::StaleHandle));
}

TEST_F(PoolReadback, OfALostDeviceFailsButWhatHasArrivedStays) {
  Readback arrived = ask();
  steps(3);
  Readback inFlight = ask();
  ASSERT_TRUE(pool().step());
  Readback waiting = ask();
  fixture_.host->lose();
  EXPECT_FALSE(pool().step());
  std::vector<std::byte> found(5001);
  EXPECT_TRUE(failsWith(inFlight.take(found), ErrorCode::DeviceLost));
  EXPECT_TRUE(failsWith(waiting.take(found), ErrorCode::DeviceLost));
  EXPECT_EQ(taken(arrived, 5001), bytes_);
  EXPECT_TRUE(failsWith(pool().readBack({block_, kPart}), ErrorCode::DeviceLost));
}

TEST_F(PoolReadback, MayOutliveThePool) {
  Readback arrived = ask();
  steps(3);
  Readback inFlight = ask();
  ASSERT_TRUE(pool().step());
  Readback waiting = ask();
  Producer producer = pool().makeProducer();
  Readback instructed = producer.readBack({block_, kPart}).value();
  std::thread waiter([&] { EXPECT_TRUE(waiting.wait(std::chrono::hours{1})); });
  { const Producer gone = std::move(producer); }
  fixture_.pool.reset();
  waiter.join();
  std::vector<std::byte> found(5001);
  for (Readback* readback : {&arrived, &inFlight, &waiting, &instructed}) {
    EXPECT_TRUE(readback->ready());
    EXPECT_TRUE(failsWith(readback->take(found), ErrorCode::NotResident));
  }
}

TEST_F(PoolReadback, IsAskedForAndTakenOnAnyThread) {
  constexpr int kThreads = 3;
  constexpr int kReads = 200;
  std::atomic<int> right{0};
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Producer producer = pool().makeProducer();
      std::vector<std::byte> found(5001);
      for (int i = 0; i < kReads; ++i) {
        const ByteOffset offset = static_cast<ByteOffset>(t * 1000 + i);
        Result<Readback> asked = producer.readBack({block_, kPart, offset, 1000});
        if (i % 7 == 3) continue;  // nobody wants it
        if (!asked || !asked->wait(std::chrono::hours{1}) || !asked->take(found)) continue;
        if (std::ranges::equal(std::span(found).first(1000), std::span(bytes_).subspan(offset, 1000))) ++right;
      }
      Result<Readback> wrong = producer.readBack({block_, PartId{9}});
      if (wrong && wrong->wait(std::chrono::hours{1}) &&
          wrong->take(found).error().code == ErrorCode::InvalidArgument) {
        ++right;
      }
      --running;
    });
  }
  while (running != 0) {
    ASSERT_TRUE(pool().step());
    pool().publish();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * (kReads - kReads / 7 - (kReads % 7 > 3 ? 1 : 0) + 1));
}

/// Blocks that come, change, move and go, while random ranges of them are read: each answer is of the version that it
/// says.
TEST(PoolReadbackProperty, EveryAnswerIsOfItsVersion) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    PoolFixture fixture(Completion::Delayed, poolWithTwoPages(), 1 + seed);
    std::mt19937 random(seed);
    const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
    std::map<BlockHandle, std::map<ContentVersion, std::vector<std::byte>>> model;
    struct Asked {
      BlockHandle block;
      ByteOffset offset;
      ByteCount bytes;
      Readback readback;
    };
    std::vector<Asked> asked;
    std::uint32_t patterns = 0;
    std::size_t answers = 0;
    const auto anyBlock = [&] { return std::next(model.begin(), static_cast<std::ptrdiff_t>(below(model.size()))); };
    std::vector<BlockHandle> live;
    for (int i = 0; i < 6000; ++i) {
      const std::size_t action = below(10);
      if (action == 0 && live.size() < 30) {
        const auto bytes = test::pattern(++patterns, 0, 0, 1 + below(8000));
        const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
        if (const auto added = fixture.pool->add(test::blockDesc("block", {&part, 1}))) {
          model[*added][1] = bytes;
          live.push_back(*added);
        }
      } else if (action <= 2 && !live.empty()) {
        const BlockHandle block = live[below(live.size())];
        auto next = model[block].rbegin()->second;
        const ByteOffset from = below(next.size()) & ~std::size_t{3};
        const auto bytes = test::pattern(++patterns, 0, 0, next.size() - from);
        std::ranges::copy(bytes, next.begin() + static_cast<std::ptrdiff_t>(from));
        const PartUpdate update{kPart, Source::bytes(bytes), from};
        if (const auto version = fixture.pool->update(block, {&update, 1})) model[block][*version] = next;
      } else if (action == 3 && live.size() > 10) {
        const std::size_t at = below(live.size());
        if (fixture.pool->remove(live[at])) live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (action <= 7 && !model.empty()) {
        const auto& [block, versions] = *anyBlock();
        const ByteCount size = versions.begin()->second.size();
        const ByteOffset offset = below(size);
        const ByteCount bytes = 1 + below(size - offset);
        if (auto answer = fixture.pool->readBack({block, kPart, offset, bytes})) {
          asked.push_back({block, offset, bytes, std::move(*answer)});
        }
      } else {
        fixture.stepAndPublish();
        std::erase_if(asked, [&](Asked& ask) {
          if (!ask.readback.ready() || below(2) == 0) return false;
          std::vector<std::byte> found(static_cast<std::size_t>(ask.bytes));
          const auto version = ask.readback.take(found);
          if (!version) {
            EXPECT_EQ(version.error().code, ErrorCode::StaleHandle) << describe(version.error());
            return true;
          }
          EXPECT_EQ(found, slice(model[ask.block][*version], ask.offset, ask.bytes));
          ++answers;
          return true;
        });
      }
    }
    EXPECT_GT(answers, 150U);
    EXPECT_EQ(fixture.host->earlyReclaims(), 0U);
    EXPECT_EQ(fixture.host->overwrites(), 0U);
  }
}

}  // namespace
}  // namespace flux
