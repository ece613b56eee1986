#include "pool/defragmenter.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;
constexpr ByteCount kBlockBytes = 16 * kKiB;  // 16 in a chunk

/// The thresholds that a test is not about are out of its way.
DefragPolicy eager() {
  return {.freeChunkPercent = 150, .freeUsedPercent = 0, .sparsePercent = 20, .fullPercent = 100, .stepsBetween = 0};
}

/// Chunks of blocks without contents, which move at once.
class Blocks final : public BlockMover {
 public:
  explicit Blocks(const DefragPolicy& policy, std::uint32_t chunks = 0, bool automatic = true)
      : defragmenter(policy, automatic),
        space({.chunkBytes = kChunkBytes, .firstChunkBytes = kChunkBytes, .spareChunks = 0}) {
    for (std::uint32_t c = 0; c < chunks; ++c) fillChunk(kBlockBytes);
  }

  void fillChunk(ByteCount blockBytes) {
    const ChunkIndex chunk{nextChunk_++};
    space.addChunk(chunk, kChunkBytes, false);
    for (ByteCount used = 0; used + blockBytes <= kChunkBytes; used += blockBytes) {
      const Placement place = *space.allocate(blockBytes, 1);
      ASSERT_EQ(place.chunk, chunk);
      places_[place.range.index] = place;
    }
  }

  /// Frees the `count` blocks of a chunk that stand behind the first `skipped`.
  void free(std::uint32_t chunk, std::uint32_t count, std::uint32_t skipped = 0, std::uint32_t stride = 1) {
    std::vector<RangeId> ranges;
    for (auto range = space.firstTaken(ChunkIndex{chunk}); range.range; range = space.nextTaken(range.range)) {
      ranges.push_back(range.range);
    }
    for (std::uint32_t i = 0; i < count; ++i) give(ranges.at(skipped + i * stride));
  }

  [[nodiscard]] bool stays(RangeId range) const override { return staying.contains(range.index); }
  [[nodiscard]] MoveStart move(RangeId range) override {
    ++asked;
    if (waiting) return MoveStart::Waits;
    if (stays(range)) return MoveStart::Stays;
    const Placement old = places_.at(range.index);
    const auto chunk = space.wouldFit(old.bytes, 1);
    if (!chunk || space.liveRanges(*chunk) == 0) return MoveStart::NoRoom;
    const Placement place = *space.allocate(old.bytes, 1);
    give(range);
    places_[place.range.index] = place;
    movedBytes += old.bytes;
    return MoveStart::Started;
  }
  [[nodiscard]] bool busy() const override { return quotaUsed; }
  [[nodiscard]] ByteCount goingBytes() const override { return going; }
  void goalFailed(ByteCount missingBytes) override { failed.push_back(missingBytes); }

  /// Chunks that have been emptied go at once.
  void step(int steps = 1, bool quiet = false) {
    for (int i = 0; i < steps; ++i) {
      defragmenter.step(space, *this, ++now, quiet);
      while (const auto chunk = space.releasable(now, {})) {
        if (!space.retired(*chunk)) break;
        space.removeChunk(*chunk);
        released.push_back(now);
      }
      ASSERT_TRUE(space.checkInvariants());
    }
  }

  [[nodiscard]] RangeId firstOf(std::uint32_t chunk) const { return space.firstTaken(ChunkIndex{chunk}).range; }
  [[nodiscard]] RangeId at(std::uint32_t chunk, std::uint32_t number) const {
    RangeId range = firstOf(chunk);
    for (; number > 0; --number) range = space.nextTaken(range).range;
    return range;
  }

  Defragmenter defragmenter;
  ChunkSpace space;
  std::set<std::uint32_t> staying;
  bool waiting = false;
  bool quotaUsed = false;
  ByteCount going = 0;
  std::vector<ByteCount> failed;  ///< What was missing of goals.
  std::uint32_t asked = 0;
  ByteCount movedBytes = 0;
  std::uint64_t now = 0;
  std::vector<std::uint64_t> released;  ///< In which step.

 private:
  void give(RangeId range) {
    space.free(places_.at(range.index), now, {});
    places_.erase(range.index);
  }

  std::map<std::uint32_t, Placement> places_;  // by index of the range
  std::uint32_t nextChunk_ = 1;
};

// ---- Triggers, on both sides of each ------------------------------------------------------------------------

TEST(Defragmenter, EmptiesAChunkWhenMoreThanOneAndAHalfAreFree) {
  Blocks blocks(eager(), 4);
  for (std::uint32_t chunk = 1; chunk <= 4; ++chunk) blocks.free(chunk, 6);  // 24 of 64 blocks
  blocks.step(20);
  EXPECT_EQ(blocks.movedBytes, 0U);
  blocks.free(3, 1);
  blocks.step(20);
  EXPECT_EQ(blocks.released.size(), 1U);
  EXPECT_EQ(blocks.movedBytes, 9 * kBlockBytes) << "of the chunk that held the fewest";
  EXPECT_FALSE(blocks.space.contains(ChunkIndex{3}));
}

TEST(Defragmenter, LeavesAShareOfWhatIsUsedFree) {
  DefragPolicy policy = eager();
  policy.freeUsedPercent = 25;  // of 39 blocks: 9
  Blocks blocks(policy, 4);
  for (std::uint32_t chunk = 1; chunk <= 4; ++chunk) blocks.free(chunk, 8);  // 32 of 64 blocks are free
  blocks.step(20);
  EXPECT_EQ(blocks.movedBytes, 0U) << "32 are not more than 24 + 8";
  blocks.free(3, 1);
  blocks.step(20);
  EXPECT_EQ(blocks.released.size(), 1U);
}

TEST(Defragmenter, EmptiesASparseChunk) {
  Blocks blocks(eager(), 2);
  blocks.free(1, 4);
  blocks.free(2, 12);
  blocks.step(20);
  EXPECT_EQ(blocks.movedBytes, 0U) << "a quarter is used";
  blocks.free(2, 1);
  blocks.step(20);
  EXPECT_EQ(blocks.movedBytes, 3 * kBlockBytes) << "less than a fifth";
  EXPECT_EQ(blocks.space.chunkCount(), 1U);
}

TEST(Defragmenter, DoesNotBeginWhatDoesNotFitElsewhere) {
  Blocks blocks(eager(), 2);
  blocks.free(1, 2);
  blocks.free(2, 13);
  blocks.step(20);
  EXPECT_EQ(blocks.asked, 0U);
  blocks.free(1, 1);
  blocks.step(20);
  EXPECT_EQ(blocks.movedBytes, 3 * kBlockBytes);
}

TEST(Defragmenter, DoesNotEmptyAChunkThatIsNearlyFull) {
  DefragPolicy policy = eager();
  policy.fullPercent = 90;
  Blocks blocks(policy, 32);
  for (std::uint32_t chunk = 1; chunk <= 32; ++chunk) blocks.free(chunk, 1);  // 94 % of each are used, two chunks free
  blocks.step(20);
  EXPECT_EQ(blocks.asked, 0U);
  blocks.free(7, 1);  // 88 %
  blocks.step(20);
  EXPECT_EQ(blocks.movedBytes, 14 * kBlockBytes);
}

TEST(Defragmenter, LeavesOneChunkAlone) {
  Blocks blocks(eager(), 1);
  blocks.free(1, 15);
  blocks.step(50);
  EXPECT_EQ(blocks.asked, 0U);
  EXPECT_EQ(blocks.space.chunkCount(), 1U);
}

TEST(Defragmenter, WaitsBetweenChunksUnlessTheStepIsQuiet) {
  for (const bool quiet : {false, true}) {
    DefragPolicy policy = eager();
    policy.stepsBetween = 25;
    Blocks blocks(policy, 8);
    for (std::uint32_t chunk = 1; chunk <= 8; ++chunk) blocks.free(chunk, 8);
    blocks.step(200, quiet);
    ASSERT_GE(blocks.released.size(), 2U);
    for (std::size_t i = 1; i < blocks.released.size(); ++i) {
      const std::uint64_t between = blocks.released[i] - blocks.released[i - 1];
      EXPECT_EQ(between >= 25, !quiet) << between;
    }
  }
}

TEST(Defragmenter, DoesNothingByItselfIfItIsNotAutomatic) {
  Blocks blocks(eager(), 4, false);
  for (std::uint32_t chunk = 1; chunk <= 4; ++chunk) blocks.free(chunk, 12);
  blocks.step(50);
  EXPECT_EQ(blocks.asked, 0U);
  blocks.defragmenter.noteRefusal(blocks.space, 2 * kBlockBytes, 1, blocks.now);
  blocks.step(50);
  EXPECT_EQ(blocks.asked, 0U);
}

/// A state in which one threshold decides: with `quiet` nothing is done, with `acts` a chunk is emptied.
struct Edge {
  const char* name;
  std::uint32_t DefragPolicy::*field;
  std::uint32_t quiet;
  std::uint32_t acts;
  std::vector<std::uint32_t> freed;  ///< Of 16 blocks, by chunk.
};

class DefragmenterEdge : public testing::TestWithParam<Edge> {};

TEST_P(DefragmenterEdge, IsWhereThePolicySays) {
  const Edge& edge = GetParam();
  for (const bool acts : {false, true}) {
    DefragPolicy policy = eager();
    policy.*edge.field = acts ? edge.acts : edge.quiet;
    Blocks blocks(policy, static_cast<std::uint32_t>(edge.freed.size()));
    for (std::uint32_t i = 0; i < edge.freed.size(); ++i) blocks.free(i + 1, edge.freed[i]);
    blocks.step(20);
    EXPECT_EQ(blocks.released.size(), acts ? 1U : 0U) << policy.*edge.field;
  }
}

std::vector<std::uint32_t> oneOf32Freed() {
  std::vector<std::uint32_t> freed(32, 1);
  freed.front() = 2;
  return freed;
}

INSTANTIATE_TEST_SUITE_P(
    Thresholds, DefragmenterEdge,
    testing::Values(Edge{"freeChunkPercent", &DefragPolicy::freeChunkPercent, 150, 149, {6, 6, 6, 6}},
                    Edge{"freeUsedPercent", &DefragPolicy::freeUsedPercent, 25, 24, {8, 8, 8, 8}},
                    Edge{"sparsePercent", &DefragPolicy::sparsePercent, 25, 26, {4, 12}},
                    Edge{"fullPercent", &DefragPolicy::fullPercent, 87, 88, oneOf32Freed()}),
    [](const testing::TestParamInfo<Edge>& edge) { return edge.param.name; });

/// From the release of the first chunk to that of the second.
std::uint64_t stepsFromChunkToChunk(std::uint32_t stepsBetween, bool wanted = false) {
  DefragPolicy policy = eager();
  policy.stepsBetween = stepsBetween;
  Blocks blocks(policy, 8);
  for (std::uint32_t chunk = 1; chunk <= 8; ++chunk) blocks.free(chunk, 8);
  if (wanted) blocks.defragmenter.setGoal({.freeChunks = 3}, blocks.now);
  blocks.step(200);
  EXPECT_GE(blocks.released.size(), 2U);
  return blocks.released.size() < 2 ? 0 : blocks.released[1] - blocks.released[0];
}

TEST(Defragmenter, WaitsAsManyStepsAsThePolicySaysUnlessAGoalIsSet) {
  const std::uint64_t work = stepsFromChunkToChunk(0);
  EXPECT_EQ(stepsFromChunkToChunk(25), 25 + work - 1);
  EXPECT_EQ(stepsFromChunkToChunk(26), 26 + work - 1);
  EXPECT_EQ(stepsFromChunkToChunk(25, true), work);
}

// ---- What can come in between -------------------------------------------------------------------------------

TEST(Defragmenter, PutsAChunkBackOfWhichSomethingStays) {
  Blocks blocks(eager(), 3);
  blocks.free(1, 12);
  blocks.free(2, 10);
  blocks.free(3, 10);
  blocks.staying.insert(blocks.firstOf(1).index);
  blocks.step(400);
  EXPECT_TRUE(blocks.space.contains(ChunkIndex{1}));
  EXPECT_FALSE(blocks.space.retired(ChunkIndex{1}));
  EXPECT_EQ(blocks.space.chunkCount(), 2U) << "another one was emptied instead";
}

TEST(Defragmenter, PutsAChunkBackWhoseBlocksFindNoRoomAndDoesNotTryAtOnceAgain) {
  Blocks blocks(eager());
  blocks.fillChunk(kChunkBytes / 4);  // four large blocks
  for (int chunk = 0; chunk < 6; ++chunk) blocks.fillChunk(kBlockBytes);
  blocks.free(1, 3);
  for (std::uint32_t chunk = 2; chunk <= 7; ++chunk) blocks.free(chunk, 4, 0, 2);  // no two of them beside each other
  int begun = 0;
  for (int i = 0; i < 3000; ++i) {
    const bool before = blocks.defragmenter.victim() == ChunkIndex{1};
    blocks.step();
    begun += !before && blocks.defragmenter.victim() == ChunkIndex{1} ? 1 : 0;
  }
  EXPECT_EQ(begun, 1);
  EXPECT_TRUE(blocks.space.contains(ChunkIndex{1})) << "its block fits nowhere";
  EXPECT_FALSE(blocks.space.retired(ChunkIndex{1}));
}

TEST(Defragmenter, TriesAgainAtOnceWhenAChunkMoreIsFreeThanWhenItCouldNot) {
  Blocks blocks(eager(), 5);
  for (std::uint32_t chunk = 1; chunk <= 5; ++chunk) blocks.free(chunk, 8);
  blocks.waiting = true;
  blocks.step(10 * Defragmenter::kPatienceSteps);  // so that each of them was tried
  ASSERT_FALSE(blocks.defragmenter.victim());
  blocks.waiting = false;
  for (std::uint32_t chunk = 1; chunk <= 5; ++chunk) blocks.free(chunk, 3);
  blocks.step(50);
  EXPECT_EQ(blocks.movedBytes, 0U) << "15 of 16 blocks more are free";
  blocks.free(1, 1);
  blocks.step(50);
  EXPECT_NE(blocks.movedBytes, 0U);
}

TEST(Defragmenter, PutsAChunkBackWhenNothingCouldLeaveItForLong) {
  Blocks blocks(eager(), 2);
  blocks.free(1, 8);
  blocks.free(2, 13);
  blocks.waiting = true;
  blocks.step(20);
  EXPECT_TRUE(blocks.space.retired(ChunkIndex{2}));
  blocks.step(Defragmenter::kPatienceSteps);
  EXPECT_FALSE(blocks.space.retired(ChunkIndex{2}));
  EXPECT_EQ(blocks.space.chunkCount(), 2U);
}

TEST(Defragmenter, RevivesTheChunkWhenItsRoomIsNeeded) {
  Blocks blocks(eager(), 2);
  blocks.free(1, 8);
  blocks.free(2, 13);
  blocks.quotaUsed = true;
  blocks.step(20);
  ASSERT_EQ(blocks.defragmenter.victim(), ChunkIndex{2});
  ASSERT_FALSE(blocks.space.wouldFit(9 * kBlockBytes - 16, 1) == ChunkIndex{2});
  blocks.defragmenter.revive(blocks.space, blocks.now);
  EXPECT_FALSE(blocks.space.retired(ChunkIndex{2}));
  blocks.quotaUsed = false;
  blocks.step(static_cast<int>(eager().retrySteps) - 1);
  EXPECT_FALSE(blocks.defragmenter.victim()) << "not at once again";
  blocks.step();
  EXPECT_TRUE(blocks.defragmenter.victim());
  blocks.step(20);
  EXPECT_EQ(blocks.space.chunkCount(), 1U);
}

TEST(Defragmenter, ABlockThatGoesMeanwhileDoesNotStopIt) {
  Blocks blocks(eager(), 2);
  blocks.free(1, 8);
  blocks.free(2, 9);
  ASSERT_TRUE(blocks.defragmenter.victim() == std::nullopt);
  blocks.quotaUsed = true;
  blocks.defragmenter.setGoal({.freeChunks = 1}, 0);
  blocks.step(5);
  ASSERT_TRUE(blocks.defragmenter.victim());
  blocks.free(static_cast<std::uint32_t>(*blocks.defragmenter.victim()), 1);
  blocks.quotaUsed = false;
  blocks.step(20);
  EXPECT_EQ(blocks.space.chunkCount(), 1U);
}

TEST(Defragmenter, AStepLooksAtABoundedNumberOfRanges) {
  Blocks blocks(eager());
  blocks.fillChunk(256);  // 1,024 blocks
  blocks.fillChunk(256);
  blocks.free(1, 1000);
  blocks.free(2, 900);
  std::uint32_t before = 0;
  for (int i = 0; i < 100; ++i) {
    blocks.step();
    EXPECT_LE(blocks.asked - before, Defragmenter::kRangeLooks / Defragmenter::kLooksOfAMove);
    before = blocks.asked;
  }
  EXPECT_EQ(blocks.space.chunkCount(), 1U);
}

// ---- Goals --------------------------------------------------------------------------------------------------

TEST(Defragmenter, FreesAsManyChunksAsAreWantedAndNoMore) {
  Blocks blocks(eager(), 8, false);
  for (std::uint32_t chunk = 1; chunk <= 8; ++chunk) blocks.free(chunk, 8);
  blocks.defragmenter.setGoal({.freeChunks = 3}, blocks.now);
  blocks.step(300);
  EXPECT_EQ(blocks.released.size(), 3U);
  EXPECT_TRUE(blocks.failed.empty());
}

TEST(Defragmenter, AGoalThatCannotBeReachedEndsAtOnce) {
  Blocks blocks(eager(), 2, false);
  blocks.defragmenter.setGoal({.freeChunks = 1}, blocks.now);
  blocks.step();
  EXPECT_EQ(blocks.failed, std::vector{kChunkBytes});
  blocks.free(1, 8);
  blocks.free(2, 8);
  blocks.step(300);
  EXPECT_EQ(blocks.asked, 0U) << "it has ended";
  EXPECT_EQ(blocks.failed.size(), 1U);
}

TEST(Defragmenter, WhatIsLeftOfAGoalIsToldWhenNoChunkCanBeEmptiedAnyMore) {
  Blocks blocks(eager(), 8, false);
  for (std::uint32_t chunk = 1; chunk <= 8; ++chunk) blocks.free(chunk, 6);  // three chunks
  blocks.defragmenter.setGoal({.freeChunks = 5}, blocks.now);
  blocks.step(100);
  EXPECT_EQ(blocks.released.size(), 3U);
  EXPECT_EQ(blocks.failed, std::vector{2 * kChunkBytes});
}

/// 2 of 32 blocks are free. In how many steps a goal that takes more is given up.
std::size_t stepsToGiveUp(const DefragGoal& goal, ByteCount going) {
  Blocks blocks(eager(), 2, false);
  blocks.free(1, 1, 4);
  blocks.free(2, 1, 8);
  blocks.going = going;
  blocks.defragmenter.setGoal(goal, blocks.now);
  while (blocks.failed.empty() && blocks.now < 1000) blocks.step();
  EXPECT_EQ(blocks.asked, 0U);
  EXPECT_EQ(blocks.failed, std::vector{goal.holeBytes + goal.freeChunks * kChunkBytes});
  return blocks.now;
}

TEST(Defragmenter, AGoalWaitsForWhatComesFreeIfThatIsEnough) {
  const DefragGoal hole{.holeBytes = 6 * kBlockBytes};
  EXPECT_EQ(stepsToGiveUp(hole, 4 * kBlockBytes - kPlaceUnitBytes), 1U);
  EXPECT_EQ(stepsToGiveUp(hole, 4 * kBlockBytes), Defragmenter::kSearchSteps);
  const DefragGoal chunk{.freeChunks = 1};
  EXPECT_EQ(stepsToGiveUp(chunk, 14 * kBlockBytes - kPlaceUnitBytes), 1U);
  EXPECT_EQ(stepsToGiveUp(chunk, 14 * kBlockBytes), Defragmenter::kSearchSteps);
}

TEST(Defragmenter, AHoleIsMadeOfWhatHasComeFreeMeanwhile) {
  Blocks blocks(eager(), 3, false);
  for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) blocks.free(chunk, 1, 4 * chunk);
  blocks.going = 3 * kBlockBytes;
  blocks.defragmenter.setGoal({.holeBytes = 6 * kBlockBytes}, blocks.now);
  blocks.step(static_cast<int>(Defragmenter::kSearchSteps) / 2);
  EXPECT_EQ(blocks.asked, 0U);
  blocks.going = 0;
  for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) blocks.free(chunk, 1, 2 * chunk);
  blocks.step(50);
  EXPECT_GE(blocks.space.largestFreeBytes(), 6 * kBlockBytes);
  EXPECT_TRUE(blocks.failed.empty());
}

TEST(Defragmenter, AHoleThatIsLargerThanEachChunkMovesNothing) {
  for (const ByteCount bytes : {kChunkBytes, kChunkBytes + kPlaceUnitBytes}) {
    Blocks blocks(eager(), 3, false);
    for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) blocks.free(chunk, 8, 0, 2);  // one and a half chunks
    blocks.defragmenter.setGoal({.holeBytes = bytes}, blocks.now);
    blocks.step(100);
    EXPECT_EQ(blocks.movedBytes != 0, bytes == kChunkBytes);
    EXPECT_EQ(blocks.failed.empty(), bytes == kChunkBytes);
    EXPECT_EQ(blocks.space.largestFreeBytes() == kChunkBytes, bytes == kChunkBytes);
  }
}

/// Four chunks, full but for one place in the first of them and holes of half a block behind each fourth block.
void fillButForOneGap(Blocks& blocks) {
  for (int chunk = 0; chunk < 4; ++chunk) blocks.fillChunk(kBlockBytes / 2);
  // Pairs stay together by their positions: what goes is every eighth half.
  for (std::uint32_t chunk = 1; chunk <= 4; ++chunk) blocks.free(chunk, 4, 3, 8);
  blocks.free(1, 1, 3);
}

TEST(Defragmenter, AHoleIsMadeInAPoolThatIsFullButForOneGap) {
  Blocks blocks(eager(), 0, false);
  fillButForOneGap(blocks);
  const ByteCount before = blocks.space.largestFreeBytes();
  ASSERT_LE(before, kBlockBytes);
  blocks.defragmenter.setGoal({.holeBytes = 4 * kBlockBytes}, blocks.now);
  blocks.step(500);
  EXPECT_GE(blocks.space.largestFreeBytes(), 4 * kBlockBytes);
  EXPECT_FALSE(blocks.defragmenter.victim());
  EXPECT_EQ(blocks.space.chunkCount(), 4U);
  const ByteCount moved = blocks.movedBytes;
  blocks.step(500);
  EXPECT_EQ(blocks.movedBytes, moved) << "the goal is reached";
}

TEST(Defragmenter, AHoleThatIsThereMovesNothing) {
  Blocks blocks(eager(), 2, false);
  blocks.free(1, 4);
  blocks.free(2, 1);
  for (const ByteCount bytes : {4 * kBlockBytes, 4 * kBlockBytes + 1}) {
    blocks.defragmenter.setGoal({.holeBytes = bytes}, blocks.now);
    blocks.step(200);
    EXPECT_EQ(blocks.movedBytes != 0, bytes > 4 * kBlockBytes);
  }
}

TEST(Defragmenter, AHoleIsMadeWhereTheFewestBytesAreInItsWay) {
  Blocks blocks(eager(), 4, false);
  blocks.free(1, 3, 2, 2);
  blocks.free(2, 3, 2, 2);
  blocks.free(3, 2, 7);  // then comes one that has to go,
  blocks.free(3, 1, 8);  // and a free place again
  blocks.free(4, 3, 2, 2);
  blocks.defragmenter.setGoal({.holeBytes = 4 * kBlockBytes}, blocks.now);
  blocks.step(20);
  EXPECT_GE(blocks.space.largestFreeBytes(), 4 * kBlockBytes);
  EXPECT_EQ(blocks.movedBytes, kBlockBytes);
}

TEST(Defragmenter, AHoleIsNotMadeOverWhatStays) {
  Blocks blocks(eager(), 2, false);
  blocks.free(1, 3, 2, 2);  // one is in the way at each of two places, …
  for (const std::uint32_t number : {2U, 3U}) blocks.staying.insert(blocks.at(1, number).index);
  blocks.free(2, 5, 0, 3);  // … where nothing stays two
  blocks.defragmenter.setGoal({.holeBytes = 3 * kBlockBytes}, blocks.now);
  blocks.step(20);
  EXPECT_GE(blocks.space.largestFreeBytes(), 3 * kBlockBytes);
  EXPECT_EQ(blocks.movedBytes, 2 * kBlockBytes);
}

TEST(Defragmenter, AHoleIsLargeEnoughWhereverItBegins) {
  constexpr ByteCount kAlignment = 80;  // of which no block's offset but the first is a multiple
  Blocks blocks(eager(), 3);
  for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) blocks.free(chunk, 3, 1, 4);
  blocks.defragmenter.noteRefusal(blocks.space, 2 * kBlockBytes, kAlignment, blocks.now);
  blocks.step(20);
  EXPECT_TRUE(blocks.space.wouldFit(2 * kBlockBytes, kAlignment));
}

TEST(Defragmenter, AWindowWhoseBlocksFindNoRoomIsNotTheLast) {
  Blocks blocks(eager(), 0, false);
  blocks.fillChunk(kBlockBytes);
  blocks.fillChunk(kBlockBytes / 2);
  blocks.free(1, 3, 0, 2);
  blocks.free(2, 6, 1, 4);  // half a block each: enough in all, but not for one
  blocks.defragmenter.setGoal({.holeBytes = 4 * kBlockBytes}, blocks.now);
  blocks.step();
  const std::optional<ChunkIndex> tried = blocks.defragmenter.victim();
  ASSERT_TRUE(tried);
  EXPECT_EQ(*tried, ChunkIndex{1}) << "two blocks are in the way, in the other chunk six halves";
  blocks.step(Defragmenter::kRoomSteps);
  EXPECT_EQ(blocks.defragmenter.victim(), tried) << "some might come free";
  blocks.step(20);
  EXPECT_GE(blocks.space.largestFreeBytes(), 4 * kBlockBytes);
}

TEST(Defragmenter, AWindowThatNothingCouldLeaveForLongIsUsedAgain) {
  Blocks blocks(eager(), 2, false);
  for (std::uint32_t chunk = 1; chunk <= 2; ++chunk) blocks.free(chunk, 4, 0, 2);
  blocks.waiting = true;
  blocks.defragmenter.setGoal({.holeBytes = 4 * kBlockBytes}, blocks.now);
  blocks.step();
  const std::optional<ChunkIndex> tried = blocks.defragmenter.victim();
  ASSERT_TRUE(tried);
  blocks.step(Defragmenter::kPatienceSteps);
  EXPECT_EQ(blocks.defragmenter.victim(), tried);
  blocks.step();
  EXPECT_FALSE(blocks.defragmenter.victim());
  EXPECT_FALSE(blocks.space.retired(*tried));
  blocks.waiting = false;
  blocks.step(20);
  EXPECT_GE(blocks.space.largestFreeBytes(), 4 * kBlockBytes);
}

TEST(Defragmenter, ARefusalMakesAHole) {
  Blocks blocks(eager());
  fillButForOneGap(blocks);
  blocks.defragmenter.noteRefusal(blocks.space, 4 * kBlockBytes, 1, blocks.now);
  blocks.step(500);
  EXPECT_GE(blocks.space.largestFreeBytes(), 4 * kBlockBytes);
}

TEST(Defragmenter, AHoleThatCannotBeMadeIsGivenUp) {
  Blocks blocks(eager(), 2);
  for (std::uint32_t chunk = 1; chunk <= 2; ++chunk) {
    blocks.free(chunk, 8, 0, 2);
    for (std::uint32_t number = 0; number < 8; ++number) blocks.staying.insert(blocks.at(chunk, number).index);
  }
  blocks.defragmenter.noteRefusal(blocks.space, 6 * kBlockBytes, 1, blocks.now);
  blocks.step(Defragmenter::kSearchSteps + 5);
  const std::uint32_t asked = blocks.asked;
  EXPECT_NE(asked, 0U);
  for (std::uint32_t i = 0; i < eager().retrySteps / 2; ++i) {
    EXPECT_FALSE(blocks.defragmenter.victim());
    blocks.defragmenter.noteRefusal(blocks.space, 6 * kBlockBytes, 1, blocks.now);
    blocks.step();
  }
  EXPECT_EQ(blocks.asked, asked) << "nor is it tried again for each request";
  EXPECT_TRUE(blocks.failed.empty()) << "it was no goal";
}

TEST(Defragmenter, WhatCannotBeHadIsNotInTheWayOfASmallerHole) {
  for (const bool chunks : {false, true}) {
    Blocks blocks(eager(), 3);
    for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) blocks.free(chunk, 1, 4 * chunk);
    if (chunks) {
      blocks.defragmenter.noteLack(blocks.space, kBlockBytes, blocks.now);
    } else {
      blocks.defragmenter.noteRefusal(blocks.space, 6 * kBlockBytes, 1, blocks.now);
    }
    blocks.step();
    EXPECT_EQ(blocks.asked, 0U) << "less is free";
    blocks.defragmenter.noteRefusal(blocks.space, 2 * kBlockBytes, 1, blocks.now);
    blocks.step(10);
    EXPECT_GE(blocks.space.largestFreeBytes(), 2 * kBlockBytes);
  }
}

TEST(Defragmenter, ChunksThatOthersLackGoAsSoonAsTheyCan) {
  Blocks blocks(eager(), 3);
  for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) blocks.free(chunk, 5);
  for (int i = 0; i < 100; ++i) {
    blocks.defragmenter.noteLack(blocks.space, kBlockBytes, blocks.now);
    blocks.step();
  }
  EXPECT_EQ(blocks.movedBytes, 0U) << "15 of 48 are free: less than one chunk";
  blocks.free(2, 1);
  blocks.defragmenter.noteLack(blocks.space, kBlockBytes, blocks.now);
  blocks.step(50);
  EXPECT_EQ(blocks.space.chunkCount(), 2U);
}

TEST(Defragmenter, ChunksThatCouldNotBeEmptiedAreNotTriedForEachRequest) {
  Blocks blocks(eager(), 3);
  for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) {
    blocks.free(chunk, 7);
    for (std::uint32_t number = 0; number < 9; ++number) blocks.staying.insert(blocks.at(chunk, number).index);
  }
  for (int i = 0; i < 100; ++i) {
    blocks.defragmenter.noteLack(blocks.space, kBlockBytes, blocks.now);
    blocks.step();
  }
  EXPECT_FALSE(blocks.defragmenter.victim());
  // A hole has nothing to do with it.
  blocks.staying.clear();
  blocks.defragmenter.noteLack(blocks.space, kBlockBytes, blocks.now);
  blocks.step(50);
  EXPECT_EQ(blocks.asked, 0U);
  blocks.defragmenter.noteRefusal(blocks.space, 8 * kBlockBytes, 1, blocks.now);
  blocks.step(50);
  EXPECT_GE(blocks.space.largestFreeBytes(), 8 * kBlockBytes);
}

TEST(Defragmenter, ARefusedRequestForAChunkOfItsOwnFreesChunks) {
  Blocks blocks(eager(), 3);
  for (std::uint32_t chunk = 1; chunk <= 3; ++chunk) blocks.free(chunk, 7);
  blocks.step(50);
  ASSERT_EQ(blocks.movedBytes, 0U) << "21 of 48 are free: less than one and a half chunks";
  blocks.defragmenter.noteRefusal(blocks.space, kChunkBytes * 3 / 4, 1, blocks.now);
  blocks.step(50);
  EXPECT_EQ(blocks.released.size(), 1U);
}

}  // namespace
}  // namespace flux
