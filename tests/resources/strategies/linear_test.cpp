#include <gtest/gtest.h>

#include "resources/strategies/strategy_test_tools.hpp"

namespace flux::test {
namespace {

TEST(Linear, FillsPagesFrontToBack) {
  StrategyRig rig("linear");
  const Allocation a = rig.allocate(100);
  const Allocation b = rig.allocate(100, 256);
  const Allocation c = rig.allocate(1);
  EXPECT_EQ(a.offset, 0U);
  EXPECT_EQ(b.offset, 256U);
  EXPECT_EQ(c.offset, 368U);
  EXPECT_EQ(c.buffer, a.buffer);
  EXPECT_NE(rig.allocate(kMiB - 200).buffer, a.buffer) << "it does not fit the rest of the page";
  EXPECT_EQ(rig.strategy->stats().buffers, 2U);
}

TEST(Linear, PagesAreBegunAgainWhenTheirFramesAreOver) {
  StrategyRig rig("linear");  // up to three polls late
  std::uint64_t made = 0;
  for (int frame = 0; frame < 300; ++frame) {
    for (std::uint32_t i = 0; i < 30; ++i) {
      const Allocation data = rig.allocate(100'000, 256);
      if (i % 10 == 0) rig.upload(data, i);
      rig.draw(data.id);
    }
    rig.strategy->freeAll();
    rig.step();
    if (frame == 20) made = rig.strategy->stats().buffersMade;
  }
  EXPECT_EQ(rig.strategy->stats().buffersMade, made);
  EXPECT_LE(made, 20U);
}

TEST(Linear, WhatALatePageHoldsIsDrawnUnchanged) {
  StrategyRig rig("linear", {}, manualDevice());
  std::array<std::uint64_t, 8> drawn{};
  std::array<TimelineValue, 8> uses{};
  for (std::uint32_t frame = 0; frame < 8; ++frame) {
    const Allocation data = rig.allocate(kMiB / 2);
    rig.upload(data, frame);
    uses[frame] = rig.draw(data.id, &drawn[frame]);
    rig.strategy->freeAll();
    rig.step();
    if (frame >= 3) rig.host->complete(StrategyRig::kDrawQueue, uses[frame - 3]);
  }
  rig.host->complete(StrategyRig::kDrawQueue, uses.back());
  for (std::uint32_t frame = 0; frame < 8; ++frame) EXPECT_EQ(drawn[frame], hashBytes(pattern(kMiB / 2, frame)));
  EXPECT_LE(rig.strategy->stats().buffersMade, 4U);
}

TEST(Linear, WhatIsLargerThanAPageHasOneForOnce) {
  StrategyRig rig("linear");
  const Allocation large = rig.allocate(3 * kMiB);
  EXPECT_EQ(rig.strategy->buffer(large.buffer)->bytes, 3 * kMiB);
  EXPECT_NE(rig.allocate(16).buffer, large.buffer);
  rig.strategy->freeAll();
  rig.finish();
  EXPECT_EQ(rig.strategy->stats().reservedBytes, kMiB);
}

TEST(Linear, UnusedPagesGoLater) {
  StrategyRig rig("linear");
  for (int i = 0; i < 10; ++i) (void)rig.allocate(kMiB);
  rig.strategy->freeAll();
  rig.finish();
  for (int i = 0; i < 115; ++i) rig.step();
  EXPECT_EQ(rig.strategy->stats().buffers, 10U);
  for (int i = 0; i < 20; ++i) rig.step();
  EXPECT_EQ(rig.strategy->stats().buffers, 1U) << "the page that is being filled";
}

}  // namespace
}  // namespace flux::test
