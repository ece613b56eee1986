// What every strategy promises, on each of them.

#include <flux/strategies.hpp>

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "resources/strategies/strategy_test_tools.hpp"

namespace flux::test {
namespace {

class Strategies : public testing::TestWithParam<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(All, Strategies, testing::ValuesIn(strategyNames().begin(), strategyNames().end()),
                         [](const auto& one) { return std::string(one.param); });

bool overlap(const Allocation& a, const Allocation& b) {
  return a.buffer == b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

TEST_P(Strategies, KeepTheirNames) {
  EXPECT_EQ(StrategyRig(GetParam()).strategy->name(), GetParam());
}

TEST_P(Strategies, GiveWhatWasAskedFor) {
  const StrategyRig rig(GetParam());
  std::vector<Allocation> made;
  for (const ByteCount alignment : {1U, 4U, 12U, 16U, 36U, 48U, 256U, 1000U, 4096U, 65536U}) {
    for (const ByteCount bytes : {1U, 3U, 16U, 17U, 80U, 4096U, 100'000U}) {
      made.push_back(rig.allocate(bytes, alignment));
      const Allocation& last = made.back();
      EXPECT_EQ(last.bytes, bytes);
      EXPECT_EQ(last.offset % alignment, 0U) << alignment;
      EXPECT_EQ(last.offset % kPlaceUnitBytes, 0U);
      const std::optional<ChunkInfo> buffer = rig.strategy->buffer(last.buffer);
      ASSERT_TRUE(buffer);
      EXPECT_LE(last.offset + bytes, buffer->bytes);
    }
  }
  for (std::size_t a = 0; a < made.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_FALSE(overlap(*rig.strategy->find(made[a].id), *rig.strategy->find(made[b].id)));
    }
  }
}

/// One use of everything, in random order, against a plain model.
TEST_P(Strategies, KeepEveryByteThroughRandomUse) {
  HostDeviceDesc desc;
  desc.maxDelayPolls = 4;
  StrategyRig rig(GetParam(), {.firstBytes = 64 * kKiB, .chunkBytes = kMiB}, desc);
  struct Live {
    ByteCount bytes = 0;
    ByteCount knownBytes = 0;
    ByteCount alignment = 0;
    std::uint32_t seed = 0;
    std::uint32_t version = 0;
  };
  std::map<std::uint32_t, std::pair<AllocationId, Live>> model;
  std::mt19937 random(5);
  std::uint32_t seed = 0;
  ByteCount liveBytes = 0;
  const auto size = [&] { return 1 + random() % (1U << (4 + random() % 14)); };
  const auto any = [&] { return std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size())); };
  for (int i = 0; i < 3000; ++i) {
    const auto dice = random() % 100;
    if (model.empty() || dice < 45) {
      const ByteCount alignment = std::array{1U, 4U, 16U, 36U, 256U}[random() % 5];
      const Allocation made = rig.allocate(size(), alignment);
      rig.upload(made, ++seed);
      liveBytes += made.bytes;
      model[seed] = {made.id, {made.bytes, made.bytes, alignment, seed, made.version}};
    } else if (dice < 80) {
      const auto gone = any();
      rig.draw(gone->second.first);
      ASSERT_TRUE(rig.strategy->free(gone->second.first));
      liveBytes -= gone->second.second.bytes;
      model.erase(gone);
    } else if (dice < 90) {
      auto& [id, live] = any()->second;
      const ByteCount bytes = size();
      const auto resized = rig.strategy->resize(id, bytes);
      ASSERT_TRUE(succeeds(resized));
      EXPECT_EQ(resized->id, id);
      EXPECT_EQ(resized->bytes, bytes);
      EXPECT_EQ(resized->offset % live.alignment, 0U);
      liveBytes += bytes - live.bytes;
      live.bytes = bytes;
      live.knownBytes = std::min(live.knownBytes, bytes);
    } else {
      // Whoever keeps places is told of every change.
      std::set<std::pair<std::uint32_t, std::uint32_t>> displaced;
      for (const AllocationId id : rig.strategy->displaced()) displaced.insert({id.index, id.generation});
      for (auto& [key, entry] : model) {
        const std::uint32_t version = rig.strategy->find(entry.first)->version;
        EXPECT_EQ(version != entry.second.version, displaced.contains({entry.first.index, entry.first.generation}));
        entry.second.version = version;
      }
      rig.step();
      EXPECT_TRUE(rig.strategy->displaced().empty());
    }
    const StrategyStats stats = rig.strategy->stats();
    ASSERT_EQ(stats.allocations, model.size());
    ASSERT_EQ(stats.liveBytes, liveBytes);
    ASSERT_LE(stats.liveBytes + stats.paddingBytes + stats.waitingBytes, stats.reservedBytes);
    ASSERT_EQ(stats.reservedBytes, rig.host->budget().usedBytes);
    if (i % 100 != 0) continue;
    rig.waitForCopies(rig.strategy->lastCopy());
    for (const auto& [key, entry] : model) ASSERT_TRUE(rig.holds(entry.first, entry.second.knownBytes, key)) << i;
  }
  rig.strategy->freeAll();
  EXPECT_EQ(rig.strategy->stats().liveBytes, 0U);
  EXPECT_EQ(rig.strategy->stats().paddingBytes, 0U);
  for (const auto& [key, entry] : model) EXPECT_FALSE(rig.strategy->find(entry.first));
  rig.finish();
  EXPECT_EQ(rig.strategy->stats().waitingBytes, 0U);
  rig.strategy->trim();
  EXPECT_EQ(rig.strategy->stats().reservedBytes, 0U);
  EXPECT_EQ(rig.strategy->stats().buffers, 0U);
}

TEST_P(Strategies, RefuseWhatIsWrong) {
  const StrategyRig rig(GetParam(), {.maxBufferBytes = 4 * kMiB});
  EXPECT_TRUE(failsWith(rig.strategy->allocate(0), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(rig.strategy->allocate(16, 0), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(rig.strategy->allocate(16, ByteCount{1} << 33U), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(rig.strategy->allocate(4 * kMiB + 1), ErrorCode::TooLarge));
  EXPECT_TRUE(failsWith(rig.strategy->allocate(~ByteCount{0}), ErrorCode::TooLarge));
  EXPECT_TRUE(failsWith(rig.strategy->step(std::array{QueueValue{QueueId{7}, 1}}), ErrorCode::InvalidArgument));
  EXPECT_EQ(rig.strategy->stats().buffersMade, 0U);

  EXPECT_TRUE(failsWith(rig.strategy->free({}), ErrorCode::StaleHandle));
  const Allocation kept = rig.allocate(4 * kMiB);
  const Allocation freed = rig.allocate(100);
  EXPECT_TRUE(failsWith(rig.strategy->resize(freed.id, 0), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(rig.strategy->resize(freed.id, 4 * kMiB + 1), ErrorCode::TooLarge));
  ASSERT_TRUE(rig.strategy->free(freed.id));
  EXPECT_TRUE(failsWith(rig.strategy->free(freed.id), ErrorCode::StaleHandle));
  EXPECT_TRUE(failsWith(rig.strategy->resize(freed.id, 100), ErrorCode::StaleHandle));
  EXPECT_FALSE(rig.strategy->find(freed.id));
  // Its slot in use again.
  const Allocation next = rig.allocate(100);
  EXPECT_EQ(next.id.index, freed.id.index);
  const Result<void> again = rig.strategy->free(freed.id);
  ASSERT_TRUE(failsWith(again, ErrorCode::StaleHandle));
  EXPECT_EQ(again.error().handle.generation, freed.id.generation);
  EXPECT_TRUE(rig.strategy->find(next.id));
  EXPECT_TRUE(rig.strategy->find(kept.id));
}

TEST_P(Strategies, RefuseTheIdsOfOthers) {
  const StrategyRig rig(GetParam());
  const auto other = makeStrategy(GetParam(), *rig.device, {.firstBuffer = ChunkIndex{5000}}).value();
  for (int i = 0; i < 100; ++i) {
    const Allocation ours = rig.allocate(100);
    const Allocation theirs = other->allocate(100).value();
    EXPECT_FALSE(rig.strategy->find(theirs.id));
    EXPECT_TRUE(failsWith(rig.strategy->free(theirs.id), ErrorCode::StaleHandle));
    EXPECT_TRUE(failsWith(other->free(ours.id), ErrorCode::StaleHandle));
    EXPECT_GE(theirs.buffer, ChunkIndex{5000});
    EXPECT_FALSE(rig.strategy->buffer(theirs.buffer));
    if (i % 2 != 0) {
      ASSERT_TRUE(rig.strategy->free(ours.id));
    }
  }
}

TEST_P(Strategies, DoNotReuseAPlaceBeforeItsLastUseIsOver) {
  StrategyRig rig(GetParam(), {}, manualDevice());
  const Allocation a = rig.allocate(5000);
  rig.upload(a, 1);
  std::uint64_t drawn = 0;
  const TimelineValue use = rig.draw(a.id, &drawn);
  ASSERT_TRUE(rig.strategy->free(a.id));
  std::vector<Allocation> later;
  for (std::uint32_t i = 0; i < 40; ++i) {
    later.push_back(rig.allocate(5000));
    ASSERT_FALSE(overlap(a, later.back())) << i;
    rig.upload(later.back(), 2);
    rig.step();
    EXPECT_GE(rig.strategy->stats().waitingBytes, 5000U);
  }
  rig.host->complete(StrategyRig::kDrawQueue, use);
  EXPECT_EQ(drawn, hashBytes(pattern(5000, 1)));
  rig.step();
  EXPECT_EQ(rig.strategy->stats().waitingBytes, 0U);
}

TEST_P(Strategies, APlaceIsUsedAgainOnceItsLastUseIsOver) {
  StrategyRig rig(GetParam());
  for (int frame = 0; frame < 50; ++frame) {
    for (int i = 0; i < 20; ++i) rig.upload(rig.allocate(30'000), 1);
    rig.strategy->freeAll();
    rig.finish();
  }
  EXPECT_LE(rig.strategy->stats().reservedBytes, 2 * kMiB);
}

TEST_P(Strategies, WaitForTheirOwnCopiesWithoutBeingTold) {
  StrategyRig rig(GetParam(), {}, manualDevice());
  const Allocation mesh = rig.allocate(1000);
  rig.upload(mesh, 1);
  const auto resized = rig.strategy->resize(mesh.id, 5000);
  ASSERT_TRUE(succeeds(resized));
  EXPECT_EQ(resized->version, 1U);
  ASSERT_EQ(rig.strategy->displaced().size(), 1U);
  EXPECT_EQ(rig.strategy->displaced()[0], mesh.id);
  ASSERT_TRUE(rig.strategy->step({}));
  EXPECT_GE(rig.strategy->stats().waitingBytes, 1000U);
  rig.host->complete(kCopyQueue, rig.strategy->lastCopy());
  ASSERT_TRUE(rig.strategy->step({}));
  EXPECT_EQ(rig.strategy->stats().waitingBytes, 0U);
  EXPECT_TRUE(rig.holds(mesh.id, 1000, 1));
}

TEST_P(Strategies, AFailedAllocationChangesNothing) {
  for (std::uint64_t k = 1;; ++k) {
    StrategyRig rig(GetParam(), {.firstBytes = 64 * kKiB, .chunkBytes = 128 * kKiB});
    const Allocation first = rig.allocate(60'000);
    rig.upload(first, 1);
    const StrategyStats before = rig.strategy->stats();
    const std::uint64_t calls = rig.device->fallibleCalls();
    rig.device->failCall(k, ErrorCode::OutOfDeviceMemory);
    const Result<Allocation> failed = rig.strategy->allocate(50'000);
    const std::uint64_t used = rig.device->fallibleCalls() - calls;
    rig.device->failCall(1, ErrorCode::OutOfDeviceMemory, 0);
    if (k > used) {  // It took fewer calls than k.
      EXPECT_TRUE(succeeds(failed));
      EXPECT_GT(k, 1U);
      break;
    }
    EXPECT_TRUE(failsWith(failed, ErrorCode::OutOfDeviceMemory)) << k;
    const StrategyStats after = rig.strategy->stats();
    EXPECT_EQ(after.reservedBytes, before.reservedBytes);
    EXPECT_EQ(after.liveBytes, before.liveBytes);
    EXPECT_EQ(after.paddingBytes, before.paddingBytes);
    EXPECT_EQ(after.waitingBytes, before.waitingBytes);
    EXPECT_EQ(after.allocations, 1U);
    EXPECT_EQ(rig.host->budget().usedBytes, before.reservedBytes);
    EXPECT_TRUE(rig.strategy->displaced().empty());
    EXPECT_EQ(rig.strategy->find(first.id)->version, first.version);
    rig.upload(rig.allocate(50'000), 2);
    rig.waitForCopies(rig.strategy->lastCopy());
    EXPECT_TRUE(rig.holds(first.id, 60'000, 1));
  }
}

TEST_P(Strategies, AFailedResizeKeepsTheAllocation) {
  for (std::uint64_t k = 1;; ++k) {
    StrategyRig rig(GetParam(), {.firstBytes = 64 * kKiB, .chunkBytes = 128 * kKiB});
    const Allocation first = rig.allocate(60'000);
    rig.upload(first, 1);
    const std::uint64_t calls = rig.device->fallibleCalls();
    rig.device->failCall(k, ErrorCode::OutOfDeviceMemory);
    const Result<Allocation> failed = rig.strategy->resize(first.id, 100'000);
    const std::uint64_t used = rig.device->fallibleCalls() - calls;
    rig.device->failCall(1, ErrorCode::OutOfDeviceMemory, 0);
    rig.waitForCopies(rig.strategy->lastCopy());
    EXPECT_TRUE(rig.holds(first.id, 60'000, 1)) << k;
    if (k > used) {
      EXPECT_TRUE(succeeds(failed));
      EXPECT_GT(k, 1U);
      break;
    }
    EXPECT_TRUE(failsWith(failed, ErrorCode::OutOfDeviceMemory)) << k;
    EXPECT_EQ(rig.strategy->stats().liveBytes, 60'000U);
    EXPECT_EQ(rig.strategy->stats().allocations, 1U);
    EXPECT_EQ(rig.strategy->find(first.id)->bytes, 60'000U);
    // Nor is a place lost that was meant for it.
    rig.strategy->freeAll();
    rig.finish();
    rig.strategy->trim();
    EXPECT_EQ(rig.strategy->stats().reservedBytes, 0U) << k;
  }
}

TEST_P(Strategies, StopAtTheirNumberOfBuffers) {
  const StrategyRig rig(GetParam(), {.maxBuffers = 2, .maxBufferBytes = 4 * kMiB, .chunkBytes = 4 * kMiB});
  int made = 0;
  Result<Allocation> last = rig.strategy->allocate(3 * kMiB);
  for (; last && made < 10; ++made) last = rig.strategy->allocate(3 * kMiB);
  EXPECT_TRUE(failsWith(last, ErrorCode::TooManyChunks));
  EXPECT_EQ(rig.strategy->stats().buffers, 2U);
}

TEST_P(Strategies, KeepStandingWhenTheDeviceIsLost) {
  const auto lost = HostDevice::create(manualDevice());
  {
    const auto strategy = makeStrategy(GetParam(), *lost).value();
    const Allocation made = strategy->allocate(100).value();
    ASSERT_TRUE(strategy->free(made.id));
    lost->lose();
    EXPECT_TRUE(failsWith(strategy->step({}), ErrorCode::DeviceLost));
    EXPECT_GT(strategy->stats().waitingBytes, 0U);
    EXPECT_TRUE(failsWith(strategy->allocate(64 * kMiB), ErrorCode::DeviceLost));
  }
  EXPECT_EQ(lost->budget().usedBytes, 0U);
}

TEST(StrategyFactory, RefusesWhatItCannotMake) {
  const auto device = HostDevice::create();
  EXPECT_TRUE(failsWith(makeStrategy("slab", *device), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(makeStrategy("tiered", *device, {.tierLimits = {2, 2, 3}}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(makeStrategy("tiered", *device, {.tierLimits = {0, 2, 3}}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(makeStrategy("linear", *device, {.firstBytes = 0}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(makeStrategy("chunked", *device, {.chunkBytes = 0}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(makeStrategy("chunked", *device, {.firstBuffer = ChunkIndex{kMaxChunks - 5}}),
                        ErrorCode::InvalidArgument));
  EXPECT_EQ(strategyNames().front(), "chunked");
}

}  // namespace
}  // namespace flux::test
