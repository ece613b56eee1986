#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <array>
#include <deque>
#include <vector>

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;

constexpr auto kManual = HostDeviceDesc::Completion::Manual;

/// A block of a pool, and what its parts should contain.
class PartsFixture : public PoolFixture {
 public:
  using PoolFixture::PoolFixture;

  PartDesc desc(std::uint32_t seed, std::size_t bytes, PartKind kind = PartKind::Vertex) {
    kept_.push_back(pattern(seed, 0, 1, bytes));
    return {kind, bytes, Source::bytes(kept_.back())};
  }

  BlockHandle block(std::initializer_list<PartDesc> parts) {
    return pool->add(test::blockDesc("mesh", {parts.begin(), parts.size()})).value();
  }

  Result<PartId> addPart(BlockHandle block, const PartDesc& part) {
    PartId id{};
    const Result<ContentVersion> version = pool->addParts(block, {&part, 1}, {&id, 1});
    if (!version) return Unexpected(version.error());
    return id;
  }

  Result<void> removePart(BlockHandle block, PartId part) { return pool->removeParts(block, {&part, 1}); }

  [[nodiscard]] bool shows(const Frame& frame, BlockHandle block, PartId part, std::uint32_t seed,
                           std::size_t bytes) const {
    const PartLookup found = frame.find(block, part);
    return found.status == FindStatus::Resident && found.place.bytes == bytes &&
           hashAt(found.place) == hashBytes(pattern(seed, 0, 1, bytes));
  }

 private:
  std::deque<std::vector<std::byte>> kept_;
};

TEST(PoolParts, APartThatDoesNotFitMovesTheBlockAndTheNextOneFindsAGap) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 4000), f.desc(2, 2000)});
  f.stepAndPublish(3);
  const Place before = f.pool->beginFrame().find(block).place;

  const PartId third = f.addPart(block, f.desc(3, 1000)).value();
  EXPECT_EQ(f.pool->beginFrame().find(block, third).status, FindStatus::Stale) << "not before its bytes are there";
  f.stepAndPublish(3);
  Frame frame = f.pool->beginFrame();
  EXPECT_EQ(third, PartId{2});
  EXPECT_TRUE(f.shows(frame, block, PartId{0}, 1, 4000));
  EXPECT_TRUE(f.shows(frame, block, PartId{1}, 2, 2000));
  EXPECT_TRUE(f.shows(frame, block, third, 3, 1000));
  EXPECT_NE(frame.find(block).place.offset, before.offset);
  const Place moved = frame.find(block).place;
  const std::uint64_t copied = f.pool->stats().copiedBytes;
  EXPECT_EQ(copied, 6000U) << "on the device";
  frame.end();

  const PartId fourth = f.addPart(block, f.desc(4, 500)).value();
  f.stepAndPublish(3);
  frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(block).place.offset, moved.offset) << "in place";
  EXPECT_TRUE(f.shows(frame, block, fourth, 4, 500));
  EXPECT_EQ(f.pool->stats().copiedBytes, copied);
  EXPECT_EQ(f.host->overwrites(), 0U);
}

// Its range is in the place that the block has left: in the new one others have those bytes.
TEST(PoolParts, ARemovedPartOfAnEarlierPlaceFreesNothingInTheNewOne) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 4000), f.desc(2, 2000)});
  f.stepAndPublish(3);
  Frame old = f.pool->beginFrame();
  ASSERT_TRUE(f.removePart(block, PartId{0}));
  f.stepAndPublish(2);
  const PartId added = f.addPart(block, f.desc(3, 3000)).value();  // the gap is not one yet: the block moves
  f.stepAndPublish(3);
  ASSERT_NE(f.pool->beginFrame().find(block).place.offset, old.find(block).place.offset);
  const ByteCount free = f.pool->inspect(block)->gaps->freeBytes;
  old.end();
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(f.shows(frame, block, PartId{1}, 2, 2000));
  EXPECT_TRUE(f.shows(frame, block, added, 3, 3000));
  EXPECT_EQ(f.pool->inspect(block)->gaps->freeBytes, free);
}

TEST(PoolParts, OpenFramesKeepWhatARemovedPartWasAndItsRangeIsUsedAgainOnlyAfterThem) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 4000), f.desc(2, 2000), f.desc(3, 1000)});
  f.stepAndPublish(3);
  Frame old = f.pool->beginFrame();
  const Place place = old.find(block, PartId{1}).place;
  ASSERT_TRUE(f.removePart(block, PartId{1}));
  f.stepAndPublish(2);
  EXPECT_TRUE(f.shows(old, block, PartId{1}, 2, 2000));
  EXPECT_EQ(f.pool->beginFrame().find(block, PartId{1}).status, FindStatus::Stale);

  // The gap is not one yet: what would fit there goes to another place.
  const PartId early = f.addPart(block, f.desc(4, 2000)).value();
  f.stepAndPublish(3);
  Frame frame = f.pool->beginFrame();
  EXPECT_NE(frame.find(block, early).place.offset, place.offset);
  EXPECT_TRUE(f.shows(frame, block, early, 4, 2000));
  EXPECT_TRUE(f.shows(old, block, PartId{1}, 2, 2000));
  EXPECT_TRUE(f.shows(old, block, PartId{2}, 3, 1000));
  old.end();
  frame.end();

  const Place moved = f.pool->beginFrame().find(block, PartId{0}).place;
  const Place gap = f.pool->beginFrame().find(block, early).place;
  ASSERT_TRUE(f.removePart(block, early));
  f.stepAndPublish(2);
  f.stepAndPublish();
  const PartId late = f.addPart(block, f.desc(5, 1990)).value();
  f.stepAndPublish(3);
  frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(block, PartId{0}).place.offset, moved.offset);
  EXPECT_EQ(frame.find(block, late).place.offset, gap.offset) << "in the gap that has retired";
  EXPECT_TRUE(f.shows(frame, block, late, 5, 1990));
  EXPECT_EQ(frame.find(block, early).status, FindStatus::Stale);
  EXPECT_EQ(f.host->overwrites(), 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(PoolParts, ARemovedRangeWaitsForTheQueueThatReadsIt) {
  PartsFixture f(kManual);
  const BlockHandle block = f.block({f.desc(1, 4000), f.desc(2, 2000)});
  const auto copied = [&] { f.host->complete(kCopyQueue, f.host->submittedValue(kCopyQueue)); };
  f.stepAndPublish();
  copied();
  f.stepAndPublish();
  Frame frame = f.pool->beginFrame();
  const PartLookup found = frame.find(block, PartId{1});
  ASSERT_TRUE(found.drawable());
  std::uint64_t hash = 0;
  const HostRead read{found.place.chunk, found.place.offset, found.place.bytes, &hash};
  const TimelineValue value = f.host->submitReads(test::kDrawQueue, {&read, 1}, frame.waits());
  frame.submitted(test::kDrawQueue, value);
  frame.end();
  ASSERT_TRUE(f.removePart(block, PartId{1}));
  f.stepAndPublish(4);
  ASSERT_TRUE(f.addPart(block, f.desc(3, 2000)));
  f.stepAndPublish();
  copied();
  f.stepAndPublish(3);
  f.host->complete(test::kDrawQueue, value);
  f.stepAndPublish(2);
  EXPECT_EQ(hash, hashBytes(pattern(2, 0, 1, 2000)));
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(PoolParts, AnUpdateOfOnePartTouchesNoOtherWhenThereIsAGap) {
  PartsFixture f;
  std::vector<PartDesc> parts;
  for (std::uint32_t i = 0; i < 40; ++i) parts.push_back(f.desc(i, 1000));
  const BlockHandle block = f.pool->add(test::blockDesc("many", parts)).value();
  f.stepAndPublish(3);
  ASSERT_TRUE(f.removePart(block, PartId{7}));
  f.stepAndPublish(3);
  const std::uint64_t copied = f.pool->stats().copiedBytes;
  const std::uint64_t uploaded = f.pool->stats().uploadedBytes;
  for (std::uint32_t round = 0; round < 5; ++round) {
    ASSERT_TRUE(f.update(block, pattern(100 + round, 0, 1, 1000), PartId{20}));
    f.stepAndPublish(4);
    const Frame frame = f.pool->beginFrame();
    EXPECT_TRUE(f.shows(frame, block, PartId{20}, 100 + round, 1000));
    EXPECT_TRUE(f.shows(frame, block, PartId{21}, 21, 1000));
  }
  EXPECT_EQ(f.pool->stats().copiedBytes, copied);
  EXPECT_EQ(f.pool->stats().uploadedBytes, uploaded + 5 * 1000);
}

TEST(PoolParts, PartsOfOneCallAppearTogetherAndEditsOnTheWayAreMerged) {
  PartsFixture f(HostDeviceDesc::Completion::Delayed);
  const BlockHandle block = f.block({f.desc(1, 4000)});
  // While the first upload is on its way: more parts, other contents for one of them, and one that goes again.
  const std::array parts{f.desc(2, 100), f.desc(3, 200, PartKind::Uniform), f.desc(4, 300)};
  std::array<PartId, 3> ids{};
  EXPECT_EQ(f.pool->addParts(block, parts, ids), ContentVersion{2});
  f.stepAndPublish();
  ASSERT_TRUE(f.update(block, pattern(5, 0, 1, 200), ids[1]));
  ASSERT_TRUE(f.removePart(block, ids[2]));
  bool seen = false;
  for (int i = 0; i < 20; ++i) {
    f.stepAndPublish();
    const Frame frame = f.pool->beginFrame();
    const bool first = frame.find(block, ids[0]).drawable();
    EXPECT_EQ(first, frame.find(block, ids[1]).drawable());
    EXPECT_FALSE(frame.find(block, ids[2]).drawable());
    EXPECT_EQ(first, frame.find(block).drawable() && frame.find(block).version == 3);
    seen = seen || first;
  }
  ASSERT_TRUE(seen);
  const Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(f.shows(frame, block, PartId{0}, 1, 4000));
  EXPECT_TRUE(f.shows(frame, block, ids[0], 2, 100));
  EXPECT_TRUE(f.shows(frame, block, ids[1], 5, 200));
  EXPECT_EQ(f.pool->stats().liveBytes, 4300U);
}

TEST(PoolParts, APartIsRemovedWhileItsBlockMovesOrTheyArriveInAGap) {
  PartsFixture f(kManual);
  const auto copied = [&] { f.host->complete(kCopyQueue, f.host->submittedValue(kCopyQueue)); };
  const BlockHandle block = f.block({f.desc(1, 4000), f.desc(2, 800)});
  f.stepAndPublish();
  copied();
  f.stepAndPublish();
  const PartId moves = f.addPart(block, f.desc(3, 500)).value();  // moves the block
  f.stepAndPublish();
  ASSERT_TRUE(f.removePart(block, PartId{1}));
  copied();
  f.stepAndPublish(3);
  const PartId arrives = f.addPart(block, f.desc(4, 300)).value();  // in a gap
  f.stepAndPublish();
  ASSERT_TRUE(f.removePart(block, arrives));
  copied();
  f.stepAndPublish(3);
  const PartId last = f.addPart(block, f.desc(5, 300)).value();
  f.stepAndPublish();
  copied();
  f.stepAndPublish(2);
  const Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(f.shows(frame, block, PartId{0}, 1, 4000));
  EXPECT_TRUE(f.shows(frame, block, moves, 3, 500));
  EXPECT_TRUE(f.shows(frame, block, last, 5, 300));
  EXPECT_FALSE(frame.find(block, PartId{1}).drawable());
  EXPECT_FALSE(frame.find(block, arrives).drawable());
  EXPECT_EQ(f.host->overwrites(), 0U);
  EXPECT_EQ(f.pool->stats().liveBytes, 4800U);
}

TEST(PoolParts, APartThatIsRemovedWhileItIsCopiedIsCopiedNoFurther) {
  const auto host = HostDevice::create({.completion = HostDeviceDesc::Completion::Delayed});
  const auto checked = makeCheckedDevice(*host);
  const auto pool = Pool::create(*checked, test::smallPool()).value();
  const auto large = pattern(1, 0, 1, 60'000);
  const std::array parts{PartDesc{PartKind::Vertex, large.size(), Source::bytes(large)},
                         PartDesc{PartKind::Index, 40, Source::bytes(std::span(large).first(40))}};
  const BlockHandle block = pool->add(test::blockDesc("block", parts)).value();
  const auto step = [&](const StepQuota& quota) {
    ASSERT_TRUE(pool->step(quota));
    pool->publish();
  };
  for (int i = 0; i < 8; ++i) step({});
  const PartUpdate update{PartId{0}, Source::bytes(std::span(large).first(4)), 0, 4};
  ASSERT_TRUE(pool->update(block, {&update, 1}));
  for (int i = 0; i < 3; ++i) step({.uploadBytes = 1000});  // a part of the unchanged bytes is on its way
  const PartId gone{0};
  ASSERT_TRUE(pool->removeParts(block, {&gone, 1}));
  const std::uint64_t copied = pool->stats().copiedBytes;
  for (int i = 0; i < 80; ++i) step({.uploadBytes = 1000});  // the device reads nothing that has been reclaimed
  EXPECT_LT(pool->stats().copiedBytes, copied + 1000);
  EXPECT_TRUE(pool->beginFrame().find(block, PartId{1}).drawable());
  EXPECT_EQ(host->earlyReclaims(), 0U);
}

TEST(PoolParts, APinnedBlockGetsPartsInItsGapsOnlyAndLosesNone) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 4000), f.desc(2, 2000), f.desc(3, 1000)});
  f.stepAndPublish(3);
  ASSERT_TRUE(f.removePart(block, PartId{1}));
  f.stepAndPublish(3);
  ASSERT_TRUE(f.pool->pin(block));
  const Place place = f.pool->beginFrame().find(block).place;
  const PoolStats before = f.pool->stats();
  EXPECT_EQ(f.addPart(block, f.desc(4, 2100)).error().code, ErrorCode::Pinned);
  const std::array two{f.desc(5, 1000), f.desc(6, 1100)};
  std::array<PartId, 2> ids{};
  EXPECT_EQ(f.pool->addParts(block, two, ids).error().code, ErrorCode::Pinned) << "one of them fits, both do not";
  EXPECT_EQ(f.removePart(block, PartId{2}).error().code, ErrorCode::Pinned);
  EXPECT_EQ(f.pool->stats().liveBytes, before.liveBytes);

  const PartId fits = f.addPart(block, f.desc(7, 2000)).value();
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(block).place.offset, place.offset);
  EXPECT_TRUE(f.shows(frame, block, fits, 7, 2000));
}

TEST(PoolParts, TheLastPartTakesItsBlockAlong) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 400), f.desc(2, 200)});
  f.stepAndPublish(2);
  const std::array both{PartId{0}, PartId{1}};
  ASSERT_TRUE(f.pool->removeParts(block, both));
  EXPECT_EQ(f.pool->stats().blocks, 0U);
  EXPECT_EQ(f.pool->stats().liveBytes, 0U);
  EXPECT_EQ(f.removePart(block, PartId{0}).error().code, ErrorCode::StaleHandle);
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

TEST(PoolParts, BadArgumentsAreNamedAndChangeNothing) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 400), f.desc(2, 200)});
  const auto code = [&](std::span<const PartDesc> parts) {
    std::vector<PartId> ids(parts.size());
    const Result<ContentVersion> version = f.pool->addParts(block, parts, ids);
    EXPECT_EQ(version.error().resourceName(), "mesh");
    return version.error().code;
  };
  EXPECT_EQ(code({}), ErrorCode::InvalidArgument);
  const PartDesc empty{PartKind::Vertex, 0, {}};
  EXPECT_EQ(code({&empty, 1}), ErrorCode::InvalidArgument);
  EXPECT_EQ(code(std::vector<PartDesc>(63, f.desc(3, 16))), ErrorCode::InvalidArgument) << "65 parts";
  const auto never = [](void*, const FillRequest&) { return true; };
  const PartDesc huge{PartKind::Vertex, 5 * kGiB, Source::callback(never, nullptr)};
  EXPECT_EQ(code({&huge, 1}), ErrorCode::TooLarge);
  const std::vector<PartDesc> tooMuch(2, f.desc(4, 150 * kKiB));
  EXPECT_EQ(code(tooMuch), ErrorCode::StagingFull) << "the second does not fit in staging";

  const std::array twice{PartId{1}, PartId{1}};
  EXPECT_EQ(f.pool->removeParts(block, twice).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(f.removePart(block, PartId{2}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(f.removePart({}, PartId{0}).error().code, ErrorCode::StaleHandle);
  EXPECT_EQ(f.pool->stats().liveBytes, 600U);
  EXPECT_EQ(f.pool->requestedVersion(block), 1U);
  f.stepAndPublish(3);
  EXPECT_TRUE(f.shows(f.pool->beginFrame(), block, PartId{1}, 2, 200));
}

TEST(PoolParts, ASourceThatFailsDropsTheNewPartsAndKeepsTheOthers) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 400), f.desc(2, 1000)});
  f.stepAndPublish(3);
  const auto fails = [](void*, const FillRequest&) { return false; };
  const std::array parts{f.desc(3, 100), PartDesc{PartKind::Index, 50, Source::callback(fails, nullptr)}};
  std::array<PartId, 2> ids{};
  ASSERT_TRUE(f.pool->removeParts(block, std::array{PartId{1}}));
  for (const char* way : {"by a move", "in a gap"}) {
    SCOPED_TRACE(way);
    ASSERT_TRUE(f.pool->addParts(block, parts, ids));
    ASSERT_TRUE(f.pool->step());
    ASSERT_EQ(f.pool->errors().size(), 1U);
    EXPECT_EQ(f.pool->errors()[0].code, ErrorCode::SourceFailed);
    EXPECT_EQ(f.pool->errors()[0].resourceName(), "mesh");
    f.stepAndPublish(3);
    EXPECT_EQ(f.pool->stats().liveBytes, 400U);
    EXPECT_EQ(f.removePart(block, ids[0]).error().code, ErrorCode::InvalidArgument) << "its id is gone";
  }
  // Everything that was taken for them is free again.
  const PartId whole = f.addPart(block, f.desc(4, 1000)).value();
  const std::uint64_t copied = f.pool->stats().copiedBytes;
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(f.shows(frame, block, PartId{0}, 1, 400));
  EXPECT_TRUE(f.shows(frame, block, whole, 4, 1000));
  EXPECT_EQ(f.pool->stats().copiedBytes, copied);
  EXPECT_EQ(f.host->overwrites(), 0U);
}

TEST(PoolParts, ABlockThatNeverArrivedLosesTheEditsThatWaitForIt) {
  PartsFixture f;
  const auto fails = [](void*, const FillRequest&) { return false; };
  const std::array parts{PartDesc{PartKind::Index, 50, Source::callback(fails, nullptr)}, f.desc(1, 100)};
  const BlockHandle block = f.pool->add(test::blockDesc("never", parts)).value();
  ASSERT_TRUE(f.addPart(block, f.desc(2, 100)));
  ASSERT_TRUE(f.update(block, pattern(3, 0, 1, 100), PartId{1}));
  f.stepAndPublish();
  ASSERT_TRUE(f.pool->step());
  EXPECT_EQ(f.pool->errors().size(), 2U) << "each of the two is named";
  f.stepAndPublish(2);
  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Lost);
  EXPECT_EQ(f.pool->stats().liveBytes, 150U);
  EXPECT_EQ(f.addPart(block, f.desc(4, 100)).error().code, ErrorCode::InvalidArgument);
}

TEST(PoolParts, ALostDeviceTakesPartsThatWereOnTheirWay) {
  for (const int steps : {0, 1, 2}) {
    SCOPED_TRACE(steps);
    PartsFixture f(kManual);
    const BlockHandle block = f.block({f.desc(1, 400), f.desc(2, 1000)});
    const SharedPartDesc shared{.affinity = 1, .part = f.desc(3, 8), .lifetime = Lifetime::Streaming, .name = "s"};
    const SharedPart small = f.pool->addShared(shared).value();
    f.stepAndPublish();
    f.host->complete(kCopyQueue, f.host->submittedValue(kCopyQueue));
    f.stepAndPublish();
    Frame frame = f.pool->beginFrame();
    ASSERT_TRUE(f.removePart(block, PartId{1}));
    ASSERT_TRUE(f.addPart(block, f.desc(4, 800)));
    ASSERT_TRUE(f.pool->addShared(shared));
    for (int i = 0; i < steps; ++i) f.stepAndPublish();
    f.host->lose();
    EXPECT_FALSE(f.pool->step());
    f.pool->publish();
    EXPECT_TRUE(frame.find(block, PartId{1}).drawable()) << "as long as it is open";
    EXPECT_EQ(f.addPart(block, f.desc(5, 8)).error().code, ErrorCode::DeviceLost);
    EXPECT_EQ(f.pool->addShared(shared).error().code, ErrorCode::DeviceLost);
    EXPECT_EQ(f.pool->stats().liveBytes, 408U);
    EXPECT_TRUE(f.removePart(block, PartId{0}));
    EXPECT_TRUE(f.removePart(small.block, small.part));
    frame.end();
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(f.pool->step());
    f.pool->publish();
    EXPECT_FALSE(f.pool->step());
    EXPECT_EQ(f.pool->stats().blocks, 0U);
    EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  }
}

}  // namespace
}  // namespace flux
