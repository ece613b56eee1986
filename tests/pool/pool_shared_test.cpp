#include "pool/pool_test_tools.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;

SharedPartDesc small(std::uint64_t affinity, std::span<const std::byte> bytes) {
  SharedPartDesc desc;
  desc.affinity = affinity;
  desc.name = "small things";
  desc.part = {PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  return desc;
}

PoolDesc wholeSize() {
  PoolDesc desc;
  desc.stagingPageBytes = 256 * kKiB;
  return desc;
}

TEST(PoolShared, AGapFirstThenARoomyChunkThenANewChunk) {
  PoolDesc desc = wholeSize();
  desc.firstChunkBytes = 1 * kMiB;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const auto bytes = pattern(1, 0, 1, 150 * kKiB);

  // Nothing there: a new block in a new chunk.
  const SharedPart first = f.pool->addShared(small(7, bytes)).value();
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  EXPECT_EQ(f.pool->stats().blocks, 1U);
  // A gap in that affinity's block.
  const SharedPart second = f.pool->addShared(small(7, bytes)).value();
  EXPECT_EQ(second.block, first.block);
  EXPECT_NE(second.part, first.part);
  EXPECT_EQ(f.pool->stats().blocks, 1U);
  // Another affinity: a new block, in the chunk that has room.
  const SharedPart other = f.pool->addShared(small(8, bytes)).value();
  EXPECT_NE(other.block, first.block);
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  // When neither has room any more, a new chunk.
  int more = 0;
  while (f.pool->stats().chunks == 1) {
    ASSERT_TRUE(f.pool->addShared(small(7, bytes)));
    ASSERT_LT(++more, 8);
    f.stepAndPublish();
  }
  EXPECT_GE(more, 3) << "the gaps are used up first";
  f.stepAndPublish(4);
  const Frame frame = f.pool->beginFrame();
  for (const SharedPart& part : {first, second, other}) {
    const PartLookup found = frame.find(part.block, part.part);
    ASSERT_EQ(found.status, FindStatus::Resident);
    EXPECT_EQ(f.hashAt(found.place), hashBytes(bytes));
  }
}

TEST(PoolShared, TenThousandThingsOfEightBytesCostAtMost64Each) {
  PoolDesc desc = wholeSize();
  desc.stagingPageBytes = 256 * kKiB;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  constexpr std::uint32_t kCount = 10000;
  std::map<std::uint32_t, SharedPart> things;
  const auto contents = [](std::uint32_t key) { return pattern(key, 0, 1, 8); };
  const auto add = [&](std::uint32_t key) {
    const Result<SharedPart> added = f.pool->addShared(small(3, contents(key)));
    ASSERT_TRUE(added) << describe(added.error());
    things[key] = *added;
  };
  std::uint32_t next = 0;
  while (next < kCount) {
    add(next++);
    if (next % 500 == 0) f.stepAndPublish();
  }
  f.stepAndPublish(4);
  // Churn: a tenth of them goes and comes again, ten times, so that all blocks have been changed.
  std::mt19937 random(11);
  for (int round = 0; round < 10; ++round) {
    for (std::uint32_t i = 0; i < kCount / 10; ++i) {
      const auto at = std::next(things.begin(), static_cast<std::ptrdiff_t>(random() % things.size()));
      ASSERT_TRUE(f.pool->removeParts(at->second.block, {&at->second.part, 1}));
      things.erase(at);
      add(next++);
    }
    f.stepAndPublish(2);
  }
  f.stepAndPublish(4);

  const SharedUsage usage = f.pool->sharedUsage();
  EXPECT_EQ(usage.parts, kCount);
  EXPECT_EQ(usage.liveBytes, kCount * 8U);
  const double each = static_cast<double>(usage.blockBytes + usage.metadataBytes) / kCount;
  RecordProperty("bytesEach", std::to_string(each));
  EXPECT_LE(each, 64.0) << "space " << usage.blockBytes << ", metadata " << usage.metadataBytes;
  EXPECT_GE(each, 16.0 + 12.0) << "a unit and an entry in the layout are the least";
  const auto dump = nlohmann::json::parse(f.pool->dump());
  EXPECT_EQ(dump["shared"]["parts"], kCount);
  EXPECT_EQ(dump["shared"]["metadataBytes"], usage.metadataBytes);

  const Frame frame = f.pool->beginFrame();
  for (const auto& [key, thing] : things) {
    const PartLookup found = frame.find(thing.block, thing.part);
    ASSERT_EQ(found.status, FindStatus::Resident) << key;
    ASSERT_EQ(f.hashAt(found.place), hashBytes(contents(key))) << key;
  }
}

TEST(PoolShared, AllPlacesOfABlockAreFoundAndTheirOldIdsAreRefused) {
  PoolFixture f;
  std::vector<SharedPart> parts;
  for (std::uint32_t i = 0; i < kMaxSharedParts + 1; ++i) {
    parts.push_back(f.pool->addShared(small(1, pattern(i, 0, 1, 8))).value());
  }
  f.stepAndPublish(4);
  std::map<BlockHandle, std::vector<std::uint32_t>> blocks;
  for (std::uint32_t i = 0; i < parts.size(); ++i) blocks[parts[i].block].push_back(i);
  Frame frame = f.pool->beginFrame();
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const PartLookup found = frame.find(parts[i].block, parts[i].part);
    ASSERT_EQ(found.status, FindStatus::Resident) << i;
    EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(i, 0, 1, 8)));
  }
  EXPECT_FALSE(frame.find(parts[0].block, PartId{kMaxSharedParts}).drawable());
  for (const SharedPart& part : parts) ASSERT_TRUE(f.pool->removeParts(part.block, {&part.part, 1}));
  EXPECT_EQ(f.pool->stats().blocks, 0U);
  EXPECT_EQ(frame.find(parts[5].block, parts[5].part).status, FindStatus::Resident) << "in the open frame";
  frame.end();
  f.stepAndPublish(4);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(f.pool->sharedUsage().blocks, 0U);
}

TEST(PoolShared, ASourceThatFailsTakesItsOwnPartAlone) {
  PoolFixture f;
  const auto fails = [](void*, const FillRequest&) { return false; };
  const auto bytes = pattern(1, 0, 1, 24);
  SharedPartDesc bad = small(1, bytes);
  bad.part.source = Source::callback(fails, nullptr);
  bad.name = "bad";
  const SharedPart first = f.pool->addShared(bad).value();  // makes the block
  const SharedPart second = f.pool->addShared(small(1, bytes)).value();
  EXPECT_EQ(first.block, second.block);
  f.stepAndPublish();
  f.stepAndPublish(3);
  const SharedPart third = f.pool->addShared(bad).value();
  const SharedPart fourth = f.pool->addShared(small(1, bytes)).value();
  ASSERT_TRUE(f.pool->step());
  ASSERT_EQ(f.pool->errors().size(), 1U);
  EXPECT_EQ(f.pool->errors()[0].code, ErrorCode::SourceFailed);
  f.stepAndPublish(3);
  const PartUpdate update{second.part, Source::callback(fails, nullptr)};
  ASSERT_TRUE(f.pool->update(second.block, {&update, 1}));
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_FALSE(frame.find(first.block, first.part).drawable());
  EXPECT_FALSE(frame.find(third.block, third.part).drawable());
  for (const SharedPart& part : {second, fourth}) {
    const PartLookup found = frame.find(part.block, part.part);
    ASSERT_TRUE(found.drawable());
    EXPECT_EQ(f.hashAt(found.place), hashBytes(bytes));
  }
  EXPECT_EQ(f.pool->stats().liveBytes, 48U);
  EXPECT_EQ(f.host->overwrites(), 0U);

  // A block whose only part never arrives goes again.
  bad.affinity = 2;
  ASSERT_TRUE(f.pool->addShared(bad));
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->stats().blocks, 1U);
}

TEST(PoolShared, AnUpdateThatWentWithAPartThatNeverArrivedLeavesTheNewestVersion) {
  PoolFixture f(HostDeviceDesc::Completion::Immediate, wholeSize());
  const auto bytes = pattern(1, 0, 1, 100);
  const SharedPart kept = f.pool->addShared(small(1, bytes)).value();
  f.stepAndPublish(4);

  SharedPartDesc bad = small(1, bytes);
  bad.part.source = Source::callback([](void*, const FillRequest&) { return false; }, nullptr);
  const SharedPart lost = f.pool->addShared(bad).value();
  ASSERT_EQ(lost.block, kept.block);
  // Its contents are on their way, so the update waits; then the contents fail, and the part goes with what waits.
  ASSERT_TRUE(f.pool->step({.pieces = 0}));
  const PartUpdate update{lost.part, Source::bytes(bytes)};
  ASSERT_TRUE(f.pool->update(kept.block, {&update, 1}));
  f.stepAndPublish(6);
  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(kept.block, kept.part).status, FindStatus::Resident);
  EXPECT_FALSE(frame.find(lost.block, lost.part).drawable());
  EXPECT_EQ(frame.find(kept.block).version, f.pool->requestedVersion(kept.block));
}

TEST(PoolShared, TinyThingsLeaveTheBlocksOfLargeOnesToThem) {
  PoolDesc desc = wholeSize();
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const auto large = pattern(1, 0, 1, 100 * kKiB);
  const SharedPart first = f.pool->addShared(small(1, large)).value();
  const SharedPart tiny = f.pool->addShared(small(1, pattern(2, 0, 1, 8))).value();
  EXPECT_NE(tiny.block, first.block);
  EXPECT_EQ(f.pool->addShared(small(1, large)).value().block, first.block);
}

TEST(PoolShared, WhatComesAndGoesTogetherChangesOneBlock) {
  PoolFixture f(HostDeviceDesc::Completion::Immediate, wholeSize());
  std::vector<SharedPart> parts;
  const auto add = [&](std::uint32_t i) { return f.pool->addShared(small(1, pattern(i, 0, 1, 1 * kKiB))).value(); };
  for (std::uint32_t i = 0; i < 100; ++i) parts.push_back(add(i));
  f.stepAndPublish(4);
  const auto blocks = [&] {
    std::set<BlockHandle> all;
    for (const SharedPart& part : parts) all.insert(part.block);
    return all;
  };
  ASSERT_GE(blocks().size(), 3U);
  // A hole in each block: the next ones still go where the last one went.
  for (const BlockHandle block : blocks()) {
    const auto gone = std::ranges::find(parts, block, &SharedPart::block);
    ASSERT_TRUE(f.pool->removeParts(block, {&gone->part, 1}));
    parts.erase(gone);
  }
  const SharedPart first = add(100);
  f.stepAndPublish(4);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const SharedPart next = add(101 + i);
    EXPECT_EQ(next.block, first.block);
    f.stepAndPublish(2);
    ASSERT_TRUE(f.pool->removeParts(next.block, {&next.part, 1}));
  }
}

TEST(PoolShared, SaysWhatIsHeldForFrames) {
  PoolFixture f(HostDeviceDesc::Completion::Immediate, wholeSize());
  const SharedPart kept = f.pool->addShared(small(1, pattern(1, 0, 1, 100))).value();
  const SharedPart gone = f.pool->addShared(small(1, pattern(2, 0, 1, 200))).value();
  f.stepAndPublish(4);
  EXPECT_EQ(f.pool->sharedUsage().heldBytes, 0U);
  Frame open = f.pool->beginFrame();
  ASSERT_TRUE(f.pool->removeParts(gone.block, {&gone.part, 1}));
  ASSERT_TRUE(f.update(kept.block, pattern(3, 0, 1, 100), kept.part));
  f.stepAndPublish(4);
  EXPECT_EQ(f.pool->sharedUsage().heldBytes, 112U + 208U) << "whole units of what the frame sees";
  EXPECT_EQ(f.pool->sharedUsage().liveBytes, 100U);
  open.end();
  f.stepAndPublish(4);
  EXPECT_EQ(f.pool->sharedUsage().heldBytes, 0U);
}

TEST(PoolShared, AFullBlockMovesWhenAPartGetsNewContents) {
  PoolFixture f;
  std::vector<SharedPart> parts;
  for (std::uint32_t i = 0; i < 64; ++i) parts.push_back(f.pool->addShared(small(1, pattern(i, 0, 1, 16))).value());
  f.stepAndPublish(4);
  ASSERT_EQ(parts[0].block, parts[63].block) << "a kilobyte, full";
  const auto bytes = pattern(99, 0, 1, 16);
  // One goes and another comes, so that the move has new contents, a new part, and a range that has not retired.
  const Frame open = f.pool->beginFrame();
  ASSERT_TRUE(f.pool->removeParts(parts[9].block, {&parts[9].part, 1}));
  ASSERT_TRUE(f.update(parts[5].block, bytes, parts[5].part));
  f.stepAndPublish();
  parts[9] = f.pool->addShared(small(1, pattern(9, 0, 1, 16))).value();
  f.stepAndPublish(5);
  EXPECT_EQ(parts[9].block, parts[5].block) << "the larger place has room for it";
  EXPECT_EQ(f.hashAt(open.find(parts[5].block, parts[5].part).place), hashBytes(pattern(5, 0, 1, 16)));
  const Frame frame = f.pool->beginFrame();
  for (std::uint32_t i = 0; i < 64; ++i) {
    const PartLookup found = frame.find(parts[i].block, parts[i].part);
    ASSERT_TRUE(found.drawable());
    EXPECT_EQ(f.hashAt(found.place), hashBytes(i == 5 ? bytes : pattern(i, 0, 1, 16))) << i;
  }
  const PartDesc part{PartKind::Vertex, 16, Source::bytes(bytes)};
  PartId id{};
  EXPECT_EQ(f.pool->addParts(parts[0].block, {&part, 1}, {&id, 1}).error().code, ErrorCode::InvalidArgument);
}

// The update of a block that is gone has had a turn, which is not that of the next block with its index.
TEST(PoolShared, ABlockWhoseIndexIsUsedAgainWaitsForItsFirstPart) {
  PoolDesc desc = test::smallPool();
  desc.maxBlocks = 1;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const auto bytes = pattern(1, 0, 1, 200);
  const BlockHandle gone = f.add("gone", bytes);
  f.stepAndPublish(3);
  ASSERT_TRUE(f.update(gone, bytes));
  ASSERT_TRUE(f.pool->remove(gone));

  StepQuota nothing;
  nothing.uploadBytes = 0;
  Result<SharedPart> first = f.pool->addShared(small(1, pattern(2, 0, 1, 20)));
  for (int steps = 0; !first && steps < 10; ++steps) {
    ASSERT_TRUE(f.pool->step(nothing));
    f.pool->publish();
    first = f.pool->addShared(small(1, pattern(2, 0, 1, 20)));
  }
  ASSERT_TRUE(first) << describe(first.error());
  ASSERT_EQ(first->block.index, gone.index);
  const Result<SharedPart> second = f.pool->addShared(small(1, pattern(3, 0, 1, 100)));
  ASSERT_TRUE(second) << describe(second.error());
  ASSERT_EQ(second->block, first->block);
  f.stepAndPublish(8);

  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(f.hashAt(frame.find(first->block, first->part).place), hashBytes(pattern(2, 0, 1, 20)));
  EXPECT_EQ(f.hashAt(frame.find(second->block, second->part).place), hashBytes(pattern(3, 0, 1, 100)));
}

TEST(PoolShared, BadArgumentsAreNamedAndChangeNothing) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 64 * kKiB;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  EXPECT_EQ(f.pool->addShared(small(1, {})).error().code, ErrorCode::InvalidArgument);
  const auto never = [](void*, const FillRequest&) { return true; };
  SharedPartDesc huge = small(1, {});
  huge.part = {PartKind::Vertex, 65 * kGiB, Source::callback(never, nullptr)};
  EXPECT_EQ(f.pool->addShared(huge).error().code, ErrorCode::TooLarge);
  EXPECT_EQ(f.pool->addShared(huge).error().resourceName(), "small things");
  huge.part.bytes = 100 * kKiB;
  EXPECT_EQ(f.pool->addShared(huge).error().code, ErrorCode::OutOfBudget);
  EXPECT_EQ(f.pool->stats().blocks, 0U);
  EXPECT_EQ(f.pool->stats().liveBytes, 0U);
  EXPECT_EQ(f.pool->sharedUsage().parts, 0U);
  // Under the limit a block is as small as it must be.
  const auto most = pattern(1, 0, 1, 60 * kKiB);
  EXPECT_TRUE(f.pool->addShared(small(1, most)));
}

}  // namespace
}  // namespace flux
