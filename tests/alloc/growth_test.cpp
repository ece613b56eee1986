#include <flux/growth.hpp>

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace flux {
namespace {

using enum GrowthPolicy;

constexpr std::array kPolicies{Exponential, OneAndAHalf, FixedStep, Exact};
constexpr ByteCount kMax = std::numeric_limits<ByteCount>::max();

struct Vector {
  GrowthPolicy policy;
  ByteCount current;
  ByteCount needed;
  ByteCount limit;
  ByteCount grown;
};

class GrowthVectors : public testing::TestWithParam<Vector> {};

TEST_P(GrowthVectors, GrowAsStated) {
  const Vector& v = GetParam();
  const Result<ByteCount> grown = grownCapacity(v.policy, v.current, v.needed, v.limit);
  ASSERT_TRUE(grown);
  EXPECT_EQ(*grown, v.grown);
}

INSTANTIATE_TEST_SUITE_P(Exponential, GrowthVectors,
                         testing::Values(Vector{Exponential, 256, 257, kMax, 512},
                                         Vector{Exponential, 256, 256, kMax, 256},
                                         Vector{Exponential, 512, 100, kMax, 512},
                                         Vector{Exponential, 3, 10, kMax, 12},  // from the size, not to a power of two
                                         Vector{Exponential, 0, 1, kMax, 1}, Vector{Exponential, 0, 5, kMax, 8},
                                         Vector{Exponential, 0, 0, kMax, 0},
                                         Vector{Exponential, 600, 700, 1000, 1000},  // the limit, not beyond
                                         Vector{Exponential, 3, kMax, kMax, kMax}));

INSTANTIATE_TEST_SUITE_P(OneAndAHalf, GrowthVectors,
                         testing::Values(Vector{OneAndAHalf, 256, 257, kMax, 384},
                                         Vector{OneAndAHalf, 256, 385, kMax, 576},
                                         Vector{OneAndAHalf, 256, 256, kMax, 256}, Vector{OneAndAHalf, 0, 1, kMax, 1},
                                         Vector{OneAndAHalf, 1, 4, kMax, 4}, Vector{OneAndAHalf, 800, 900, 1000, 1000},
                                         Vector{OneAndAHalf, 0, kMax, kMax, kMax}));

INSTANTIATE_TEST_SUITE_P(
    FixedStep, GrowthVectors,
    testing::Values(Vector{FixedStep, 0, 1, kMax, kMiB}, Vector{FixedStep, 0, kMiB, kMax, kMiB},
                    Vector{FixedStep, 0, kMiB + 1, kMax, 2 * kMiB}, Vector{FixedStep, 100, 101, kMax, 100 + kMiB},
                    Vector{FixedStep, kMiB, kMiB, kMax, kMiB}, Vector{FixedStep, kMiB, 5 * kMiB + 1, kMax, 6 * kMiB},
                    Vector{FixedStep, kMiB, kMiB + 1, kMiB + 7, kMiB + 7}, Vector{FixedStep, 1, kMax, kMax, kMax}));

INSTANTIATE_TEST_SUITE_P(Exact, GrowthVectors,
                         testing::Values(Vector{Exact, 256, 257, kMax, 257}, Vector{Exact, 256, 200, kMax, 256},
                                         Vector{Exact, 0, 1, kMax, 1}, Vector{Exact, 5, kMax, kMax, kMax}));

TEST(Growth, WhatIsNeededBeyondTheLimitIsAnError) {
  for (const GrowthPolicy policy : kPolicies) {
    const Result<ByteCount> grown = grownCapacity(policy, 10, 101, 100);
    ASSERT_FALSE(grown) << toString(policy);
    EXPECT_EQ(grown.error().code, ErrorCode::TooLarge);
    EXPECT_EQ(grown.error().numbers[0], 101U);
    EXPECT_EQ(grown.error().numbers[1], 100U);
  }
}

TEST(Growth, NeverBelowWhatIsNeededNorAboveTheLimit) {
  for (const GrowthPolicy policy : kPolicies) {
    for (ByteCount current = 0; current < 70; ++current) {
      for (ByteCount needed = 0; needed < 200; ++needed) {
        const Result<ByteCount> grown = grownCapacity(policy, current, needed, 210);
        ASSERT_TRUE(grown);
        ASSERT_GE(*grown, std::max(current, needed)) << toString(policy) << ' ' << current << ' ' << needed;
        ASSERT_LE(*grown, 210U) << toString(policy) << ' ' << current << ' ' << needed;
      }
    }
  }
}

TEST(Growth, PushingOneByOneIsAmortised) {
  constexpr ByteCount kPushes = 1'000'000;
  const auto push = [](GrowthPolicy policy) {
    ByteCount capacity = 256;
    std::uint64_t growths = 0;
    ByteCount copied = 0;
    for (ByteCount size = 1; size <= kPushes; ++size) {
      const ByteCount grown = grownCapacity(policy, capacity, size, kMax).value();
      if (grown == capacity) continue;
      ++growths;
      copied += capacity;
      capacity = grown;
    }
    return std::pair(growths, copied);
  };
  const auto [doublings, doubledBytes] = push(Exponential);
  EXPECT_LE(doublings, 13U);
  EXPECT_LE(doubledBytes, 2 * kPushes);
  const auto [growths, copiedBytes] = push(OneAndAHalf);
  EXPECT_LE(growths, 22U);
  EXPECT_LE(copiedBytes, 3 * kPushes);
}

}  // namespace
}  // namespace flux
