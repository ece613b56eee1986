#include "alloc/chunk_drain.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace flux {
namespace {

constexpr std::uint32_t kUnits = 1000;

/// Applies changes until there are none more; at most `most`.
std::set<std::uint32_t> settle(ChunkDrain& drain, SpaceRank expected, int most = 100) {
  std::set<std::uint32_t> changed;
  while (const auto change = drain.balance()) {
    EXPECT_EQ(change->rank, expected);
    changed.insert(change->chunk);
    EXPECT_GE(--most, 0) << "it comes to rest";
    if (most < 0) break;
  }
  return changed;
}

TEST(ChunkDrain, FullChunksAreAllFirst) {
  ChunkDrain drain(kUnits);
  for (std::uint32_t c = 0; c < 20; ++c) drain.set(c, 920, 10);
  EXPECT_FALSE(drain.balance()) << "20 chunks hold 18.4, which with an eighth more is 20.7";
}

TEST(ChunkDrain, ChunksThatAreNotNeededDrainThoseWithTheFewestRangesFirst) {
  ChunkDrain drain(kUnits);
  // All hold as many bytes; 10 chunks hold 2.5, which need 2.8.
  for (std::uint32_t c = 0; c < 10; ++c) drain.set(c, 250, 1 + (c * 7) % 10);
  EXPECT_EQ(settle(drain, SpaceRank::Last).size(), 7U);
  std::set<std::uint32_t> most;
  for (std::uint32_t c = 0; c < 10; ++c) {
    if (1 + (c * 7) % 10 > 7) most.insert(c);
  }
  for (const std::uint32_t c : most) drain.forget(c);
  EXPECT_EQ(settle(drain, SpaceRank::First), (std::set<std::uint32_t>{8, 5})) << "6 and 7 ranges; 1.75 need 1.97";
}

TEST(ChunkDrain, WhenTheLoadGrowsThoseWithTheMostRangesComeBack) {
  ChunkDrain drain(kUnits);
  for (std::uint32_t c = 0; c < 8; ++c) drain.set(c, 100, 1 + c);
  EXPECT_EQ(settle(drain, SpaceRank::Last), (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
  drain.set(7, 1000, 100);
  EXPECT_EQ(settle(drain, SpaceRank::First), (std::set<std::uint32_t>{6}));
  drain.set(6, 900, 100);
  EXPECT_EQ(settle(drain, SpaceRank::First), (std::set<std::uint32_t>{5}));
}

TEST(ChunkDrain, AChunkThatWasForgottenStartsAsFirst) {
  ChunkDrain drain(kUnits);
  for (std::uint32_t c = 0; c < 3; ++c) drain.set(c, 10, c + 1);
  EXPECT_EQ(settle(drain, SpaceRank::Last), (std::set<std::uint32_t>{0, 1}));
  EXPECT_TRUE(drain.contains(0));
  drain.forget(0);
  drain.forget(0);
  EXPECT_FALSE(drain.contains(0));
  drain.set(0, 10, 1);
  EXPECT_EQ(settle(drain, SpaceRank::Last), (std::set<std::uint32_t>{0}));
}

TEST(ChunkDrain, AChunkThatHadVeryManyRangesIsJudgedByTheFewThatItHas) {
  ChunkDrain drain(kUnits);
  for (std::uint32_t c = 0; c < 3; ++c) drain.set(c, 10, c == 1 ? 70'000 : 100);
  drain.set(1, 10, 57'344);
  EXPECT_TRUE(drain.checkInvariants());
  drain.set(1, 10, 5);
  EXPECT_TRUE(drain.checkInvariants());
  const auto change = drain.balance();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->chunk, 1U);
}

TEST(ChunkDrain, AnyNumberOfRangesAndOfUnitsIsCounted) {
  ChunkDrain drain(~0U);
  for (std::uint32_t c = 0; c < 32; ++c) drain.set(c, 1, 1U << c);
  for (std::uint32_t c = 0; c < 31; ++c) {
    const auto change = drain.balance();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->rank, SpaceRank::Last);
    if (c < 16) {
      EXPECT_EQ(change->chunk, c);
    }
  }
  for (std::uint32_t c = 0; c < 32; ++c) drain.set(c, ~0U, ~0U);
  EXPECT_EQ(settle(drain, SpaceRank::First).size(), 31U);
  for (std::uint32_t c = 0; c < 32; ++c) drain.forget(c);
  EXPECT_FALSE(drain.balance());
}

}  // namespace
}  // namespace flux
