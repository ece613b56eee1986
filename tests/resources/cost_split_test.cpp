#include "resources/cost_split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace flux {
namespace {

std::vector<std::uint32_t> split(const std::vector<std::uint32_t>& costs, std::size_t parts) {
  std::vector<std::uint32_t> ends(parts, 12345);
  splitByCost(costs, ends);
  return ends;
}

using Ends = std::vector<std::uint32_t>;

TEST(CostSplit, EqualCostsGiveEqualParts) {
  EXPECT_EQ(split(std::vector<std::uint32_t>(12, 7), 4), (Ends{3, 6, 9, 12}));
  EXPECT_EQ(split(std::vector<std::uint32_t>(12, 0), 3), (Ends{4, 8, 12}));
  EXPECT_EQ(split(std::vector<std::uint32_t>(5, 1), 1), (Ends{5}));
}

TEST(CostSplit, ExpensiveItemsMakeShortParts) {
  EXPECT_EQ(split({10, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 3), (Ends{1, 2, 12}));
  EXPECT_EQ(split({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10, 10}, 3), (Ends{10, 11, 12}));
}

TEST(CostSplit, AnItemGoesWhereMoreOfItLies) {
  EXPECT_EQ(split({3, 4, 5}, 2), (Ends{2, 3}));  // the middle is at 6, in the second item's last part
  EXPECT_EQ(split({5, 4, 3}, 2), (Ends{1, 3}));
}

TEST(CostSplit, AHugeItemLeavesAnItemForEachOtherPart) {
  EXPECT_EQ(split({1'000'000, 1, 1, 1}, 4), (Ends{1, 2, 3, 4}));
  EXPECT_EQ(split({1, 1, 1, 1'000'000}, 4), (Ends{1, 2, 3, 4}));
  EXPECT_EQ(split({1, 1, 1'000'000, 1, 1}, 3), (Ends{2, 3, 5}));
}

TEST(CostSplit, FewerItemsThanParts) {
  EXPECT_EQ(split({}, 3), (Ends{0, 0, 0}));
  EXPECT_EQ(split({9, 9}, 4), (Ends{0, 0, 1, 2}));
}

TEST(CostSplit, NoParts) {
  EXPECT_EQ(split({1, 2, 3}, 0), Ends{});
}

TEST(CostSplit, TheLargestNumbersDoNotOverflow) {
  const std::vector<std::uint32_t> costs(1000, 0xFFFFFFFFU);
  const Ends ends = split(costs, 200);
  for (std::uint32_t part = 0; part < 200; ++part) EXPECT_EQ(ends[part], 5 * (part + 1));
}

// Parts follow each other, cover everything, and none is slower than the mean part and the most expensive item.
TEST(CostSplit, PartsAreCompleteAndBalanced) {
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    const std::size_t items = 1 + random() % 400;
    const std::size_t parts = 1 + random() % 17;
    std::vector<std::uint32_t> costs(items);
    const unsigned skew = static_cast<unsigned>(random() % 24);
    for (std::uint32_t& cost : costs) cost = static_cast<std::uint32_t>(random()) >> (31U - random() % (skew + 1));
    const Ends ends = split(costs, parts);

    for (std::uint32_t& cost : costs) cost = std::max(cost, 1U);
    const std::uint64_t total = std::accumulate(costs.begin(), costs.end(), std::uint64_t{0});
    const std::uint64_t bound = (total + parts - 1) / parts + *std::max_element(costs.begin(), costs.end());
    std::uint32_t begin = 0;
    for (const std::uint32_t end : ends) {
      ASSERT_GE(end, begin);
      if (items >= parts) {
        ASSERT_GT(end, begin) << "no part is empty";
      }
      ASSERT_LE(end, items);
      ASSERT_LE(std::accumulate(costs.begin() + begin, costs.begin() + end, std::uint64_t{0}), bound);
      begin = end;
    }
    ASSERT_EQ(begin, items);
  }
}

}  // namespace
}  // namespace flux
