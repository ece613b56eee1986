#include "alloc/chunk_space.hpp"

#include <flux/assert.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <vector>

namespace flux {
namespace {

using namespace std::chrono_literals;

using Time = std::chrono::steady_clock::time_point;

/// A chunk space with what its owner does: adds a chunk when a request finds none, counts chunks.
class Space {
 public:
  explicit Space(const ChunkSpacePolicy& policy = {}) : chunks(policy) {}

  ChunkIndex add(ByteCount bytes, bool dedicated = false) {
    const ChunkIndex chunk{next_++};
    chunks.addChunk(chunk, bytes, dedicated);
    return chunk;
  }

  Placement take(ByteCount bytes, ByteCount alignment = 1) {
    if (const auto place = chunks.allocate(bytes, alignment)) return *place;
    added.push_back(chunks.nextChunkBytes(bytes, alignment));
    add(added.back(), chunks.dedicated(bytes));
    const auto place = chunks.allocate(bytes, alignment);
    EXPECT_TRUE(place) << "a chunk of the size that was asked for holds the request";
    return place.value_or(Placement{});
  }

  void free(const Placement& place, std::uint64_t step = 0, std::chrono::nanoseconds time = 0ns) {
    chunks.free(place.range, step, Time(time));
  }

  [[nodiscard]] std::optional<ChunkIndex> releasable(std::uint64_t step, std::chrono::nanoseconds time = 0ns) const {
    return chunks.releasable(step, Time(time));
  }

  ChunkSpace chunks;
  std::vector<ByteCount> added;

 private:
  std::uint32_t next_ = 0;
};

TEST(ChunkSpace, ChunksDoubleUpToFullSize) {
  Space space;
  while (space.chunks.chunkCount() < 7) space.take(64 * kKiB);
  EXPECT_EQ(space.added, (std::vector<ByteCount>{kMiB, 2 * kMiB, 4 * kMiB, 8 * kMiB, 16 * kMiB, 16 * kMiB, 16 * kMiB}));
  EXPECT_EQ(space.chunks.reservedBytes(), 63 * kMiB);
}

TEST(ChunkSpace, TheRampSkipsSizesThatAreTooSmall) {
  Space space;
  EXPECT_EQ(space.chunks.nextChunkBytes(kMiB, 1), kMiB);
  EXPECT_EQ(space.chunks.nextChunkBytes(kMiB + 1, 1), 2 * kMiB);
  EXPECT_EQ(space.chunks.nextChunkBytes(5 * kMiB, 4096), 8 * kMiB);
  space.take(5 * kMiB);
  EXPECT_EQ(space.chunks.nextChunkBytes(1, 1), 16 * kMiB);
}

TEST(ChunkSpace, AWarmStartNeedsNoRamp) {
  Space space({.firstChunkBytes = 64 * kMiB});
  EXPECT_EQ(space.chunks.nextChunkBytes(1, 1), 16 * kMiB);
}

TEST(ChunkSpace, ARequestOverHalfAChunkGetsAChunkOfItsOwn) {
  Space space;
  EXPECT_FALSE(space.chunks.dedicated(8 * kMiB));
  EXPECT_EQ(space.chunks.nextChunkBytes(8 * kMiB, 1), 8 * kMiB);
  EXPECT_TRUE(space.chunks.dedicated(8 * kMiB + 1));
  EXPECT_EQ(space.chunks.nextChunkBytes(8 * kMiB + 1, 1), 8 * kMiB + 64 * kKiB);

  const Placement large = space.take(8 * kMiB + 1, 4096);
  EXPECT_EQ(large.offset, 0U);
  EXPECT_EQ(large.bytes, 8 * kMiB + 16);
  EXPECT_EQ(space.chunks.freeBytes(), 0U) << "what is left over is nobody's";
  EXPECT_EQ(space.chunks.liveRanges(large.chunk), 1U);
  EXPECT_NE(space.take(16).chunk, large.chunk);
  EXPECT_EQ(space.added.back(), kMiB) << "and it does not count for the ramp";
}

TEST(ChunkSpace, AnEmptyDedicatedChunkServesOnlyARequestOfAboutItsSize) {
  Space space;
  const Placement first = space.take(9 * kMiB);
  space.free(first);
  EXPECT_EQ(space.chunks.freeBytes(), 9 * kMiB);
  EXPECT_FALSE(space.chunks.allocate(kMiB, 1)) << "small";
  EXPECT_FALSE(space.chunks.allocate(10 * kMiB, 1)) << "too large";
  const Placement again = space.take(9 * kMiB - 1000);
  EXPECT_EQ(again.chunk, first.chunk);
  EXPECT_FALSE(space.chunks.allocate(9 * kMiB, 1)) << "taken";
  const Placement larger = space.take(40 * kMiB);
  space.free(larger);
  EXPECT_FALSE(space.chunks.allocate(9 * kMiB, 1)) << "31 MiB would be wasted";
}

TEST(ChunkSpace, TheTightestEmptyDedicatedChunkIsTaken) {
  Space space;
  const ChunkIndex loose = space.add(10 * kMiB, true);
  const ChunkIndex tight = space.add(10 * kMiB - 64 * kKiB, true);
  EXPECT_EQ(space.take(10 * kMiB - 100 * kKiB).chunk, tight);
  EXPECT_EQ(space.take(10 * kMiB - 100 * kKiB).chunk, loose);
  EXPECT_TRUE(space.added.empty());
}

TEST(ChunkSpace, NoChunkIsLargerThanTheDeviceAllows) {
  Space space({.maxChunkBytes = 100 * kMiB});
  EXPECT_EQ(space.chunks.nextChunkBytes(100 * kMiB, 1), 100 * kMiB);
  EXPECT_EQ(space.chunks.nextChunkBytes(100 * kMiB + 1, 1), 0U);
  EXPECT_EQ(space.chunks.nextChunkBytes(~ByteCount{0}, 1), 0U);
  EXPECT_FALSE(space.chunks.allocate(~ByteCount{0}, 1));
  Space small({.maxChunkBytes = 3 * kMiB});
  EXPECT_EQ(small.chunks.nextChunkBytes(kMiB, 1), kMiB);
  EXPECT_TRUE(small.chunks.dedicated(2 * kMiB)) << "over half of the largest chunk there can be";
}

TEST(ChunkSpace, PlacesAreAlignedToAnyNumberOfBytes) {
  Space space;
  space.take(16);
  for (const ByteCount alignment : {1U, 3U, 4U, 12U, 20U, 36U, 48U, 64U, 100U, 256U, 4096U, 65536U}) {
    const Placement place = space.take(40, alignment);
    EXPECT_EQ(place.offset % alignment, 0U) << alignment;
    EXPECT_EQ(place.offset % kPlaceUnitBytes, 0U) << alignment;
    EXPECT_EQ(place.bytes, 48U);
  }
  EXPECT_FALSE(space.chunks.allocate(0, 16));
  EXPECT_FALSE(space.chunks.allocate(16, 0));
  EXPECT_FALSE(space.chunks.allocate(16, ~ByteCount{0}));
}

TEST(ChunkSpace, TotalsAreThoseOfTheChunks) {
  Space space;
  const ChunkIndex first = space.add(kMiB);
  const ChunkIndex second = space.add(2 * kMiB);
  EXPECT_EQ(space.chunks.largestFreeBytes(), 2 * kMiB);
  const Placement place = space.take(2 * kMiB);
  EXPECT_EQ(place.chunk, second);
  EXPECT_EQ(space.chunks.reservedBytes(), 3 * kMiB);
  EXPECT_EQ(space.chunks.freeBytes(), kMiB);
  EXPECT_EQ(space.chunks.largestFreeBytes(), kMiB);
  EXPECT_EQ(space.chunks.freeBytes(first), kMiB);
  EXPECT_EQ(space.chunks.freeBytes(second), 0U);
  EXPECT_EQ(space.chunks.liveRanges(), 1U);
  EXPECT_EQ(space.chunks.freeBytes(ChunkIndex{9}), 0U);
  EXPECT_EQ(space.chunks.liveRanges(ChunkIndex{9}), 0U);
}

TEST(ChunkSpace, SmallChunksDrainOnceThereIsAFullSizeOne) {
  Space space;
  const ChunkIndex small = space.add(8 * kMiB);
  std::vector<Placement> places;
  for (int i = 0; i < 4; ++i) places.push_back(space.take(2 * kMiB));
  space.free(places[0]);
  const ChunkIndex large = space.add(16 * kMiB);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(space.take(6 * kMiB).chunk, large);
  EXPECT_EQ(space.take(2 * kMiB).chunk, large) << "although the hole in the small one fits exactly";
  EXPECT_EQ(space.take(2 * kMiB).chunk, large);
  EXPECT_EQ(space.take(2 * kMiB).chunk, small) << "rather than a new chunk";
}

TEST(ChunkSpace, AChunkUnderAQuarterFullIsUsedLastUntilItIsHalfFull) {
  Space space({.firstChunkBytes = 16 * kMiB});
  const auto fill = [&](ChunkIndex chunk, int count) {
    std::vector<Placement> places;
    for (int i = 0; i < count; ++i) places.push_back(space.take(kMiB));
    for (const Placement& place : places) EXPECT_EQ(place.chunk, chunk);
    return places;
  };
  const auto freeAt = [&](const std::vector<Placement>& places, std::initializer_list<std::size_t> which) {
    for (const std::size_t i : which) space.free(places[i]);
  };
  const auto preferred = [&] {
    const Placement place = space.take(kMiB);
    space.free(place);
    return place.chunk;
  };

  const ChunkIndex a = space.add(16 * kMiB);
  const std::vector<Placement> inA = fill(a, 16);
  const ChunkIndex b = space.add(16 * kMiB);
  std::vector<Placement> inB = fill(b, 10);

  freeAt(inA, {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7});
  EXPECT_EQ(space.chunks.freeBytes(a), 12 * kMiB);
  EXPECT_EQ(preferred(), a) << "a quarter is not under a quarter, and a hole fits exactly";
  freeAt(inA, {9});
  EXPECT_EQ(preferred(), b) << "although a hole in the other one fits exactly";

  for (const Placement& place : fill(b, 6)) inB.push_back(place);
  fill(a, 4);
  EXPECT_EQ(space.chunks.freeBytes(a), 9 * kMiB);
  freeAt(inB, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(preferred(), b) << "not half full yet, although its hole of 9 MiB is the smaller one";

  inB = fill(b, 10);
  fill(a, 1);
  freeAt(inB, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(preferred(), a) << "half full";
}

TEST(ChunkSpace, AChunkMayGoAfterSoManyStepsOrSoLong) {
  Space space({.emptySteps = 120, .emptyAge = 2s});
  const Placement place = space.take(20 * kMiB);
  EXPECT_EQ(space.releasable(100000, 100s), std::nullopt) << "in use";
  space.free(place, 1000, 50s);
  EXPECT_EQ(space.releasable(1000, 50s), std::nullopt);
  EXPECT_EQ(space.releasable(1119, 52s - 1ns), std::nullopt);
  EXPECT_EQ(space.releasable(1120, 50s), place.chunk);
  EXPECT_EQ(space.releasable(1000, 52s), place.chunk);
}

TEST(ChunkSpace, UseStartsTheClockAgain) {
  Space space;
  space.free(space.take(20 * kMiB), 1000);
  space.free(space.take(20 * kMiB), 1100);
  EXPECT_EQ(space.chunks.chunkCount(), 1U);
  EXPECT_EQ(space.releasable(1219), std::nullopt);
  EXPECT_TRUE(space.releasable(1220));
}

TEST(ChunkSpace, OneEmptyChunkStays) {
  Space space({.firstChunkBytes = 16 * kMiB});
  std::vector<Placement> places;
  for (int i = 0; i < 6; ++i) places.push_back(space.take(8 * kMiB));
  EXPECT_EQ(space.chunks.chunkCount(), 3U);
  for (std::size_t i = places.size(); i-- != 0;) space.free(places[i], 100 - i);
  const std::optional<ChunkIndex> first = space.releasable(1000);
  EXPECT_EQ(first, places[4].chunk) << "empty for longest";
  space.chunks.removeChunk(*first);
  const std::optional<ChunkIndex> second = space.releasable(1000);
  EXPECT_EQ(second, places[2].chunk);
  space.chunks.removeChunk(*second);
  EXPECT_EQ(space.releasable(1000), std::nullopt) << "the spare";
  EXPECT_EQ(space.chunks.reservedBytes(), 16 * kMiB);
}

TEST(ChunkSpace, TheLargestEmptyChunkIsTheSpare) {
  Space space;
  const Placement small = space.take(kMiB);
  const Placement large = space.take(2 * kMiB);
  space.free(large, 1);
  space.free(small, 2);
  EXPECT_EQ(space.releasable(1000), small.chunk);
}

TEST(ChunkSpace, SmallAndDedicatedChunksAreNoSpares) {
  Space space;
  const Placement small = space.take(kMiB);
  space.free(small, 1);
  EXPECT_EQ(space.releasable(1000), std::nullopt) << "the only chunk";
  const ChunkIndex full = space.add(16 * kMiB);
  const Placement inFull = space.take(5 * kMiB);
  EXPECT_EQ(inFull.chunk, full);
  EXPECT_EQ(space.releasable(1000), small.chunk) << "now there is one of full size";
  space.free(inFull, 0);
  space.chunks.removeChunk(full);
  EXPECT_EQ(space.releasable(1000), std::nullopt) << "the only one again";
  const Placement large = space.take(9 * kMiB);
  space.free(large, 0);
  space.chunks.removeChunk(small.chunk);
  EXPECT_EQ(space.releasable(1000), large.chunk);
}

TEST(ChunkSpace, WithoutHysteresisAndSpareAnEmptyChunkMayGoAtOnce) {
  Space space({.firstChunkBytes = 16 * kMiB, .spareChunks = 0, .emptySteps = 0});
  EXPECT_EQ(space.chunks.nextChunkBytes(1, 1), 16 * kMiB);
  const Placement place = space.take(kMiB);
  EXPECT_EQ(space.releasable(1000), std::nullopt);
  space.free(place, 1000);
  EXPECT_EQ(space.releasable(1000), place.chunk);
}

TEST(ChunkSpace, AChunkThatNobodyHasUsedYetStays) {
  Space space({.firstChunkBytes = 16 * kMiB});
  for (int i = 0; i < 3; ++i) space.add(16 * kMiB);
  EXPECT_EQ(space.releasable(1000000, 1000s), std::nullopt);
  const Placement place = space.take(16);
  space.free(place, 7);
  EXPECT_EQ(space.releasable(1000), std::nullopt) << "chunk 0 is the spare: the lowest of the largest";
  EXPECT_EQ(place.chunk, ChunkIndex{0});
}

TEST(ChunkSpace, WhenMemoryIsShortAnyEmptyChunkMayGo) {
  Space space;
  EXPECT_EQ(space.chunks.anyEmpty(), std::nullopt);
  const Placement place = space.take(kMiB);
  EXPECT_EQ(space.chunks.anyEmpty(), std::nullopt);
  space.free(place);
  EXPECT_EQ(space.chunks.anyEmpty(), place.chunk);
}

TEST(ChunkSpace, AnIndexCanBeUsedAgain) {
  Space space;
  space.chunks.addChunk(ChunkIndex{5}, 16 * kMiB, false);
  const Placement old = space.take(kMiB);
  space.free(old, 1);
  space.chunks.removeChunk(ChunkIndex{5});
  EXPECT_EQ(space.chunks.chunkCount(), 0U);
  EXPECT_EQ(space.chunks.reservedBytes(), 0U);
  EXPECT_EQ(space.chunks.anyEmpty(), std::nullopt);
  EXPECT_EQ(space.chunks.nextChunkBytes(1, 1), kMiB) << "the ramp starts again";
  space.chunks.addChunk(ChunkIndex{5}, 9 * kMiB, true);
  EXPECT_EQ(space.releasable(1000), std::nullopt) << "its clock is not that of the chunk before";
  EXPECT_FALSE(space.chunks.allocate(kMiB, 1));
}

class ChunkSpaceContract : public ::testing::Test {
 protected:
  void SetUp() override {
    broken = 0;
    before_ = setAssertHandler([](const char*, const char*, int) { ++broken; });
  }
  void TearDown() override { setAssertHandler(before_); }

  static inline int broken = 0;

 private:
  AssertHandler before_ = nullptr;
};

TEST_F(ChunkSpaceContract, BrokenContractsAreReportedAndChangeNothing) {
  Space space;
  const Placement place = space.take(64);
  const Placement other = space.take(64);
  space.free(place);
  EXPECT_EQ(broken, 0);
  space.free(place);
  EXPECT_EQ(broken, 1) << "freed twice";
  space.chunks.removeChunk(other.chunk);
  EXPECT_EQ(broken, 2) << "not empty";
  space.chunks.removeChunk(ChunkIndex{77});
  EXPECT_EQ(broken, 3) << "unknown";
  EXPECT_EQ(space.chunks.liveRanges(), 1U);
  EXPECT_EQ(space.chunks.freeBytes(), kMiB - 64);
}

TEST(ChunkSpace, ChurnEndsWithOneSpare) {
  Space space;
  std::mt19937 random(3);
  std::vector<Placement> live;
  std::uint64_t step = 0;
  for (int i = 0; i < 20000; ++i, ++step) {
    const bool growing = i < 5000;
    const auto draw = static_cast<std::uint32_t>(random());
    if (live.empty() || draw % 100 < (growing ? 60U : 50U)) {
      live.push_back(
          space.take(1 + (ByteCount{draw} >> 8U) % (64 * kKiB) * (draw % 97 == 0 ? 200 : 1), 1U << draw % 9));
    } else {
      std::swap(live[(draw >> 8U) % live.size()], live.back());
      space.free(live.back(), step);
      live.pop_back();
    }
    if (const auto chunk = space.releasable(step)) space.chunks.removeChunk(*chunk);
  }
  for (const Placement& place : live) space.free(place, step);
  step += 120;
  while (const auto chunk = space.releasable(step)) space.chunks.removeChunk(*chunk);
  EXPECT_EQ(space.chunks.chunkCount(), 1U);
  EXPECT_EQ(space.chunks.reservedBytes(), 16 * kMiB);
  EXPECT_EQ(space.chunks.freeBytes(), 16 * kMiB);
}

}  // namespace
}  // namespace flux
