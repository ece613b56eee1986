#include "report_percentiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace flux::app {
namespace {

using std::chrono::nanoseconds;

TEST(PercentilesTest, NothingIsZero) {
  const Percentiles percentiles;
  EXPECT_EQ(percentiles.microseconds(0.5), 0);
  EXPECT_EQ(percentiles.milliseconds(1), 0);
}

TEST(PercentilesTest, SmallValuesAreExact) {
  Percentiles percentiles;
  for (int i = 1; i <= 100; ++i) percentiles.add(nanoseconds(i));
  EXPECT_DOUBLE_EQ(percentiles.microseconds(0.5), 0.050);
  EXPECT_DOUBLE_EQ(percentiles.microseconds(0.99), 0.099);
  EXPECT_DOUBLE_EQ(percentiles.microseconds(0.999), 0.100);
  EXPECT_DOUBLE_EQ(percentiles.microseconds(1), 0.100);
}

TEST(PercentilesTest, OneValueIsAllPercentiles) {
  Percentiles percentiles;
  percentiles.add(nanoseconds(1'234'567));
  EXPECT_DOUBLE_EQ(percentiles.milliseconds(0), 1.234567);
  EXPECT_DOUBLE_EQ(percentiles.milliseconds(0.5), 1.234567);
  EXPECT_DOUBLE_EQ(percentiles.milliseconds(1), 1.234567);
}

TEST(PercentilesTest, AgreesWithSortingWithinItsPrecision) {
  Percentiles percentiles;
  std::vector<double> values;
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const auto value = static_cast<std::int64_t>(std::exp2(static_cast<double>(random() % 36'000) / 1000.0));
    values.push_back(static_cast<double>(value));
    percentiles.add(nanoseconds(value));
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = values[static_cast<std::size_t>(std::ceil(share * 10'000)) - 1];
    EXPECT_NEAR(percentiles.microseconds(share) * 1000, exact, exact * 0.016) << share;
  }
  EXPECT_DOUBLE_EQ(percentiles.microseconds(1) * 1000, values.back());
}

TEST(PercentilesTest, TakesExtremes) {
  Percentiles percentiles;
  percentiles.add(nanoseconds(-5));
  percentiles.add(nanoseconds::max());
  EXPECT_EQ(percentiles.count(), 2U);
  EXPECT_EQ(percentiles.milliseconds(0.5), 0);
  EXPECT_GT(percentiles.milliseconds(1), 9e12);
}

TEST(PercentilesTest, TakesOtherNumbers) {
  Percentiles percentiles;
  percentiles.add(std::uint64_t{3});
  percentiles.add(std::uint64_t{1'060'000});
  EXPECT_EQ(percentiles.value(0.5), 3);
  EXPECT_EQ(percentiles.value(1), 1'060'000);
}

}  // namespace
}  // namespace flux::app
