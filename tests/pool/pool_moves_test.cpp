#include "pool/pool_test_tools.hpp"

#include <array>
#include <deque>
#include <vector>

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;

constexpr auto kManual = HostDeviceDesc::Completion::Manual;
constexpr std::size_t kBlockBytes = 30'000;

/// Nothing moves by itself, and what is asked to move does so at once.
PoolDesc stillPool() {
  PoolDesc desc = test::smallPool();
  desc.firstChunkBytes = desc.chunkBytes;
  desc.spareChunks = 0;
  desc.emptyChunkSteps = 0;
  desc.defrag.automatic = false;
  desc.defrag.settledSteps = 0;
  desc.defrag.stepsBetween = 0;
  return desc;
}

/// Of so many chunks at most; what a refused request needs moves.
PoolDesc fullPool(std::uint32_t chunks) {
  PoolDesc desc = stillPool();
  desc.defrag.automatic = true;
  desc.longLivedFirstChunkBytes = desc.chunkBytes;
  desc.hardLimitBytes = chunks * desc.chunkBytes;
  return desc;
}

/// Chunks of eight blocks, of which some go.
class MovesFixture : public PoolFixture {
 public:
  explicit MovesFixture(HostDeviceDesc::Completion completion = HostDeviceDesc::Completion::Immediate,
                        const PoolDesc& desc = stillPool(), ByteCount directBytes = 0)
      : PoolFixture(completion, desc, 2, directBytes), manual_(completion == kManual) {}

  void fill(std::uint32_t count, bool movable = true) {
    for (std::uint32_t i = 0; i < count; ++i) {
      seeds_.push_back(static_cast<std::uint32_t>(seeds_.size()));
      const std::vector<std::byte> bytes = pattern(seeds_.back(), 0, 1, kBlockBytes);
      const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
      BlockDesc desc = test::blockDesc("block", {&part, 1});
      desc.movable = movable;
      blocks.push_back(pool->add(desc).value());
      finish();
    }
  }

  /// A step whose copies are done, and one that sees it.
  void finish(int steps = 2) {
    for (int i = 0; i < steps; ++i) {
      stepAndPublish();
      if (manual_) host->complete(kCopyQueue, host->submittedValue(kCopyQueue));
    }
  }

  void remove(std::initializer_list<std::size_t> which) {
    for (const std::size_t i : which) {
      ASSERT_TRUE(pool->remove(blocks[i]));
      blocks[i] = {};
    }
    finish();
  }

  void expectAllThere(const Frame& frame, std::uint32_t version = 1) const {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i]) expectThere(frame, i, version);
    }
  }
  void expectThere(const Frame& frame, std::size_t i, std::uint32_t version = 1) const {
    const PartLookup found = frame.find(blocks[i], PartId{0});
    ASSERT_EQ(found.status, FindStatus::Resident) << i;
    EXPECT_EQ(hashAt(found.place), hashBytes(pattern(seeds_[i], 0, version, kBlockBytes))) << i;
  }

  [[nodiscard]] ChunkIndex chunkOf(std::size_t i) const { return pool->inspect(blocks[i])->place->chunk; }
  [[nodiscard]] bool moves(std::size_t i) const { return pool->inspect(blocks[i])->move.has_value(); }

  void freeChunks(std::uint32_t count) { ASSERT_TRUE(pool->defragment({.freeChunks = count})); }
  /// Until the first block moves.
  void startMoving(std::size_t i) {
    freeChunks(1);
    for (int step = 0; step < 10 && !moves(i); ++step) stepAndPublish();
    ASSERT_TRUE(moves(i));
  }

  std::vector<BlockHandle> blocks;

 private:
  bool manual_;
  std::vector<std::uint32_t> seeds_;
};

/// Two chunks; the second one has the last two blocks, and the first one room for them.
void fillTwoChunks(MovesFixture& f) {
  f.fill(10);
  ASSERT_EQ(f.chunkOf(7), f.chunkOf(0));
  ASSERT_NE(f.chunkOf(8), f.chunkOf(0));
  f.remove({2, 5});
}

TEST(PoolMoves, AGoalEmptiesTheCheapestChunkAndGivesItBack) {
  MovesFixture f;
  fillTwoChunks(f);
  f.finish(20);
  EXPECT_EQ(f.pool->stats().relocations, 0U) << "nobody asked";
  f.freeChunks(1);
  f.finish(10);
  const PoolStats stats = f.pool->stats();
  EXPECT_EQ(stats.relocations, 2U);
  EXPECT_EQ(stats.crossChunkMoves, 2U);
  EXPECT_EQ(stats.relocatedBytes, 2U * kBlockBytes) << "each as one piece";
  EXPECT_EQ(stats.copiedBytes, 0U);
  EXPECT_EQ(stats.chunks, 1U);
  EXPECT_EQ(stats.chunksReleased, 1U);
  EXPECT_EQ(stats.releasedBytes, f.pool->desc().chunkBytes);
  EXPECT_EQ(f.pool->detailedStats().tags[0].relocatedBytes, stats.relocatedBytes);
  f.expectAllThere(f.pool->beginFrame());
  EXPECT_EQ(f.host->overwrites(), 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(PoolMoves, FramesSeeTheOldPlaceUntilTheBytesAreThereAndKeepItWhileTheyAreOpen) {
  MovesFixture f(kManual);
  fillTwoChunks(f);
  const Frame before = f.pool->beginFrame();
  const ChunkIndex old = before.find(f.blocks[8]).place.chunk;
  f.startMoving(8);
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().find(f.blocks[8]).place.chunk, old) << "the copies have not been done";
  f.finish(4);
  const Frame after = f.pool->beginFrame();
  EXPECT_NE(after.find(f.blocks[8]).place.chunk, old);
  f.expectAllThere(after);
  f.expectAllThere(before);
  EXPECT_EQ(f.pool->stats().chunks, 2U) << "a frame reads the old place";
  EXPECT_EQ(f.pool->requestedVersion(f.blocks[8]), 1U);
}

TEST(PoolMoves, AnUpdateDropsTheMoveAndDoesNotWaitForIt) {
  MovesFixture f(kManual);
  fillTwoChunks(f);
  f.startMoving(8);
  ASSERT_TRUE(f.update(f.blocks[8], pattern(8, 0, 2, kBlockBytes)));
  EXPECT_FALSE(f.moves(8));
  f.stepAndPublish();
  EXPECT_EQ(f.pool->inspect(f.blocks[8])->move->version, 2U) << "the update has started";
  f.finish(3);
  f.expectThere(f.pool->beginFrame(), 8, 2);
  f.finish(30);
  f.expectThere(f.pool->beginFrame(), 8, 2);
  EXPECT_EQ(f.pool->stats().chunks, 1U) << "later it moves all the same";
  EXPECT_EQ(f.host->overwrites(), 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(PoolMoves, AnUpdateInPlaceDropsTheMoveAndIsNotLost) {
  MovesFixture f(kManual);
  fillTwoChunks(f);
  f.startMoving(8);
  const std::vector<std::byte> bytes = pattern(8, 0, 2, kBlockBytes);
  const PartUpdate update{PartId{0}, Source::bytes(bytes)};
  ASSERT_TRUE(f.pool->updateInPlace(f.blocks[8], {&update, 1}));
  EXPECT_FALSE(f.moves(8));
  f.finish(3);
  f.expectThere(f.pool->beginFrame(), 8, 2);
  f.finish(30);
  f.expectThere(f.pool->beginFrame(), 8, 2);
  EXPECT_EQ(f.pool->stats().chunks, 1U);
}

TEST(PoolMoves, PartsThatComeOrGoDropTheMove) {
  MovesFixture f(kManual);
  fillTwoChunks(f);
  f.startMoving(8);
  const std::vector<std::byte> bytes = pattern(99, 0, 1, 500);
  const PartDesc part{PartKind::Index, bytes.size(), Source::bytes(bytes)};
  PartId id{};
  ASSERT_TRUE(f.pool->addParts(f.blocks[8], {&part, 1}, {&id, 1}));
  EXPECT_FALSE(f.moves(8));
  f.finish(3);
  const auto showsBoth = [&] {
    const Frame frame = f.pool->beginFrame();
    f.expectThere(frame, 8);
    const PartLookup found = frame.find(f.blocks[8], id);
    return found.status == FindStatus::Resident && f.hashAt(found.place) == hashBytes(bytes);
  };
  EXPECT_TRUE(showsBoth());
  f.finish(30);
  EXPECT_TRUE(showsBoth());
  EXPECT_EQ(f.pool->stats().chunks, 1U) << "the block has moved with both";

  f.fill(2);
  f.remove({1});
  EXPECT_EQ(f.host->overwrites(), 0U);
}

TEST(PoolMoves, ADroppedMoveReadsNothingThatANewPartGets) {
  MovesFixture f(kManual, stillPool(), kAllBytes);  // so that the part's bytes are written at once
  const std::array bytes{pattern(1, 0, 1, 20'000), pattern(1, 1, 1, 9'000)};
  const std::array parts{PartDesc{PartKind::Uniform, bytes[0].size(), Source::bytes(bytes[0])},
                         PartDesc{PartKind::Uniform, bytes[1].size(), Source::bytes(bytes[1])}};
  for (int i = 0; i < 10; ++i) {
    f.blocks.push_back(f.pool->add(test::blockDesc("block", parts)).value());
    f.finish();
  }
  f.remove({2, 5});
  f.startMoving(8);  // its copies are on their way
  const RangeView place = *f.pool->inspect(f.blocks[8])->place;
  const std::vector<std::byte> fresh = pattern(2, 0, 1, 64);
  const PartDesc part{PartKind::Storage, fresh.size(), Source::bytes(fresh)};
  PartId id{};
  ASSERT_TRUE(f.pool->addParts(f.blocks[8], {&part, 1}, {&id, 1}));
  f.stepAndPublish();
  const PartLookup found = f.pool->beginFrame().find(f.blocks[8], id);
  ASSERT_EQ(found.status, FindStatus::Resident);
  ASSERT_LT(found.place.offset, place.offset + place.bytes - 64) << "between the two parts";
  EXPECT_EQ(f.host->earlyReclaims(), 0U) << "written while the copies of the move could read it";
}

TEST(PoolMoves, ARemovedBlockDropsItsMoveAndBothPlacesComeFree) {
  MovesFixture f(kManual);
  fillTwoChunks(f);
  f.startMoving(8);
  f.remove({8, 9});
  f.finish(6);
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(f.pool->detailedStats().classes[0].freeBytes, f.pool->desc().chunkBytes - 6 * 30'000);
  f.expectAllThere(f.pool->beginFrame());
}

TEST(PoolMoves, APinDropsTheMoveAndAPinnedBlockStays) {
  MovesFixture f(kManual);
  fillTwoChunks(f);
  f.startMoving(8);
  const ChunkIndex chunk = f.chunkOf(8);
  ASSERT_TRUE(f.pool->pin(f.blocks[8]));
  EXPECT_FALSE(f.moves(8)) << "its place is final at once";
  const RangeView place = *f.pool->inspect(f.blocks[8])->place;
  f.finish(20);
  EXPECT_EQ(f.chunkOf(8), chunk);
  EXPECT_EQ(*f.pool->inspect(f.blocks[8])->place, place);
  f.expectAllThere(f.pool->beginFrame());
}

TEST(PoolMoves, WhatMayNotMoveStays) {
  MovesFixture f;
  f.fill(10, false);
  f.remove({2, 5});
  f.freeChunks(1);
  f.finish(20);
  EXPECT_EQ(f.pool->stats().relocations, 0U);
  EXPECT_EQ(f.pool->stats().chunks, 2U);
}

TEST(PoolMoves, WhatTheDeviceWritesStays) {
  MovesFixture f;
  f.fill(8, false);
  const std::vector<std::byte> bytes = pattern(8, 0, 1, kBlockBytes);
  PartDesc part{PartKind::Storage, bytes.size(), Source::bytes(bytes)};
  part.kept = true;
  const BlockHandle written = f.pool->add(test::blockDesc("written", {&part, 1})).value();
  f.finish();
  f.remove({2, 5});
  ASSERT_TRUE(f.pool->markWritten(written, PartId{0}, {test::kDrawQueue, 1}));
  f.freeChunks(1);
  f.finish(20);
  EXPECT_EQ(f.pool->stats().relocations, 0U);
}

/// So many long-lived blocks, of which the first ones go: two sparse chunks.
std::vector<BlockHandle> addLongLived(MovesFixture& f, std::uint32_t count, std::uint32_t gone) {
  std::vector<BlockHandle> blocks;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::vector<std::byte> bytes = pattern(i, 0, 1, kBlockBytes);
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    BlockDesc desc = test::blockDesc("long-lived", {&part, 1});
    desc.lifetime = Lifetime::LongLived;
    blocks.push_back(f.pool->add(desc).value());
    f.finish();
  }
  for (std::uint32_t i = 0; i < gone; ++i) EXPECT_TRUE(f.pool->remove(blocks[i]));
  f.finish();
  return blocks;
}

TEST(PoolMoves, LongLivedBlocksMoveForAGoalOfTheirsAlone) {
  MovesFixture f;
  (void)addLongLived(f, 10, 5);
  const std::uint32_t before = f.pool->stats().chunks;
  f.freeChunks(1);
  f.finish(20);
  EXPECT_EQ(f.pool->stats().relocations, 0U);
  ASSERT_TRUE(f.pool->defragment({.lifetime = Lifetime::LongLived, .freeChunks = 1}));
  f.finish(20);
  EXPECT_GT(f.pool->stats().relocations, 0U);
  EXPECT_LT(f.pool->stats().chunks, before);
}

TEST(PoolMoves, MemoryThatIsShortMovesNoLongLivedBlockUntilTheApplicationAsks) {
  MovesFixture f(HostDeviceDesc::Completion::Immediate, fullPool(3));
  const std::vector<BlockHandle> longLived = addLongLived(f, 10, 6);
  const RangeView place = *f.pool->inspect(longLived.back())->place;
  f.fill(8);
  ASSERT_EQ(f.pool->stats().chunks, 3U);
  const std::vector<std::byte> bytes = pattern(77, 0, 1, 100'000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  for (int i = 0; i < 3; ++i) {
    const Result<BlockHandle> refused = f.pool->add(test::blockDesc("streaming", {&part, 1}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
    f.finish(40);
  }
  EXPECT_EQ(f.pool->stats().relocations, 0U);
  EXPECT_EQ(*f.pool->inspect(longLived.back())->place, place);
  ASSERT_TRUE(f.pool->defragment({.lifetime = Lifetime::LongLived, .freeChunks = 1}));
  f.finish(20);
  EXPECT_TRUE(f.pool->add(test::blockDesc("streaming", {&part, 1})));
}

TEST(PoolMoves, AStepMovesNoMoreThanItsQuota) {
  MovesFixture f(kManual);
  f.fill(13);
  f.remove({0, 1, 2, 3, 4});
  f.freeChunks(1);
  StepQuota quota;
  quota.moveBytes = 40'000;
  ByteCount moved = 0;
  for (int step = 0; step < 40; ++step) {
    const StepReport report = f.pool->step(quota).value();
    EXPECT_LE(report.relocatedBytes, quota.moveBytes);
    moved += report.relocatedBytes;
    f.pool->publish();
    f.host->complete(kCopyQueue, f.host->submittedValue(kCopyQueue));
  }
  EXPECT_EQ(moved, f.pool->stats().relocatedBytes);
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  f.expectAllThere(f.pool->beginFrame());

  f.fill(5);
  f.remove({5, 6, 7, 8});
  f.freeChunks(1);
  quota = {.moveBytes = 0};
  for (int step = 0; step < 20; ++step) EXPECT_EQ(f.pool->step(quota)->relocatedBytes, 0U);
}

TEST(PoolMoves, AChunkIsRevivedBeforeOneIsMade) {
  MovesFixture f(kManual);
  fillTwoChunks(f);
  f.startMoving(8);
  const ChunkIndex chunk = f.chunkOf(8);
  const PoolStats before = f.pool->stats();
  const std::vector<std::byte> bytes = pattern(77, 0, 1, 100'000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const FitReport fit = f.pool->wouldFit({&part, 1});
  EXPECT_EQ(fit.outcome, FitOutcome::Fits);
  EXPECT_EQ(fit.chunk, chunk);
  const BlockHandle block = f.pool->add(test::blockDesc("new", {&part, 1})).value();
  EXPECT_EQ(f.pool->inspect(block)->move->to.chunk, chunk);
  EXPECT_EQ(f.pool->stats().chunksCreated, before.chunksCreated);

  const PartDesc large{PartKind::Vertex, 200'000, Source::bytes({})};
  EXPECT_EQ(f.pool->wouldFit({&large, 1}).outcome, FitOutcome::Grows);
  f.finish(20);
  f.expectAllThere(f.pool->beginFrame());
}

TEST(PoolMoves, ABlockLeavesItsChunkWhenItHasSettled) {
  PoolDesc desc = stillPool();
  desc.defrag.settledSteps = 30;
  MovesFixture f(HostDeviceDesc::Completion::Immediate, desc);
  fillTwoChunks(f);  // the last one has arrived a few steps ago
  f.freeChunks(1);
  f.finish(5);
  EXPECT_EQ(f.pool->stats().relocations, 0U);
  f.finish(30);
  EXPECT_EQ(f.pool->stats().relocations, 2U);
}

TEST(PoolMoves, ABlockHasSettledAfterAsManyStepsAsThePolicySays) {
  for (const std::uint32_t settledSteps : {17U, 18U}) {
    PoolDesc desc = stillPool();
    desc.defrag.settledSteps = settledSteps;
    MovesFixture f(HostDeviceDesc::Completion::Immediate, desc);
    f.fill(8);
    f.blocks.push_back(f.add("block", pattern(8, 0, 1, kBlockBytes)));
    while (!f.pool->inspect(f.blocks[8])->place) f.stepAndPublish();
    const std::uint64_t arrived = f.pool->stats().steps;
    ASSERT_NE(f.chunkOf(8), f.chunkOf(0));
    f.remove({2});
    f.freeChunks(1);
    for (int i = 0; i < 30 && !f.moves(8); ++i) f.stepAndPublish();
    EXPECT_EQ(f.pool->stats().steps - arrived, settledSteps);
  }
}

TEST(PoolMoves, APoolGivesChunksBackByItself) {
  PoolDesc desc = stillPool();
  desc.defrag = DefragPolicy{};
  MovesFixture f(HostDeviceDesc::Completion::Immediate, desc);
  f.fill(40);
  ASSERT_EQ(f.pool->stats().chunks, 5U);
  for (std::size_t i = 0; i < 40; i += 2) f.remove({i});
  f.finish(100);
  EXPECT_EQ(f.pool->stats().chunks, 3U) << "20 blocks";
  f.expectAllThere(f.pool->beginFrame());
  const PoolStats settled = f.pool->stats();
  f.finish(100);
  EXPECT_EQ(f.pool->stats().relocatedBytes, settled.relocatedBytes);
}

TEST(PoolMoves, WhatWasRefusedForScatteredRoomFitsLater) {
  MovesFixture f(HostDeviceDesc::Completion::Immediate, fullPool(2));
  f.fill(16);
  f.remove({1, 4, 9, 12});
  const std::vector<std::byte> bytes = pattern(77, 0, 1, 60'000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const Result<BlockHandle> refused = f.pool->add(test::blockDesc("large", {&part, 1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
  f.finish(40);
  ASSERT_TRUE(f.pool->add(test::blockDesc("large", {&part, 1})));
  f.finish();
  f.expectAllThere(f.pool->beginFrame());
}

// By the thresholds alone nothing would move: less than one and a half chunks are free.
TEST(PoolMoves, ALongLivedBlockThatWasRefusedGetsAChunkOfTheOthers) {
  MovesFixture f(HostDeviceDesc::Completion::Immediate, fullPool(3));
  f.fill(24);
  f.remove({1, 3, 5, 9, 11, 13, 17, 19, 21});
  f.finish(20);
  ASSERT_EQ(f.pool->stats().relocations, 0U);
  const std::vector<std::byte> bytes = pattern(77, 0, 1, kBlockBytes);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  BlockDesc ui = test::blockDesc("ui", {&part, 1});
  ui.lifetime = Lifetime::LongLived;
  const Result<BlockHandle> refused = f.pool->add(ui);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
  f.finish(40);
  ASSERT_TRUE(f.pool->add(ui));
  f.finish();
  f.expectAllThere(f.pool->beginFrame());
}

TEST(PoolMoves, WhatWouldNotFitInTotalMovesNothing) {
  for (const std::size_t size : {std::size_t{104'000}, std::size_t{105'000}}) {
    MovesFixture f(HostDeviceDesc::Completion::Immediate, fullPool(2));
    f.fill(16);
    f.remove({1, 9});
    ASSERT_EQ(f.pool->detailedStats().classes[0].freeBytes / 1000, 104U);
    f.finish(40);
    const std::vector<std::byte> bytes = pattern(77, 0, 1, size);
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    const Result<BlockHandle> refused = f.pool->add(test::blockDesc("large", {&part, 1}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
    f.finish(40);
    EXPECT_EQ(f.pool->stats().relocations != 0, size == 104'000);
  }
}

TEST(PoolMoves, AGoalOfTwoThingsIsRefused) {
  MovesFixture f;
  const Result<void> refused = f.pool->defragment({.freeChunks = 1, .holeBytes = 1000});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
}

TEST(PoolMoves, AGoalForAHoleThatNoChunkHoldsIsRefused) {
  MovesFixture f;
  const ByteCount most = f.pool->desc().chunkBytes;
  EXPECT_TRUE(f.pool->defragment({.holeBytes = most}));
  const Result<void> refused = f.pool->defragment({.holeBytes = most + 1});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::TooLarge);
  EXPECT_EQ(refused.error().numbers[0], most + 1);
  EXPECT_EQ(refused.error().numbers[1], most);
}

/// What the next step says of a goal.
std::span<const Error> errorsOfStep(MovesFixture& f) {
  f.stepAndPublish();
  return f.pool->errors();
}

TEST(PoolMoves, AGoalThatCannotBeReachedIsToldByTheNextStep) {
  MovesFixture f;
  f.fill(16);
  f.remove({1, 9});
  const DetailedStats stats = f.pool->detailedStats();
  ASSERT_LT(stats.classes[0].freeBytes, 4 * kBlockBytes);
  f.freeChunks(1);
  ASSERT_EQ(errorsOfStep(f).size(), 1U);
  EXPECT_EQ(f.pool->errors()[0].numbers[0], f.pool->desc().chunkBytes);
  ASSERT_TRUE(f.pool->defragment({.holeBytes = 5 * kBlockBytes}));
  const auto line = static_cast<std::uint_least32_t>(__LINE__ - 1);
  ASSERT_EQ(errorsOfStep(f).size(), 1U);
  const Error error = f.pool->errors()[0];
  EXPECT_EQ(error.code, ErrorCode::OutOfBudget);
  EXPECT_EQ(error.resourceName(), "DefragGoal");
  EXPECT_EQ(error.where.line(), line);
  EXPECT_EQ(error.numbers[0], 5 * kBlockBytes);
  EXPECT_EQ(error.numbers[3], stats.classes[0].freeBytes);
  EXPECT_TRUE(errorsOfStep(f).empty()) << "once";
  EXPECT_EQ(f.pool->stats().relocations, 0U);
  ASSERT_TRUE(f.pool->defragment({.holeBytes = 3 * kBlockBytes}));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(errorsOfStep(f).empty());
  EXPECT_TRUE(f.pool->wouldFit(3 * kBlockBytes, 1));
  EXPECT_NE(f.pool->stats().relocations, 0U);
}

// What a removed block had comes free when the frame that sees it ends; what an updated one leaves when the copies of
// its new bytes are done, too.
TEST(PoolMoves, AGoalWaitsForWhatHasRetiredOrIsAboutTo) {
  for (const bool updated : {false, true}) {
    MovesFixture f(kManual);
    f.fill(16);
    f.remove({1, 9});
    ByteCount hole = 0;
    {
      const Frame frame = f.pool->beginFrame();
      if (updated) {
        ASSERT_TRUE(f.update(f.blocks[4], pattern(4, 0, 2, kBlockBytes)));
        f.stepAndPublish();
        ASSERT_EQ(f.pool->stats().retiredBytes, 0U);
      } else {
        ASSERT_TRUE(f.pool->remove(f.blocks[4]));
      }
      const ByteCount free = f.pool->detailedStats().classes[0].freeBytes;
      hole = free + kPlaceUnitBytes;
      ASSERT_TRUE(f.pool->defragment({.holeBytes = free + kBlockBytes + kPlaceUnitBytes}));
      EXPECT_EQ(errorsOfStep(f).size(), 1U) << "more than comes free";
      ASSERT_TRUE(f.pool->defragment({.holeBytes = hole}));
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(errorsOfStep(f).empty()) << i;
      EXPECT_EQ(f.pool->stats().relocations, 0U);
    }
    f.finish(30);
    EXPECT_TRUE(f.pool->wouldFit(hole, 1));
  }
}

// ---- Compaction inside a block ------------------------------------------------------------------------------

PoolDesc compactingPool(std::uint32_t percent = 30) {
  PoolDesc desc = stillPool();
  desc.defrag.automatic = true;
  desc.defrag.blockFreePercent = percent;
  return desc;
}

/// A block of ten parts of 1,600 bytes, of which some go.
BlockHandle addTenParts(MovesFixture& f) {
  std::array<std::vector<std::byte>, 10> bytes;
  std::array<PartDesc, 10> parts;
  for (std::uint32_t i = 0; i < 10; ++i) {
    bytes[i] = pattern(i, 0, 1, 1600);
    parts[i] = {PartKind::Vertex, 1600, Source::bytes(bytes[i])};
  }
  const BlockHandle block = f.pool->add(test::blockDesc("parts", parts)).value();
  f.finish();
  return block;
}

void removeParts(MovesFixture& f, BlockHandle block, std::initializer_list<PartId> parts) {
  ASSERT_TRUE(f.pool->removeParts(block, {parts.begin(), parts.size()}));
  f.finish(12);
}

TEST(PoolMoves, ABlockIsCompactedWhenMoreOfItIsFreeThanThePolicySays) {
  MovesFixture f(kManual, compactingPool());
  const BlockHandle block = addTenParts(f);
  f.fill(1);
  removeParts(f, block, {PartId{1}, PartId{3}, PartId{8}});
  EXPECT_EQ(f.pool->stats().compactions, 0U) << "30 % are free";
  EXPECT_EQ(f.pool->inspect(block)->place->bytes, 16'000U);
  removeParts(f, block, {PartId{5}});
  const PoolStats stats = f.pool->stats();
  EXPECT_EQ(stats.compactions, 1U);
  EXPECT_EQ(stats.relocations, 1U);
  EXPECT_EQ(stats.relocatedBytes, 6U * 1600);
  EXPECT_EQ(f.pool->inspect(block)->place->bytes, 9600U + 9600 / 8);
  const Frame frame = f.pool->beginFrame();
  for (std::uint32_t i = 0; i < 10; ++i) {
    const PartLookup found = frame.find(block, PartId{i});
    const bool there = i != 1 && i != 3 && i != 8 && i != 5;
    EXPECT_EQ(found.status, there ? FindStatus::Resident : FindStatus::Stale) << i;
    if (!there) continue;
    EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(i, 0, 1, 1600))) << i;
  }
  EXPECT_EQ(f.host->overwrites(), 0U);
}

TEST(PoolMoves, ABlockIsCompactedFromThePercentOfThePolicyOnAndOnlyIfItIsAutomatic) {
  const auto compactions = [](std::uint32_t percent, bool automatic) {
    PoolDesc desc = compactingPool(percent);
    desc.defrag.automatic = automatic;
    MovesFixture f(kManual, desc);
    removeParts(f, addTenParts(f), {PartId{1}, PartId{3}, PartId{8}});  // 30 %
    return f.pool->stats().compactions;
  };
  EXPECT_EQ(compactions(30, true), 0U);
  EXPECT_EQ(compactions(29, true), 1U);
  EXPECT_EQ(compactions(29, false), 0U);
}

TEST(PoolMoves, AnUpdatedBlockIsCompactedWhenItHasSettled) {
  PoolDesc desc = compactingPool();
  desc.defrag.settledSteps = 20;
  MovesFixture f(kManual, desc);
  const BlockHandle block = addTenParts(f);
  f.finish(20);
  ASSERT_TRUE(f.update(block, pattern(0, 0, 2, 1600)));
  f.finish(4);
  removeParts(f, block, {PartId{1}, PartId{3}, PartId{8}, PartId{5}, PartId{6}});
  EXPECT_EQ(f.pool->stats().compactions, 0U);
  f.finish(20);
  EXPECT_EQ(f.pool->stats().compactions, 1U);
}

TEST(PoolMoves, APinnedBlockIsCompactedWhenItIsUnpinned) {
  MovesFixture f(kManual, compactingPool());
  const BlockHandle block = addTenParts(f);
  ASSERT_TRUE(f.pool->removeParts(block, std::array{PartId{1}, PartId{3}, PartId{8}, PartId{5}}));
  ASSERT_TRUE(f.pool->pin(block));
  f.finish(20);
  EXPECT_EQ(f.pool->stats().compactions, 0U);
  ASSERT_TRUE(f.pool->unpin(block));
  f.finish(10);
  EXPECT_EQ(f.pool->stats().compactions, 1U);
}

TEST(PoolMoves, APartThatFitsInTotalButInNoGapCompactsItsBlock) {
  MovesFixture f(kManual, compactingPool(90));
  const BlockHandle block = addTenParts(f);
  removeParts(f, block, {PartId{1}, PartId{3}, PartId{8}});
  const std::vector<std::byte> bytes = pattern(50, 0, 1, 3000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  PartId id{};
  ASSERT_TRUE(f.pool->addParts(block, {&part, 1}, {&id, 1}));
  f.finish(4);
  EXPECT_EQ(f.pool->stats().compactions, 1U);
  const PartLookup found = f.pool->beginFrame().find(block, id);
  EXPECT_EQ(f.hashAt(found.place), hashBytes(bytes));
  EXPECT_EQ(f.pool->stats().relocations, 0U) << "it was an update";

  const std::vector<std::byte> large = pattern(51, 0, 1, 9000);
  const PartDesc more{PartKind::Vertex, large.size(), Source::bytes(large)};
  ASSERT_TRUE(f.pool->addParts(block, {&more, 1}, {&id, 1}));
  f.finish(4);
  EXPECT_EQ(f.pool->stats().compactions, 1U) << "this one does not fit in total";
}

}  // namespace
}  // namespace flux
