#include "alloc/allocation_map.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace flux {
namespace {

using Gap = AllocationMap::Gap;

std::vector<Gap> gapsOf(const AllocationMap& map) {
  return {map.gaps().begin(), map.gaps().end()};
}

TEST(AllocationMap, ConstantsGoBehindTheIndicesAndAnotherPartIntoTheGapThatTheyLeave) {
  AllocationMap map(kMiB);
  EXPECT_EQ(map.allocate(200 * kKiB, 16), 0U);          // vertices
  EXPECT_EQ(map.allocate(100 * kKiB, 16), 200 * kKiB);  // indices
  EXPECT_EQ(map.allocate(50 * kKiB, 256), 300 * kKiB);  // constants
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{350 * kKiB, 674 * kKiB}}));
  map.free(200 * kKiB, 100 * kKiB);
  EXPECT_EQ(map.allocate(80 * kKiB, 16), 200 * kKiB) << "the smallest gap that fits, not the one at 350";
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{280 * kKiB, 20 * kKiB}, {350 * kKiB, 674 * kKiB}}));
}

TEST(AllocationMap, OfGapsOfOneSizeTheLowestIsTaken) {
  AllocationMap map(160);
  for (std::uint32_t i = 0; i < 10; ++i) ASSERT_EQ(map.allocate(16, 16), i * 16);
  map.free(112, 16);
  map.free(48, 16);
  EXPECT_EQ(map.allocate(16, 16), 48U);
}

TEST(AllocationMap, GapsMergeAtOnceOnBothSides) {
  AllocationMap map(64);
  for (std::uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(map.allocate(16, 16));
  EXPECT_TRUE(map.gaps().empty());
  map.free(0, 16);
  map.free(32, 16);
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{0, 16}, {32, 16}}));
  map.free(16, 16);
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{0, 48}}));
  map.free(48, 16);
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{0, 64}}));
}

TEST(AllocationMap, AlignmentCountsFromTheChunk) {
  AllocationMap map(1024);
  EXPECT_EQ(map.allocate(16, 256, 4096 + 16), 240U);
  EXPECT_EQ(map.allocate(16, 48, 16), 32U) << "no power of two";
  EXPECT_EQ(map.allocate(16, 36, 16), 128U) << "whole units all the same";
}

TEST(AllocationMap, APartGrowsWhereItIsIfTheGapBehindItIsLargeEnough) {
  AllocationMap map(160);
  ASSERT_EQ(map.allocate(30, 16), 0U);
  ASSERT_EQ(map.allocate(16, 16), 32U);
  ASSERT_EQ(map.allocate(16, 16), 48U);
  map.free(32, 16);
  EXPECT_TRUE(map.resize(0, 30, 32)) << "in its last unit";
  EXPECT_FALSE(map.resize(0, 32, 49));
  EXPECT_TRUE(map.resize(0, 32, 40));
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{64, 96}}));
  EXPECT_TRUE(map.resize(0, 40, 16));
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{16, 32}, {64, 96}}));
  EXPECT_FALSE(map.resize(0, 16, 0));
  EXPECT_FALSE(map.resize(48, 16, ~ByteCount{0}));
}

TEST(AllocationMap, SaysHowFreeSpaceIsCutUp) {
  AllocationMap map(160);
  EXPECT_EQ(map.fragmentation(), 0.0);
  for (std::uint32_t i = 0; i < 10; ++i) ASSERT_TRUE(map.allocate(16, 16));
  EXPECT_EQ(map.fragmentation(), 0.0) << "nothing is free";
  map.free(0, 16);
  map.free(32, 32);
  map.free(144, 16);
  EXPECT_EQ(map.totalBytes(), 160U);
  EXPECT_EQ(map.freeBytes(), 64U);
  EXPECT_EQ(map.largestGap(), 32U);
  EXPECT_DOUBLE_EQ(map.fragmentation(), 0.5);
}

TEST(AllocationMap, WhatDoesNotFitChangesNothing) {
  AllocationMap map(64);
  EXPECT_FALSE(map.allocate(0, 16));
  EXPECT_FALSE(map.allocate(65, 16));
  EXPECT_FALSE(map.allocate(~ByteCount{0}, 16));
  EXPECT_FALSE(map.allocate(16, 256, 16));
  EXPECT_EQ(gapsOf(map), (std::vector<Gap>{{0, 64}}));
}

/// One flag a unit, searched from end to end.
class PlainMap {
 public:
  explicit PlainMap(std::uint32_t bytes) : taken_(bytes / kPlaceUnitBytes) {}

  [[nodiscard]] std::optional<std::uint32_t> bestFit(std::uint32_t bytes, std::uint32_t alignment,
                                                     std::uint32_t base) const {
    const std::size_t wanted = units(bytes);
    std::optional<std::uint32_t> best;
    std::size_t bestLength = taken_.size() + 1;
    for (const auto& [first, length] : gaps()) {
      if (length >= bestLength) continue;
      for (std::size_t unit = first; unit + wanted <= first + length; ++unit) {
        if ((base + unit * kPlaceUnitBytes) % alignment != 0) continue;
        best = static_cast<std::uint32_t>(unit * kPlaceUnitBytes);
        bestLength = length;
        break;
      }
    }
    return best;
  }
  void set(std::uint32_t offset, std::uint32_t bytes, bool taken) {
    for (std::size_t i = 0; i < units(bytes); ++i) taken_[offset / kPlaceUnitBytes + i] = taken;
  }
  [[nodiscard]] std::map<std::size_t, std::size_t> gaps() const {
    std::map<std::size_t, std::size_t> found;
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (taken_[i]) continue;
      const std::size_t first = i;
      while (i < taken_.size() && !taken_[i]) ++i;
      found[first] = i - first;
    }
    return found;
  }
  [[nodiscard]] bool isFree(std::size_t unit) const { return unit < taken_.size() && !taken_[unit]; }
  static std::size_t units(std::uint32_t bytes) { return (bytes + kPlaceUnitBytes - 1) / kPlaceUnitBytes; }

 private:
  std::vector<bool> taken_;
};

TEST(AllocationMapProperty, RandomCallsAgreeWithAPlainMap) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random()) % bound; };
    const std::uint32_t bytes = 16 * (1 + below(600));
    const std::uint32_t base = 16 * below(100);
    AllocationMap map(bytes);
    PlainMap plain(bytes);
    std::vector<Gap> live;
    for (int i = 0; i < 3000; ++i) {
      const std::uint32_t choice = below(10);
      if (choice < 5) {
        const std::uint32_t wanted = 1 + below(below(4) == 0 ? 2000 : 100);
        const std::uint32_t alignment = 16 * (1 + below(below(2) == 0 ? 1 : 20));
        const std::optional<std::uint32_t> offset = map.allocate(wanted, alignment, base);
        ASSERT_EQ(offset, plain.bestFit(wanted, alignment, base));
        if (!offset) continue;
        plain.set(*offset, wanted, true);
        live.push_back({*offset, wanted});
      } else if (!live.empty()) {
        const std::size_t which = below(static_cast<std::uint32_t>(live.size()));
        Gap& range = live[which];
        if (choice < 7) {
          const std::uint32_t wanted = 1 + below(range.bytes + 100);
          bool fits = true;
          for (std::size_t u = PlainMap::units(range.bytes); u < PlainMap::units(wanted); ++u) {
            fits = fits && plain.isFree(range.offset / kPlaceUnitBytes + u);
          }
          ASSERT_EQ(map.resize(range.offset, range.bytes, wanted), fits);
          if (!fits) continue;
          plain.set(range.offset, range.bytes, false);
          plain.set(range.offset, wanted, true);
          range.bytes = wanted;
        } else {
          map.free(range.offset, range.bytes);
          plain.set(range.offset, range.bytes, false);
          live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
        }
      }
      std::vector<Gap> gaps;
      std::uint32_t free = 0;
      for (const auto& [first, length] : plain.gaps()) {
        gaps.push_back({static_cast<std::uint32_t>(first * 16), static_cast<std::uint32_t>(length * 16)});
        free += gaps.back().bytes;
      }
      ASSERT_EQ(gapsOf(map), gaps);
      ASSERT_EQ(map.freeBytes(), free);
    }
  }
}

}  // namespace
}  // namespace flux
