#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>

#include "resources/strategies/strategy_test_tools.hpp"

namespace flux::test {
namespace {

struct Mesh {
  Allocation place;
  std::uint32_t seed = 0;
};

TEST(Megabuffer, GrowthKeepsDataAndOffsetsAndTellsWhoeverIsConcerned) {
  StrategyRig rig("megabuffer");
  std::mt19937 random(3);
  std::vector<Mesh> meshes;
  std::uint64_t growths = 0;
  ByteCount liveBytes = 0;
  for (std::uint32_t seed = 1; seed <= 1000; ++seed) {
    const ByteCount octave = ByteCount{1} << random() % 20;
    const ByteCount bytes = octave + random() % octave;  // 1 byte to 1 MiB, as many in each octave
    const Allocation made = rig.allocate(bytes);
    liveBytes += bytes;
    const bool grew = rig.strategy->lastCopy() != 0 && rig.strategy->stats().copies != growths;
    if (grew) {
      growths = rig.strategy->stats().copies;
      rig.waitForCopies(rig.strategy->lastCopy());
      ASSERT_EQ(rig.strategy->displaced().size(), meshes.size());
      for (Mesh& mesh : meshes) {
        const Allocation now = rig.strategy->find(mesh.place.id).value();
        ASSERT_EQ(now.offset, mesh.place.offset);
        ASSERT_NE(now.buffer, mesh.place.buffer);
        ASSERT_EQ(now.buffer, made.buffer);
        ASSERT_EQ(now.version, mesh.place.version + 1);
        ASSERT_TRUE(rig.holds(now.id, now.bytes, mesh.seed)) << "growth " << growths << ", mesh " << mesh.seed;
        mesh.place = now;
      }
    }
    rig.upload(made, seed);
    meshes.push_back({made, seed});
    if (random() % 4 == 0) {
      const auto gone = meshes.begin() + static_cast<std::ptrdiff_t>(random() % meshes.size());
      rig.draw(gone->place.id);
      liveBytes -= gone->place.bytes;
      ASSERT_TRUE(rig.strategy->free(gone->place.id));
      *gone = meshes.back();
      meshes.pop_back();
    }
    rig.step();
    ASSERT_EQ(rig.strategy->stats().liveBytes, liveBytes);
  }
  EXPECT_GE(growths, 5U);
  rig.finish();
  EXPECT_EQ(rig.strategy->stats().buffers, 1U);
  EXPECT_EQ(rig.strategy->stats().reservedBytes, std::bit_ceil(rig.strategy->stats().reservedBytes));
  for (const Mesh& mesh : meshes) EXPECT_TRUE(rig.holds(mesh.place.id, mesh.place.bytes, mesh.seed));
}

TEST(Megabuffer, TheOldBufferStaysUntilItsLastUse) {
  StrategyRig rig("megabuffer", {}, manualDevice());
  const Allocation mesh = rig.allocate(kMiB);
  rig.upload(mesh, 1);
  std::uint64_t drawn = 0;
  const TimelineValue use = rig.draw(mesh.id, &drawn);
  (void)rig.allocate(kMiB);
  EXPECT_NE(rig.strategy->find(mesh.id)->buffer, mesh.buffer);
  EXPECT_EQ(rig.strategy->stats().buffers, 2U);
  rig.step();
  rig.waitForCopies(rig.strategy->lastCopy());
  for (int i = 0; i < 5; ++i) rig.step();
  EXPECT_TRUE(rig.strategy->buffer(mesh.buffer)) << "a frame still draws from it";
  rig.host->complete(StrategyRig::kDrawQueue, use);
  EXPECT_EQ(drawn, hashBytes(pattern(kMiB, 1)));
  rig.step();
  EXPECT_FALSE(rig.strategy->buffer(mesh.buffer));
  EXPECT_EQ(rig.strategy->stats().buffers, 1U);
}

TEST(Megabuffer, WhatWaitsInTheOldBufferWaitsForTheCopyToo) {
  StrategyRig rig("megabuffer", {}, manualDevice());
  const Allocation freed = rig.allocate(kMiB);
  rig.upload(freed, 1);
  const std::array use{QueueValue{StrategyRig::kDrawQueue, rig.draw(freed.id)}};
  ASSERT_TRUE(rig.strategy->free(freed.id));
  ASSERT_TRUE(rig.strategy->step(use));
  (void)rig.allocate(kMiB);
  rig.host->complete(StrategyRig::kDrawQueue, use[0].value);
  ASSERT_TRUE(rig.strategy->step({}));
  EXPECT_EQ(rig.strategy->stats().waitingBytes, kMiB) << "the copy still reads it";
  EXPECT_TRUE(rig.strategy->buffer(freed.buffer));
  rig.host->complete(kCopyQueue, rig.strategy->lastCopy());
  ASSERT_TRUE(rig.strategy->step({}));
  EXPECT_EQ(rig.strategy->stats().waitingBytes, 0U);
  EXPECT_FALSE(rig.strategy->buffer(freed.buffer));
}

TEST(Megabuffer, AtTheLargestSizeAnotherBufferIsBegun) {
  StrategyRig rig("megabuffer", {.maxBufferBytes = 4 * kMiB});
  std::vector<Mesh> meshes;
  for (std::uint32_t seed = 1; seed <= 14; ++seed) {
    meshes.push_back({rig.allocate(kMiB - 5), seed});
    rig.upload(meshes.back().place, seed);
  }
  EXPECT_TRUE(failsWith(rig.strategy->allocate(4 * kMiB + 1), ErrorCode::TooLarge));
  rig.finish();
  EXPECT_EQ(rig.strategy->stats().buffers, 4U);
  EXPECT_EQ(rig.strategy->stats().reservedBytes, (3 * 4 + 2) * kMiB);
  EXPECT_EQ(rig.strategy->stats().liveBytes, 14 * (kMiB - 5));
  for (const Mesh& mesh : meshes) EXPECT_TRUE(rig.holds(mesh.place.id, mesh.place.bytes, mesh.seed));
}

TEST(Megabuffer, EdgeSizes) {
  StrategyRig rig("megabuffer");
  const Allocation all = rig.allocate(kMiB);  // The whole capacity, at once
  EXPECT_EQ(rig.strategy->stats().copies, 0U);
  ASSERT_TRUE(rig.strategy->free(all.id));
  rig.finish();
  (void)rig.allocate(kMiB - 48);
  const Allocation tail = rig.allocate(45);  // … and the exact rest of it
  EXPECT_EQ(tail.offset, kMiB - 48);
  EXPECT_EQ(rig.strategy->stats().copies, 0U);
  rig.upload(tail, 3);
  (void)rig.allocate(1);
  EXPECT_EQ(rig.strategy->stats().copies, 1U);
  rig.finish();
  EXPECT_TRUE(rig.holds(tail.id, 45, 3));
  // An alignment that is larger than what is there.
  const Allocation aligned = rig.allocate(100, 3 * kMiB);
  EXPECT_EQ(aligned.offset % (3 * kMiB), 0U);
}

TEST(Megabuffer, AResizeMayReplaceTheBufferItCopiesFrom) {
  StrategyRig rig("megabuffer");
  const Allocation mesh = rig.allocate(kMiB - 100);
  rig.upload(mesh, 1);
  const auto larger = rig.strategy->resize(mesh.id, kMiB + 100);
  ASSERT_TRUE(succeeds(larger));
  EXPECT_EQ(larger->version, 2U);  // a new buffer, and a new place in it
  EXPECT_EQ(rig.strategy->stats().copies, 2U);
  rig.finish();
  EXPECT_TRUE(rig.holds(mesh.id, kMiB - 100, 1));
}

TEST(Megabuffer, ABufferThatACopyFillsIsNotReleasedUnderIt) {
  StrategyRig rig("megabuffer", {.maxBufferBytes = 4 * kMiB}, manualDevice());
  const Allocation mesh = rig.allocate(2 * kMiB);
  (void)rig.allocate(2 * kMiB);
  ASSERT_TRUE(rig.strategy->free(rig.allocate(kMiB).id));
  rig.finish();
  ASSERT_EQ(rig.strategy->stats().buffers, 2U);  // one is full, one of 1 MiB is empty
  // The empty one grows, and then the mesh cannot be copied there.
  rig.device->failCall(DeviceCall::Submit, 2, ErrorCode::DriverError);
  EXPECT_TRUE(failsWith(rig.strategy->resize(mesh.id, 3 * kMiB), ErrorCode::DriverError));
  rig.strategy->trim();  // `checked` watches
  rig.finish();
  rig.strategy->trim();
  EXPECT_EQ(rig.strategy->stats().buffers, 1U);
}

TEST(Megabuffer, ItsEndWaitsForItsOwnCopies) {
  const auto host = HostDevice::create(manualDevice());
  const auto checked = makeCheckedDevice(*host);
  {
    const auto strategy = makeStrategy("megabuffer", *checked).value();
    ASSERT_TRUE(strategy->allocate(kMiB));
    ASSERT_TRUE(strategy->allocate(kMiB));
    ASSERT_NE(strategy->lastCopy(), host->completed(kCopyQueue));
  }
  EXPECT_EQ(host->budget().usedBytes, 0U);
  EXPECT_EQ(host->earlyReclaims(), 0U);
}

}  // namespace
}  // namespace flux::test
