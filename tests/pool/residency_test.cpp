#include "pool/residency.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace flux {
namespace {

/// Blocks by index, with the stamp of the frame that drew each last.
using Stamps = std::vector<std::optional<std::uint32_t>>;

std::vector<std::uint32_t> coldest(Residency& residency, const Stamps& stamps, std::uint32_t frame) {
  const auto count = static_cast<std::uint32_t>(stamps.size());
  residency.look(residency.policy().looks, count, frame, [&](std::uint32_t i) { return stamps[i]; });
  std::vector<std::uint32_t> order;
  while (!residency.empty()) order.push_back(residency.takeColdest().index);
  return order;
}

TEST(Residency, TheLongestUnusedComesFirstAndWhatIsInUseNever) {
  Residency residency({.idleFrames = 8});
  EXPECT_EQ(coldest(residency, {50, 30, 0, 93, 92, 40, std::nullopt}, 100),
            (std::vector<std::uint32_t>{2, 1, 5, 0, 4}));
}

TEST(Residency, StampsWrapAround) {
  Residency residency({.idleFrames = 8});
  EXPECT_EQ(coldest(residency, {UINT32_MAX - 50, UINT32_MAX - 3, UINT32_MAX - 20}, 2),
            (std::vector<std::uint32_t>{0, 2}));
}

TEST(Residency, WhatIsFoundInUseAgainAndAgainStaysWarm) {
  Residency residency({.idleFrames = 8});
  for (std::uint32_t frame = 100; frame < 110; ++frame) (void)coldest(residency, {frame, 80}, frame);
  // Used by 109 frames before, but in each of the looks; the other is nearer, and was used once.
  EXPECT_EQ(coldest(residency, {109, 160}, 218).front(), 1U);
  // Looks that find it idle let it cool down.
  for (int i = 0; i < 10; ++i) (void)coldest(residency, {109, 160}, 218);
  EXPECT_EQ(coldest(residency, {109, 160}, 218).front(), 0U);
}

TEST(Residency, WhatHasComeBackIsWarmBeforeAFrameDrawsIt) {
  Residency residency({.idleFrames = 8});
  residency.touch(0, 100, Priority::Low);
  EXPECT_EQ(coldest(residency, {20, 30}, 104), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(coldest(residency, {20, 30}, 108), (std::vector<std::uint32_t>{1, 0}));
  residency.reset(0);
  EXPECT_EQ(coldest(residency, {0, 30}, 104).front(), 0U) << "another block, which nobody has drawn";
}

TEST(Residency, OfTwoThatAreAsColdTheLargerOneLeaves) {
  for (const std::uint32_t lastUsed : {50U, 20U}) {
    Residency residency({.idleFrames = 8});
    residency.setBytes(0, 4 * kKiB);
    residency.setBytes(1, 64 * kKiB);
    const std::uint32_t first = lastUsed == 50 ? 1 : 0;
    EXPECT_EQ(coldest(residency, {lastUsed, 50}, 100).front(), first) << "half as much again: 75, against 80";
  }
}

TEST(Residency, WhatHasMoreOwnersStays) {
  Residency residency({.idleFrames = 8});
  residency.setOwners(0, 3);
  EXPECT_EQ(coldest(residency, {20, 60}, 100), (std::vector<std::uint32_t>{1, 0})) << "a third of 80, and 40";
  residency.setOwners(0, 1000);
  EXPECT_EQ(coldest(residency, {20, 90}, 100), (std::vector<std::uint32_t>{0, 1})) << "a fifth at least";
  residency.setOwners(0, 1);
  EXPECT_EQ(coldest(residency, {20, 60}, 100), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Residency, WhatWasWantedWithAHighPriorityStays) {
  Residency residency({.idleFrames = 8});
  residency.touch(0, 20, Priority::High);
  residency.touch(1, 20, Priority::Normal);
  residency.touch(2, 20, Priority::Low);
  EXPECT_EQ(coldest(residency, {20, 20, 20}, 100), (std::vector<std::uint32_t>{2, 1, 0}));
}

TEST(Residency, WhatCannotLeaveIsPassedOverForSomeRounds) {
  Residency residency({.idleFrames = 8, .roundsBarred = 3});
  EXPECT_EQ(coldest(residency, {20, 30}, 100).front(), 0U);
  residency.bar(0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(coldest(residency, {20, 30}, 100), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(coldest(residency, {20, 30}, 100).front(), 0U);
}

TEST(Residency, OfVeryManyItLooksAtSomeInTurn) {
  Residency residency({.idleFrames = 8, .looks = 40});
  const Stamps stamps(100, 10);
  std::vector<int> seen(stamps.size());
  for (int i = 0; i < 5; ++i) {
    const std::vector<std::uint32_t> some = coldest(residency, stamps, 100);
    EXPECT_EQ(some.size(), 40U);
    for (const std::uint32_t index : some) ++seen[index];
  }
  for (const int times : seen) EXPECT_EQ(times, 2);
}

}  // namespace
}  // namespace flux
