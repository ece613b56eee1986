#include "alloc/size_classes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace flux {
namespace {

constexpr SizeClassLimits kLimits{16 * kKiB, 256 * kKiB, 4 * kMiB};

TEST(SizeClasses, BoundariesBelongToTheLowerClass) {
  EXPECT_EQ(sizeClass(1, kLimits), SizeClass::Small);
  EXPECT_EQ(sizeClass(16384, kLimits), SizeClass::Small);
  EXPECT_EQ(sizeClass(16385, kLimits), SizeClass::Medium);
  EXPECT_EQ(sizeClass(262144, kLimits), SizeClass::Medium);
  EXPECT_EQ(sizeClass(262145, kLimits), SizeClass::Large);
  EXPECT_EQ(sizeClass(4194304, kLimits), SizeClass::Large);
  EXPECT_EQ(sizeClass(4194305, kLimits), SizeClass::Oversized);
}

TEST(SizeClasses, LimitsIncrease) {
  EXPECT_TRUE(validLimits(kLimits));
  EXPECT_TRUE(validLimits({1, 2, 3}));
  EXPECT_FALSE(validLimits({0, 2, 3}));
  EXPECT_FALSE(validLimits({2, 2, 3}));
  EXPECT_FALSE(validLimits({1, 3, 3}));
  EXPECT_FALSE(validLimits({1, 3, 2}));
}

TEST(SizeClasses, TheLadderHasFourStepsAnOctave) {
  EXPECT_EQ(ladderBytes(1), 64U);
  EXPECT_EQ(ladderBytes(64), 64U);
  EXPECT_EQ(ladderBytes(65), 80U);
  EXPECT_EQ(ladderBytes(81), 96U);
  EXPECT_EQ(ladderBytes(97), 112U);
  EXPECT_EQ(ladderBytes(113), 128U);
  EXPECT_EQ(ladderBytes(129), 160U);
  EXPECT_EQ(ladderBytes(kMiB), kMiB);
  EXPECT_EQ(ladderBytes(kMiB + 1), kMiB + 256 * kKiB);
  EXPECT_EQ(ladderBytes(ByteCount{1} << 63U), ByteCount{1} << 63U);
  for (ByteCount bytes = 64; bytes < 20'000; ++bytes) {
    const ByteCount given = ladderBytes(bytes);
    ASSERT_GE(given, bytes);
    ASSERT_LT(4 * (given - bytes), bytes) << bytes;
    ASSERT_EQ(given % 16, 0U);
    ASSERT_EQ(ladderBytes(given), given);
  }
}

TEST(SizeClasses, LimitsGoOnTheLadder) {
  EXPECT_EQ(onLadder(kLimits), kLimits);
  EXPECT_EQ(onLadder({100, 1000, 10'000}), (SizeClassLimits{112, 1024, 10'240}));
  EXPECT_FALSE(validLimits(onLadder({100, 110, 200})));
}

TEST(SizeClasses, TheLadderWastesAnEighthAtMostInTotal) {
  std::mt19937_64 random(11);
  const auto waste = [&](auto&& draw) {
    ByteCount asked = 0;
    ByteCount given = 0;
    for (int i = 0; i < 100'000; ++i) {
      const ByteCount bytes = draw();
      asked += bytes;
      given += ladderBytes(bytes);
    }
    return static_cast<double>(given - asked) / static_cast<double>(asked);
  };
  EXPECT_LE(waste([&] { return 64 + random() % (4 * kMiB - 64); }), 0.125);
  EXPECT_LE(waste([&] {  // as many sizes in each octave
              const ByteCount octave = ByteCount{64} << (random() % 16);
              return octave + random() % octave;
            }),
            0.125);
  // Whoever asks for a little more than a power of two each time pays twice that; so much, and no more.
  EXPECT_LE(waste([&] { return (ByteCount{64} << (random() % 16)) + 1; }), 0.25);
}

}  // namespace
}  // namespace flux
