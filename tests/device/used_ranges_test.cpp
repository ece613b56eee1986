#include "device/used_ranges.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace flux {
namespace {

constexpr MemoryKey kChunk = memoryKey(ChunkIndex{3});

TEST(UsedRanges, EmptySetOverlapsNothing) {
  UsedRanges ranges;
  EXPECT_TRUE(ranges.build());
  EXPECT_FALSE(ranges.overlaps(kChunk, 0, 1000));
}

TEST(UsedRanges, BordersDoNotOverlap) {
  UsedRanges ranges;
  ranges.add(kChunk, 100, 50);
  EXPECT_TRUE(ranges.build());
  EXPECT_FALSE(ranges.overlaps(kChunk, 0, 100));
  EXPECT_TRUE(ranges.overlaps(kChunk, 0, 101));
  EXPECT_TRUE(ranges.overlaps(kChunk, 149, 1));
  EXPECT_FALSE(ranges.overlaps(kChunk, 150, 1000));
  EXPECT_TRUE(ranges.overlaps(kChunk, 120, 1));
  EXPECT_TRUE(ranges.overlaps(kChunk, 0, 1000));
  EXPECT_FALSE(ranges.overlaps(kChunk, 120, 0));
}

TEST(UsedRanges, ChunksAndPagesOfOneIndexDiffer) {
  UsedRanges ranges;
  ranges.add(kChunk, 0, 100);
  ranges.build();
  EXPECT_FALSE(ranges.overlaps(memoryKey(StagingIndex{3}), 0, 100));
  EXPECT_FALSE(ranges.overlaps(memoryKey(ChunkIndex{2}), 0, 100));
  EXPECT_FALSE(ranges.overlaps(memoryKey(ChunkIndex{4}), 0, 100));
}

TEST(UsedRanges, TellsWhetherRangesOverlapEachOther) {
  UsedRanges touching;
  touching.add(kChunk, 16, 16);
  touching.add(kChunk, 0, 16);
  EXPECT_TRUE(touching.build());

  UsedRanges overlapping;
  overlapping.add(kChunk, 16, 16);
  overlapping.add(kChunk, 0, 17);
  EXPECT_FALSE(overlapping.build());

  UsedRanges nested;
  nested.add(kChunk, 0, 100);
  nested.add(kChunk, 10, 10);
  nested.add(kChunk, 100, 1);
  EXPECT_FALSE(nested.build());
  EXPECT_TRUE(nested.overlaps(kChunk, 50, 1));
}

TEST(UsedRanges, AgreesWithAMapOfBytes) {
  std::mt19937 engine(7);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(engine() % bound); };
  for (int round = 0; round < 200; ++round) {
    UsedRanges ranges;
    std::array<std::array<int, 64>, 2> uses{};
    for (std::uint32_t n = below(8); n > 0; --n) {
      const std::uint32_t chunk = below(2);
      const std::uint32_t begin = below(64);
      const std::uint32_t bytes = below(65 - begin);
      ranges.add(memoryKey(ChunkIndex{chunk}), begin, bytes);
      for (std::uint32_t i = begin; i < begin + bytes; ++i) ++uses[chunk][i];
    }
    bool disjoint = true;
    for (const auto& chunk : uses) {
      for (const int count : chunk) disjoint = disjoint && count <= 1;
    }
    EXPECT_EQ(ranges.build(), disjoint);
    for (std::uint32_t chunk = 0; chunk < 2; ++chunk) {
      for (std::uint32_t begin = 0; begin < 64; ++begin) {
        bool used = false;
        for (std::uint32_t end = begin + 1; end <= 64; ++end) {
          used = used || uses[chunk][end - 1] > 0;
          EXPECT_EQ(ranges.overlaps(memoryKey(ChunkIndex{chunk}), begin, end - begin), used);
        }
      }
    }
  }
}

}  // namespace
}  // namespace flux
