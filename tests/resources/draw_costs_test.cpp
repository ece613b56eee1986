#include "resources/draw_costs.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace flux {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint32_t kTicks = DrawCosts::kTicksPerNanosecond;
constexpr std::uint32_t kRecords = 100;
constexpr std::uint64_t kAll = ~std::uint64_t{0};

using Items = std::vector<DrawItem>;
using Costs = std::vector<std::uint32_t>;

Items itemsOf(const std::vector<std::uint32_t>& indices, std::uint32_t generation = 1) {
  Items items;
  for (const std::uint32_t index : indices) items.push_back({{index, generation}});
  return items;
}

/// One list, recorded as one batch.
void record(DrawCosts& costs, const Items& items, nanoseconds time, std::uint64_t drawn = kAll) {
  costs.begin(items, kRecords);
  costs.learn(0, static_cast<std::uint32_t>(items.size()), drawn, time);
  costs.end(items);
}

Costs estimates(DrawCosts& costs, const Items& items) {
  costs.begin(items, kRecords);
  return {costs.estimates().begin(), costs.estimates().end()};
}

TEST(DrawCostsTest, BeforeTheFirstMeasurementAllCostTheSame) {
  DrawCosts costs;
  EXPECT_EQ(estimates(costs, itemsOf({1, 2, 3})), (Costs{1, 1, 1}));
}

TEST(DrawCostsTest, TheFirstMeasurementIsTakenWhole) {
  DrawCosts costs;
  record(costs, itemsOf({1, 2, 3, 4}), nanoseconds(400));
  EXPECT_EQ(estimates(costs, itemsOf({4, 1})), (Costs{100 * kTicks, 100 * kTicks}));
}

TEST(DrawCostsTest, LaterOnesMoveTheEstimateHalfOfTheWayUpAndAllOfTheWayDown) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(100));
  record(costs, itemsOf({1}), nanoseconds(200));
  EXPECT_EQ(estimates(costs, itemsOf({1})), (Costs{150 * kTicks}));
  record(costs, itemsOf({1}), nanoseconds(50));
  EXPECT_EQ(estimates(costs, itemsOf({1})), (Costs{50 * kTicks}));
}

TEST(DrawCostsTest, ABatchIsSharedOutInProportion) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(300));
  record(costs, itemsOf({2}), nanoseconds(100));
  record(costs, itemsOf({1, 2}), nanoseconds(800));  // 600 and 200
  EXPECT_EQ(estimates(costs, itemsOf({1, 2})), (Costs{450 * kTicks, 150 * kTicks}));
}

TEST(DrawCostsTest, AnUnknownBlockCostsTheMean) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(300));
  record(costs, itemsOf({1, 2}), nanoseconds(600));
  EXPECT_EQ(estimates(costs, itemsOf({3, 1})), (Costs{300 * kTicks, 300 * kTicks}));
}

TEST(DrawCostsTest, AnInterruptionCountsLittle) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(100));
  record(costs, itemsOf({1}), std::chrono::seconds(2));
  EXPECT_EQ(estimates(costs, itemsOf({1})), (Costs{250 * kTicks}));
  record(costs, itemsOf({1}), nanoseconds(100));
  EXPECT_EQ(estimates(costs, itemsOf({1})), (Costs{100 * kTicks}));
}

TEST(DrawCostsTest, WhatIsSkippedCostsLittleAndTakesNoShare) {
  DrawCosts costs;
  record(costs, itemsOf({1, 2}), nanoseconds(160), 0b01);
  EXPECT_EQ(estimates(costs, itemsOf({1, 2})), (Costs{160 * kTicks, 20 * kTicks}));
}

TEST(DrawCostsTest, WhatIsDrawnAfterItWasSkippedIsMeasuredAnew) {
  DrawCosts costs;
  record(costs, itemsOf({1, 2}), nanoseconds(160), 0b01);
  record(costs, itemsOf({1, 2}), nanoseconds(320), 0b11);
  EXPECT_EQ(estimates(costs, itemsOf({1, 2})), (Costs{160 * kTicks, 160 * kTicks}));
}

TEST(DrawCostsTest, AListWithoutDrawsChangesNoMean) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(160));
  record(costs, itemsOf({2, 3}), nanoseconds(5), 0);
  record(costs, {}, nanoseconds(5));
  EXPECT_EQ(estimates(costs, itemsOf({4, 1})), (Costs{160 * kTicks, 160 * kTicks}));
}

TEST(DrawCostsTest, AnIndexThatIsUsedAgainStartsAnew) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(1000));
  record(costs, itemsOf({2}), nanoseconds(20));
  EXPECT_EQ(estimates(costs, itemsOf({1}, 3)), (Costs{20 * kTicks}));
}

TEST(DrawCostsTest, HandlesThatNameNothingCostLittle) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(160));
  const Items items{{BlockHandle{}}, {BlockHandle{kRecords, 1}}, {BlockHandle{0xFFFFFFFFU, 1}}};
  EXPECT_EQ(estimates(costs, items), Costs(3, 20 * kTicks));
  record(costs, items, nanoseconds(8), 0);
}

TEST(DrawCostsTest, NothingIsLearnedWithoutTheEnd) {
  DrawCosts costs;
  record(costs, itemsOf({1}), nanoseconds(100));
  costs.begin(itemsOf({1}), kRecords);
  costs.learn(0, 1, kAll, nanoseconds(400));
  EXPECT_EQ(estimates(costs, itemsOf({1})), (Costs{100 * kTicks}));
}

TEST(DrawCostsTest, ClocksThatStandStillOrGoBackAreBorne) {
  DrawCosts costs;
  record(costs, itemsOf({1, 2}), nanoseconds(0));
  EXPECT_EQ(estimates(costs, itemsOf({1, 2})), (Costs{1, 1}));
  record(costs, itemsOf({1, 2}), nanoseconds(-5));
  EXPECT_EQ(estimates(costs, itemsOf({1, 2})), (Costs{1, 1}));
}

TEST(DrawCostsTest, TheLargestTimesDoNotOverflow) {
  DrawCosts costs;
  for (int i = 0; i < 40; ++i) record(costs, itemsOf({1, 2}), nanoseconds::max());
  const Costs large = estimates(costs, itemsOf({1, 2}));
  EXPECT_GT(large[0], 2'000'000'000U);
  EXPECT_EQ(large[0], large[1]);
}

}  // namespace
}  // namespace flux
