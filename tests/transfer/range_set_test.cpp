#include "transfer/range_set.hpp"

#include "device/device_test_tools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace flux::test {
namespace {

constexpr ByteCount kSize = 400;

std::vector<ByteRange> after(std::initializer_list<ByteRange> marks, RangePolicy policy = {}, ByteCount size = kSize) {
  RangeSet set(size, policy);
  for (const ByteRange& mark : marks) EXPECT_TRUE(set.mark(mark.offset, mark.bytes));
  return {set.ranges().begin(), set.ranges().end()};
}

using Ranges = std::vector<ByteRange>;

TEST(RangeSet, NothingIsMarkedAtFirst) {
  const RangeSet set(kSize);
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.bytes(), 0U);
}

TEST(RangeSet, RangesThatTouchOrOverlapBecomeOne) {
  EXPECT_EQ(after({{0, 16}, {16, 16}}), (Ranges{{0, 32}}));
  EXPECT_EQ(after({{16, 16}, {0, 16}}), (Ranges{{0, 32}}));
  EXPECT_EQ(after({{0, 40}, {20, 8}}), (Ranges{{0, 40}}));
  EXPECT_EQ(after({{20, 8}, {0, 40}}), (Ranges{{0, 40}}));
  EXPECT_EQ(after({{12, 12}, {12, 12}, {12, 12}}), (Ranges{{12, 12}}));
  EXPECT_EQ(after({{0, 8}, {16, 8}, {32, 8}, {4, 32}}), (Ranges{{0, 40}})) << "one that bridges three";
}

TEST(RangeSet, RangesApartStayAndAreSorted) {
  EXPECT_EQ(after({{0, 16}, {20, 16}}), (Ranges{{0, 16}, {20, 16}}));
  EXPECT_EQ(after({{200, 8}, {0, 8}}), (Ranges{{0, 8}, {200, 8}}));
  EXPECT_EQ(after({{300, 8}, {0, 8}, {100, 8}}), (Ranges{{0, 8}, {100, 8}, {300, 8}}));
}

TEST(RangeSet, GapsUpToTheToleranceAreBridged) {
  EXPECT_EQ(after({{0, 16}, {20, 16}}, {.gapBytes = 4}), (Ranges{{0, 36}}));
  EXPECT_EQ(after({{20, 16}, {0, 16}}, {.gapBytes = 4}), (Ranges{{0, 36}}));
  EXPECT_EQ(after({{0, 16}, {21, 16}}, {.gapBytes = 4}), (Ranges{{0, 16}, {21, 16}}));
  EXPECT_EQ(after({{0, 4}, {10, 4}, {6, 2}}, {.gapBytes = 2}), (Ranges{{0, 14}}));
}

TEST(RangeSet, EmptyRangesMarkNothing) {
  EXPECT_EQ(after({{12, 0}}), Ranges{});
  EXPECT_EQ(after({{kSize, 0}}), Ranges{});
}

TEST(RangeSet, ARangeOutsideIsRefusedAndEarlierOnesAreKept) {
  RangeSet set(kSize);
  ASSERT_TRUE(set.mark(8, 8));
  for (const ByteRange outside :
       {ByteRange{392, 40}, ByteRange{kSize, 1}, ByteRange{kSize + 1, 0}, ByteRange{0, kSize + 1},
        ByteRange{8, std::numeric_limits<ByteCount>::max()}, ByteRange{std::numeric_limits<ByteOffset>::max(), 8}}) {
    const Result<void> refused = set.mark(outside.offset, outside.bytes);
    EXPECT_TRUE(failsWith(refused, ErrorCode::InvalidArgument)) << outside.offset;
  }
  EXPECT_EQ(set.mark(392, 40).error().numbers, (ErrorNumbers{432, kSize}));
  EXPECT_EQ(Ranges(set.ranges().begin(), set.ranges().end()), (Ranges{{8, 8}}));
}

TEST(RangeSet, OverTheLimitTheClosestBecomeOne) {
  EXPECT_EQ(after({{0, 4}, {20, 4}, {30, 4}, {100, 4}}, {.maxRanges = 3}), (Ranges{{0, 4}, {20, 14}, {100, 4}}));
  EXPECT_EQ(after({{0, 4}, {100, 4}}, {.maxRanges = 1}), (Ranges{{0, 104}}));
}

TEST(RangeSet, OverHalfOfTheResourceBecomesAllOfIt) {
  EXPECT_EQ(after({{0, 100}, {200, 100}}), (Ranges{{0, 100}, {200, 100}})) << "half";
  EXPECT_EQ(after({{0, 100}, {200, 101}}), (Ranges{{0, kSize}}));
  EXPECT_EQ(after({{0, 1}}, {}, 1), (Ranges{{0, 1}}));
}

TEST(RangeSet, ClearedItStartsOver) {
  RangeSet set(kSize);
  ASSERT_TRUE(set.mark(0, 300));
  set.clear();
  EXPECT_TRUE(set.empty());
  ASSERT_TRUE(set.mark(4, 4));
  EXPECT_EQ(set.bytes(), 4U);
}

TEST(RangeSet, AResourceThatShrinksLosesTheMarksBehindItsEnd) {
  RangeSet set(kSize);
  ASSERT_TRUE(set.mark(0, 8));
  ASSERT_TRUE(set.mark(60, 20));
  ASSERT_TRUE(set.mark(300, 8));
  set.resize(70);
  EXPECT_EQ(Ranges(set.ranges().begin(), set.ranges().end()), (Ranges{{0, 8}, {60, 10}}));
  EXPECT_EQ(set.bytes(), 18U);
  EXPECT_FALSE(set.mark(70, 1));
  set.resize(kSize);
  EXPECT_TRUE(set.mark(70, 1));
  set.resize(0);
  EXPECT_TRUE(set.empty());
  set.markAll();
  EXPECT_TRUE(set.empty());
}

/// Maximal runs of marked bytes.
std::size_t runs(const std::vector<bool>& marked) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < marked.size(); ++i) count += marked[i] && (i == 0 || !marked[i - 1]) ? 1 : 0;
  return count;
}

class RangeSetProperty : public testing::TestWithParam<RangePolicy> {};

TEST_P(RangeSetProperty, AgreesWithAMapOfBytes) {
  const RangePolicy policy = GetParam();
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int round = 0; round < 60; ++round) {
    const std::size_t size = 1 + below(20'000);
    RangeSet set(size, policy);
    std::vector<bool> marked(size);
    std::size_t markedCount = 0;
    bool wasFull = false;
    for (std::size_t n = below(400); n > 0; --n) {
      const std::size_t offset = below(size);
      const std::size_t bytes = std::min(size - offset, below(64));
      ASSERT_TRUE(set.mark(offset, bytes));
      for (std::size_t i = offset; i < offset + bytes; ++i) {
        markedCount += marked[i] ? 0 : 1;
        marked[i] = true;
      }

      std::size_t sent = 0;
      std::size_t sentMarked = 0;
      ByteOffset free = 0;
      bool first = true;
      for (const ByteRange& range : set.ranges()) {
        ASSERT_GT(range.bytes, 0U);
        ASSERT_LE(range.end(), size);
        ASSERT_TRUE(first || range.offset - free > policy.gapBytes) << "so no byte is sent twice";
        if (set.ranges().size() > 1 || range.bytes < size) {
          ASSERT_TRUE(marked[range.offset] && marked[range.end() - 1]) << "nothing is sent at the ends for nothing";
        }
        first = false;
        free = range.end();
        sent += range.bytes;
        sentMarked += static_cast<std::size_t>(std::count(marked.begin() + static_cast<std::ptrdiff_t>(range.offset),
                                                          marked.begin() + static_cast<std::ptrdiff_t>(free), true));
      }
      ASSERT_EQ(sentMarked, markedCount) << "every marked byte is sent";
      ASSERT_EQ(set.bytes(), sent);
      ASSERT_LE(set.ranges().size(), std::min(policy.maxRanges, std::max<std::size_t>(runs(marked), 1)));
      wasFull = wasFull || set.ranges().size() == policy.maxRanges;
      if (policy.gapBytes == 0 && !wasFull && sent < size) {
        ASSERT_EQ(set.ranges().size(), runs(marked));
        ASSERT_EQ(sent, markedCount);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, RangeSetProperty,
                         testing::Values(RangePolicy{}, RangePolicy{.gapBytes = 4}, RangePolicy{.gapBytes = 256},
                                         RangePolicy{.maxRanges = 1}, RangePolicy{.gapBytes = 16, .maxRanges = 5}));

}  // namespace
}  // namespace flux::test
