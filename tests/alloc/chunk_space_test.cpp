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
    chunks.free(place, step, Time(time));
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

TEST(ChunkSpace, TheLargestSharedChunkIsKnown) {
  Space space;
  EXPECT_EQ(space.chunks.largestSharedBytes(), 0U);
  space.add(20 * kMiB, true);
  EXPECT_EQ(space.chunks.largestSharedBytes(), 0U);
  const ChunkIndex small = space.add(2 * kMiB);
  space.add(kMiB);
  EXPECT_EQ(space.chunks.largestSharedBytes(), 2 * kMiB);
  const ChunkIndex full = space.add(16 * kMiB);
  EXPECT_EQ(space.chunks.largestSharedBytes(), 16 * kMiB);
  space.chunks.removeChunk(full);
  space.chunks.removeChunk(small);
  EXPECT_EQ(space.chunks.largestSharedBytes(), kMiB);
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
  EXPECT_EQ(space.chunks.freeBytes(first.chunk), 9 * kMiB);
  EXPECT_EQ(space.chunks.freeBytes(), 0U) << "for blocks that share chunks";
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
  EXPECT_EQ(space.chunks.bytes(second), 2 * kMiB);
  EXPECT_EQ(space.chunks.bytes(ChunkIndex{9}), 0U);
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

TEST(ChunkSpace, AfterADropTheChunksWithTheFewestRangesDrain) {
  Space space({.firstChunkBytes = 16 * kMiB});
  std::vector<std::vector<Placement>> inChunk(4);
  for (std::vector<Placement>& places : inChunk) {
    for (int i = 0; i < 16; ++i) places.push_back(space.take(kMiB));
    for (const Placement& place : places) ASSERT_EQ(place.chunk, places[0].chunk);
  }
  // 8 + 4 + 2 + 2 MiB stay: two chunks are enough for all, those with the most ranges.
  const std::vector<std::size_t> kept{2, 8, 4, 2};
  for (const std::size_t c : {3U, 0U, 2U, 1U}) {
    for (std::size_t i = 0; i < 16 - kept[c]; ++i) space.free(inChunk[c][i]);
  }
  std::vector<Placement> added;
  for (int i = 0; i < 12; ++i) added.push_back(space.take(kMiB));
  for (const Placement& place : added) {
    EXPECT_TRUE(place.chunk == inChunk[1][0].chunk || place.chunk == inChunk[2][0].chunk)
        << static_cast<std::uint32_t>(place.chunk);
  }
  EXPECT_EQ(space.chunks.chunkCount(), 4U);
  // What holds nothing more may go; a request that finds no room elsewhere still uses the other one.
  space.free(inChunk[3][14]);
  space.free(inChunk[3][15]);
  EXPECT_EQ(space.chunks.anyEmpty(), inChunk[3][0].chunk);
  space.take(kMiB);
  EXPECT_EQ(space.take(8 * kMiB).chunk, inChunk[0][0].chunk);
  EXPECT_EQ(space.added.size(), 4U);
  EXPECT_TRUE(space.chunks.checkInvariants());
}

TEST(ChunkSpace, ARetiredChunkTakesNothingAndGivesItsPlacesBack) {
  Space space({.firstChunkBytes = 16 * kMiB});
  const Placement first = space.take(4 * kMiB);
  const Placement second = space.take(4 * kMiB);
  space.chunks.retireChunk(first.chunk);
  EXPECT_TRUE(space.chunks.retired(first.chunk));
  EXPECT_EQ(space.chunks.freeBytes(), 0U);
  EXPECT_EQ(space.chunks.largestFreeBytes(), 0U);
  EXPECT_EQ(space.chunks.wouldFit(16, 1), std::nullopt);
  EXPECT_EQ(space.chunks.allocate(16, 1), std::nullopt);
  const ChunkIndex other = space.add(16 * kMiB);
  space.free(first, 7);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(space.take(4 * kMiB).chunk, other) << "although the place that came free fits exactly";
  }
  EXPECT_TRUE(space.chunks.checkInvariants());

  space.chunks.restoreChunk(first.chunk);
  EXPECT_FALSE(space.chunks.retired(first.chunk));
  EXPECT_EQ(space.chunks.freeBytes(), 16 * kMiB);
  EXPECT_EQ(space.take(4 * kMiB).chunk, first.chunk);
  EXPECT_TRUE(space.chunks.checkInvariants());

  space.chunks.retireChunk(first.chunk);
  space.free(second, 8);
  EXPECT_EQ(space.releasable(8), std::nullopt) << "one place is still live";
}

TEST(ChunkSpace, ARetiredChunkMayGoAsSoonAsItIsEmptyAndIsNoSpare) {
  Space space({.firstChunkBytes = 16 * kMiB});
  const Placement place = space.take(kMiB);
  space.chunks.retireChunk(place.chunk);
  space.free(place, 5);
  EXPECT_EQ(space.releasable(5), place.chunk);
  EXPECT_EQ(space.chunks.readyBytes(), 0U);
  space.chunks.restoreChunk(place.chunk);
  EXPECT_EQ(space.releasable(1000), std::nullopt) << "the spare";
  EXPECT_EQ(space.chunks.readyBytes(), 16 * kMiB);
  space.chunks.retireChunk(place.chunk);
  space.chunks.removeChunk(place.chunk);
  EXPECT_EQ(space.chunks.freeBytes(), 0U);
  EXPECT_TRUE(space.chunks.checkInvariants());
}

TEST(ChunkSpace, ARetiredDedicatedChunkIsNotUsedAgain) {
  Space space;
  const Placement large = space.take(9 * kMiB);
  space.chunks.retireChunk(large.chunk);
  space.free(large);
  EXPECT_EQ(space.chunks.allocate(9 * kMiB, 1), std::nullopt);
  space.chunks.restoreChunk(large.chunk);
  EXPECT_EQ(space.chunks.wouldFit(9 * kMiB, 1), large.chunk);
  EXPECT_EQ(space.take(9 * kMiB).chunk, large.chunk);
  EXPECT_TRUE(space.chunks.checkInvariants());
}

TEST(ChunkSpace, ASmallChunkThatComesBackStillDrains) {
  Space space;
  const Placement small = space.take(kMiB / 2);
  space.chunks.retireChunk(small.chunk);
  const ChunkIndex full = space.add(16 * kMiB);
  EXPECT_EQ(space.take(kMiB).chunk, full);
  space.chunks.restoreChunk(small.chunk);
  EXPECT_EQ(space.take(kMiB / 2).chunk, full) << "although the rest of the small one fits exactly";
}

TEST(ChunkSpace, ReservedChunksCountUntilTheyAreUsed) {
  Space space;
  EXPECT_EQ(space.chunks.nextReservedBytes(3 * kMiB), 4 * kMiB) << "one chunk of the ramp is enough";
  EXPECT_EQ(space.chunks.nextReservedBytes(9 * kMiB), 16 * kMiB);
  EXPECT_EQ(space.chunks.nextReservedBytes(64 * kMiB), 16 * kMiB);
  const ChunkIndex a = space.add(16 * kMiB);
  EXPECT_EQ(space.chunks.nextReservedBytes(1), 16 * kMiB);
  const ChunkIndex b = space.add(16 * kMiB);
  EXPECT_EQ(space.chunks.readyBytes(), 32 * kMiB);
  EXPECT_EQ(space.releasable(100000), std::nullopt);
  const Placement place = space.take(16);
  EXPECT_EQ(place.chunk, a) << "the lowest";
  EXPECT_EQ(space.chunks.readyBytes(), 16 * kMiB);
  space.free(place, 1);
  EXPECT_EQ(space.chunks.readyBytes(), 32 * kMiB);
  EXPECT_EQ(space.releasable(1000), a) << "it was used, and the other one is there";
  space.chunks.keepReady(17 * kMiB);
  EXPECT_EQ(space.releasable(1000), std::nullopt) << "both are wanted";
  EXPECT_EQ(space.chunks.anyEmpty(), std::nullopt);
  EXPECT_EQ(space.chunks.anyUnused(), b);
  EXPECT_EQ(space.chunks.emptyBytes(), 32 * kMiB);
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
  for (int i = 0; i < 2; ++i) space.add(16 * kMiB);
  EXPECT_EQ(space.releasable(1000000, 1000s), std::nullopt);
  const Placement place = space.take(16);
  EXPECT_EQ(place.chunk, ChunkIndex{0});
  space.free(place, 7);
  EXPECT_EQ(space.releasable(1000), place.chunk) << "no spare is needed beside a chunk that waits for its first use";
  space.free(space.take(16), 8);
  space.free(space.take(16 * kMiB / 2), 8);
  space.take(16);
  space.take(16 * kMiB / 2);
  EXPECT_EQ(space.releasable(1000), std::nullopt);
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
