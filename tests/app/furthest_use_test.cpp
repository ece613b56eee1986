#include "furthest_use.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>

namespace flux::app {
namespace {

BlockHandle block(std::uint32_t index) {
  return {index, 1};
}

FurthestUse frames(std::initializer_list<std::initializer_list<std::uint32_t>> wanted) {
  FurthestUse use;
  for (const auto& frame : wanted) {
    for (const std::uint32_t index : frame) use.want(block(index), 10);
    use.endFrame();
  }
  return use;
}

TEST(FurthestUse, WhatFitsIsBroughtOnce) {
  const FurthestUse use = frames({{1, 2}, {2, 3}, {1, 2, 3}, {1, 2, 3}});
  EXPECT_EQ(use.bytesMoved(30), 30U);
  EXPECT_EQ(use.bytesMoved(0), 0U);
}

TEST(FurthestUse, WhatIsWantedLastGoesFirst) {
  // The string of Belady's anomaly: with 3 places this is optimal with 7 misses, where the least recently used
  // gives 10.
  const FurthestUse use = frames({{1}, {2}, {3}, {4}, {1}, {2}, {5}, {1}, {2}, {3}, {4}, {5}});
  EXPECT_EQ(use.bytesMoved(30), 70U);
  EXPECT_EQ(use.bytesMoved(40), 60U);
  EXPECT_EQ(use.bytesMoved(50), 50U);
}

TEST(FurthestUse, AFrameThatDoesNotFitKeepsWhatItHas) {
  const FurthestUse use = frames({{1, 2, 3}, {1, 2, 3}, {1, 2, 3}});
  EXPECT_EQ(use.bytesMoved(20), 20U) << "the third never finds room, and takes none";
}

TEST(FurthestUse, BlocksCountWithTheirBytesAndOnceAFrame) {
  FurthestUse use;
  use.want(block(1), 10);
  use.want(block(1), 10);
  use.want(block(2), 25);
  use.want({1, 3}, 5);  // another block of the same index
  use.endFrame();
  EXPECT_EQ(use.bytesMoved(100), 40U);
}

}  // namespace
}  // namespace flux::app
