#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <array>

namespace flux {
namespace {

using test::kDrawQueue;
using test::pattern;
using test::PoolFixture;
using Completion = HostDeviceDesc::Completion;

constexpr PartId kPart{0};

TEST(Pool, AddedBlockIsDrawableWithTheRightBytesAfterItsCopyIsPublished) {
  PoolFixture f(Completion::Delayed);
  const auto bytes = pattern(1, 0, 1, 1000);
  const BlockHandle block = f.add("mesh", bytes);

  f.stepAndPublish();
  {
    const Frame frame = f.pool->beginFrame();
    EXPECT_EQ(frame.find(block, kPart).status, FindStatus::Absent) << "the copy is still under way";
  }
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  const auto found = frame.find(block, kPart);
  ASSERT_EQ(found.status, FindStatus::Resident);
  EXPECT_EQ(found.place.bytes, 1000U);
  EXPECT_EQ(found.version, 1U);
  EXPECT_EQ(f.hashAt(found.place), hashBytes(bytes));
  ASSERT_EQ(frame.waits().size(), 1U);
  EXPECT_EQ(frame.waits()[0].queue, kCopyQueue);
  EXPECT_GE(frame.waits()[0].value, 1U);
}

TEST(Pool, PartsOfOneBlockHaveTheirOwnAlignedPlaces) {
  PoolFixture f;
  const auto vertices = pattern(1, 0, 1, 52);
  const auto indices = pattern(1, 1, 1, 5);  // not a multiple of 4
  const auto constants = pattern(1, 2, 1, 80);
  const std::array parts{PartDesc{PartKind::Vertex, 52, Source::bytes(vertices)},
                         PartDesc{PartKind::Index, 5, Source::bytes(indices)},
                         PartDesc{PartKind::Uniform, 80, Source::bytes(constants)}};
  const BlockHandle block = f.pool->add(test::blockDesc("object", parts)).value();
  f.stepAndPublish(2);

  const Frame frame = f.pool->beginFrame();
  const BlockLookup whole = frame.find(block);
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const PartLookup part = frame.find(block, PartId{i});
    ASSERT_EQ(part.status, FindStatus::Resident);
    EXPECT_EQ(part.kind, parts[i].kind);
    EXPECT_EQ(part.place.bytes, parts[i].bytes);
    EXPECT_GE(part.place.offset, whole.place.offset);
    EXPECT_LE(part.place.offset + part.place.bytes, whole.place.offset + whole.place.bytes);
    EXPECT_EQ(part.place.offset % f.host->caps().partAlignmentBytes[static_cast<std::size_t>(part.kind)], 0U);
    EXPECT_EQ(f.hashAt(part.place), hashBytes(parts[i].source.data()));
  }
  EXPECT_EQ(frame.find(block, PartId{3}).status, FindStatus::Stale);
}

TEST(Pool, OpenFrameKeepsTheOldBytesOfAnUpdatedBlock) {
  PoolFixture f;
  const auto first = pattern(7, 0, 1, 400);
  const auto second = pattern(7, 0, 2, 400);
  const BlockHandle block = f.add("mesh", first);
  f.stepAndPublish(2);

  const Frame before = f.pool->beginFrame();
  EXPECT_EQ(f.update(block, second).value(), 2U);
  f.stepAndPublish(8);
  const Frame after = f.pool->beginFrame();

  const PartLookup old = before.find(block, kPart);
  const PartLookup now = after.find(block, kPart);
  EXPECT_EQ(old.version, 1U);
  EXPECT_EQ(now.version, 2U);
  EXPECT_EQ(f.hashAt(old.place), hashBytes(first));
  EXPECT_EQ(f.hashAt(now.place), hashBytes(second));
}

TEST(Pool, UpdateOfOnePartCarriesTheOthersAlong) {
  PoolFixture f;
  const auto a = pattern(3, 0, 1, 300);
  const auto b = pattern(3, 1, 1, 200);
  const std::array parts{PartDesc{PartKind::Vertex, 300, Source::bytes(a)},
                         PartDesc{PartKind::Storage, 200, Source::bytes(b)}};
  const BlockHandle block = f.pool->add(test::blockDesc("object", parts)).value();
  f.stepAndPublish(2);
  const auto b2 = pattern(3, 1, 2, 200);
  ASSERT_TRUE(f.update(block, b2, PartId{1}));
  f.stepAndPublish(2);

  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(block, PartId{0}).version, 2U);
  EXPECT_EQ(f.hashAt(frame.find(block, PartId{0}).place), hashBytes(a));
  EXPECT_EQ(f.hashAt(frame.find(block, PartId{1}).place), hashBytes(b2));
  EXPECT_EQ(f.pool->stats().copiedBytes, 300U);
}

TEST(Pool, UpdatesBeforeTheFirstUploadAreMergedAndShownInOrder) {
  PoolFixture f(Completion::Delayed);
  const auto first = pattern(5, 0, 1, 64);
  const BlockHandle block = f.add("mesh", first);
  ASSERT_TRUE(f.update(block, pattern(5, 0, 2, 64)));
  ASSERT_EQ(f.update(block, pattern(5, 0, 3, 64)).value(), 3U);
  ContentVersion last = 0;
  for (int i = 0; i < 12; ++i) {
    f.stepAndPublish();
    const Frame frame = f.pool->beginFrame();
    const auto found = frame.find(block, kPart);
    if (!found.drawable()) continue;
    EXPECT_GE(found.version, last);
    EXPECT_NE(found.version, 2U) << "superseded before anybody saw it";
    EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(5, 0, found.version, 64)));
    last = found.version;
  }
  EXPECT_EQ(last, 3U);
}

TEST(Pool, RemovedHandleIsRefusedByTheNextSnapshotAndStaysGoodInTheOpenFrame) {
  PoolFixture f;
  const auto bytes = pattern(9, 0, 1, 128);
  const BlockHandle block = f.add("mesh", bytes);
  f.stepAndPublish(2);
  const Frame open = f.pool->beginFrame();
  ASSERT_TRUE(f.pool->remove(block));
  f.stepAndPublish(6);

  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Stale);
  ASSERT_EQ(open.find(block).status, FindStatus::Resident);
  EXPECT_EQ(f.hashAt(open.find(block, kPart).place), hashBytes(bytes));
  EXPECT_EQ(f.pool->remove(block).error().code, ErrorCode::StaleHandle);
  EXPECT_EQ(f.update(block, bytes).error().code, ErrorCode::StaleHandle);
  EXPECT_EQ(f.pool->requestedVersion(block), 0U);
}

TEST(Pool, MemoryIsReusedOnlyWhenFramesAndQueuesAreDone) {
  PoolFixture f(Completion::Manual);
  const auto advanceCopies = [&] { f.host->complete(kCopyQueue, f.host->submittedValue(kCopyQueue)); };
  const auto bytes = pattern(2, 0, 1, 4096);
  const BlockHandle block = f.add("mesh", bytes);
  f.stepAndPublish();
  advanceCopies();
  f.stepAndPublish();

  Frame frame = f.pool->beginFrame();
  const Place place = frame.find(block, kPart).place;
  ASSERT_NE(place.bytes, 0U);
  std::uint64_t seen = 0;
  const HostRead read{place.chunk, place.offset, place.bytes, &seen};
  const TimelineValue value = f.host->submitReads(kDrawQueue, {&read, 1}, frame.waits());
  frame.submitted(kDrawQueue, value);
  ASSERT_TRUE(f.pool->remove(block));
  f.stepAndPublish(5);
  EXPECT_EQ(f.pool->stats().retiredBytes, 4096U) << "the frame is open";
  frame.end();
  f.stepAndPublish(5);
  EXPECT_EQ(f.pool->stats().retiredBytes, 4096U) << "the queue has not passed its last use";
  f.host->complete(kDrawQueue, value);
  f.stepAndPublish();
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(seen, hashBytes(bytes));
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(Pool, TagOfAFrameThatSubmitsAfterTheRemovalCounts) {
  // "Wrong tag": the tags are read when stage 1 passes, not when the block is removed.
  PoolFixture f(Completion::Manual);
  const BlockHandle block = f.add("mesh", pattern(2, 0, 1, 256));
  f.stepAndPublish();
  f.host->complete(kCopyQueue, 1);
  f.stepAndPublish();
  Frame frame = f.pool->beginFrame();
  const Place place = frame.find(block, kPart).place;
  ASSERT_TRUE(f.pool->remove(block));
  f.stepAndPublish(3);
  const HostRead read{place.chunk, place.offset, place.bytes, nullptr};
  const TimelineValue value = f.host->submitReads(kDrawQueue, {&read, 1}, frame.waits());
  frame.submitted(kDrawQueue, value);
  frame.end();
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->stats().retiredBytes, 256U);
  f.host->complete(kDrawQueue, value);
  f.stepAndPublish();
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

TEST(Pool, ReclaimsWithoutAnyFrame) {
  PoolFixture f;
  for (int round = 0; round < 200; ++round) {
    const BlockHandle block = f.add("mesh", pattern(1, 0, 1, 60000));
    f.stepAndPublish();
    ASSERT_TRUE(f.pool->remove(block));
  }
  f.stepAndPublish(4);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_LE(f.pool->stats().peakReservedBytes, 2 * kMiB);
}

TEST(Pool, PublishNeverWaitsForSlowFrames) {
  PoolFixture f;
  const BlockHandle block = f.add("mesh", pattern(1, 0, 1, 64));
  f.stepAndPublish(2);
  Frame slow = f.pool->beginFrame();
  f.add("other", pattern(2, 0, 1, 64));
  f.pool->publish();
  const Frame slower = f.pool->beginFrame();
  const SnapshotNumber seen = slow.snapshot();
  bool deferred = false;
  for (std::uint32_t version = 2; version < 12; ++version) {
    ASSERT_TRUE(f.update(block, pattern(1, 0, version, 64)));
    ASSERT_TRUE(f.pool->step());
    deferred = f.pool->publish().deferred || deferred;
  }
  EXPECT_TRUE(deferred);
  EXPECT_EQ(slow.snapshot(), seen);
  EXPECT_EQ(slow.find(block, kPart).version, 1U);
  EXPECT_EQ(f.hashAt(slow.find(block, kPart).place), hashBytes(pattern(1, 0, 1, 64)));
  slow.end();
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().find(block, kPart).version, 11U);
}

TEST(Pool, NothingChangedPublishesNothing) {
  PoolFixture f;
  f.add("mesh", pattern(1, 0, 1, 64));
  f.stepAndPublish(3);
  const SnapshotNumber before = f.pool->stats().published;
  f.stepAndPublish(10);
  EXPECT_EQ(f.pool->stats().published, before);
}

TEST(Pool, AbsentBlockFindsItsFallbackInTheSameSnapshot) {
  PoolFixture f(Completion::Manual);
  const BlockHandle cube = f.add("cube", pattern(1, 0, 1, 96));
  f.stepAndPublish();
  f.host->complete(kCopyQueue, 1);
  f.stepAndPublish();

  const auto bytes = pattern(2, 0, 1, 64);
  const PartDesc part{PartKind::Vertex, 64, Source::bytes(bytes)};
  BlockDesc desc = test::blockDesc("house", {&part, 1});
  desc.fallback = cube;
  const BlockHandle house = f.pool->add(desc).value();
  f.stepAndPublish();
  const Frame frame = f.pool->beginFrame();
  const auto found = frame.find(house, kPart);
  EXPECT_EQ(found.status, FindStatus::Fallback);
  EXPECT_EQ(found.block, cube);
  EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(1, 0, 1, 96)));
}

TEST(Pool, ForgedHandlesAreRefused) {
  PoolFixture f;
  const BlockHandle block = f.add("mesh", pattern(1, 0, 1, 64));
  f.stepAndPublish(2);
  const Frame frame = f.pool->beginFrame();
  for (const BlockHandle forged :
       {BlockHandle{}, BlockHandle{0, 1}, BlockHandle{block.index, block.generation + 1},
        BlockHandle{block.index, block.generation - 1}, BlockHandle{block.index + 1, 1}, BlockHandle{0xFFFFFFFF, 1}}) {
    EXPECT_EQ(frame.find(forged).status, FindStatus::Stale);
    EXPECT_EQ(f.pool->remove(forged).error().code, ErrorCode::StaleHandle);
  }
}

TEST(Pool, CallbackSourceIsAskedOverSeveralStepsWithinTheQuota) {
  PoolFixture f;
  struct Context {
    std::vector<std::byte> bytes;
    ByteCount asked = 0;
  } context{pattern(4, 0, 1, 200000), 0};
  const FillFunction fill = [](void* c, const FillRequest& request) {
    auto& self = *static_cast<Context*>(c);
    EXPECT_EQ(request.tag, 77U);
    EXPECT_EQ(request.offset, self.asked) << "pieces come in order, without gaps";
    std::copy_n(self.bytes.begin() + static_cast<std::ptrdiff_t>(request.offset), request.destination.size(),
                request.destination.begin());
    self.asked += request.destination.size();
    return true;
  };
  const PartDesc part{PartKind::Vertex, 200000, Source::callback(fill, &context, 77)};
  const BlockHandle block = f.pool->add(test::blockDesc("terrain", {&part, 1})).value();
  StepQuota quota;
  quota.uploadBytes = 30000;
  int steps = 0;
  while (context.asked < 200000) {
    const ByteCount before = context.asked;
    ASSERT_TRUE(f.pool->step(quota));
    EXPECT_LE(context.asked - before, 30000U);
    ++steps;
    ASSERT_LT(steps, 50);
  }
  EXPECT_GE(steps, 7);
  f.stepAndPublish(2);
  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(f.hashAt(frame.find(block, kPart).place), hashBytes(context.bytes));
}

TEST(Pool, FailedSourceMakesANewBlockLostAndKeepsAnOldOne) {
  PoolFixture f;
  const FillFunction fail = [](void*, const FillRequest&) { return false; };
  const PartDesc bad{PartKind::Vertex, 64, Source::callback(fail, nullptr)};
  const BlockHandle lost = f.pool->add(test::blockDesc("broken", {&bad, 1})).value();
  const BlockHandle kept = f.add("kept", pattern(6, 0, 1, 64));
  Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->errors.size(), 1U);
  EXPECT_EQ(report->errors[0].code, ErrorCode::SourceFailed);
  EXPECT_EQ(report->errors[0].resourceName(), "broken");
  EXPECT_EQ(report->errors[0].handle, lost);
  EXPECT_NE(std::string_view{report->errors[0].where.file_name()}.find("pool_test"), std::string_view::npos);
  f.stepAndPublish(2);

  const PartUpdate update{kPart, Source::callback(fail, nullptr)};
  ASSERT_TRUE(f.pool->update(kept, {&update, 1}));
  report = f.pool->step();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->errors.size(), 1U);
  f.stepAndPublish(2);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U) << "the destination goes back although no record changed";
  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(lost, kPart).status, FindStatus::Lost);
  EXPECT_EQ(f.hashAt(frame.find(kept, kPart).place), hashBytes(pattern(6, 0, 1, 64)));

  ASSERT_TRUE(f.update(lost, pattern(6, 0, 2, 64))) << "new contents bring a lost block back";
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().find(lost, kPart).status, FindStatus::Resident);
}

TEST(Pool, StagingIsBoundedAndSaysWhenItIsFull) {
  PoolFixture f(Completion::Manual);
  const auto bytes = pattern(1, 0, 1, 60000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  int added = 0;
  Result<BlockHandle> last = BlockHandle{};
  while ((last = f.pool->add(test::blockDesc("mesh", {&part, 1})))) ++added;
  EXPECT_EQ(added, 4) << "four of five pages of 64 KiB";
  EXPECT_EQ(last.error().code, ErrorCode::StagingFull);
  EXPECT_EQ(last.error().resourceName(), "mesh");
  EXPECT_EQ(f.pool->stats().stagingBytes, 256 * kKiB);
  EXPECT_EQ(f.pool->stats().blocks, 4U);

  f.stepAndPublish();
  f.host->complete(kCopyQueue, f.host->submittedValue(kCopyQueue));
  f.stepAndPublish();
  EXPECT_TRUE(f.pool->add(test::blockDesc("mesh", {&part, 1})));
}

TEST(Pool, SupersededUpdatesDoNotFillTheStaging) {
  PoolFixture f(Completion::Immediate);
  const BlockHandle block = f.add("mesh", pattern(1, 0, 1, 256));
  f.stepAndPublish(2);
  for (std::uint32_t i = 0; i < 20000; ++i) {
    const Result<ContentVersion> version = f.update(block, pattern(1, 0, i + 2, 256));
    if (!version) {
      ASSERT_EQ(version.error().code, ErrorCode::StagingFull);
      f.stepAndPublish();
      --i;
    }
  }
  EXPECT_LE(f.pool->stats().peakStagingBytes, 320 * kKiB);
  f.stepAndPublish(3);
  EXPECT_EQ(f.hashAt(f.pool->beginFrame().find(block, kPart).place), hashBytes(pattern(1, 0, 20001, 256)));
}

TEST(Pool, UpdatesThatWaitBehindABlocksFirstBytesLeaveThemStaging) {
  PoolFixture f(Completion::Immediate);
  const FillFunction zero = [](void*, const FillRequest& r) {
    std::fill(r.destination.begin(), r.destination.end(), std::byte{});
    return true;
  };
  constexpr std::uint32_t kParts = 6;
  constexpr std::size_t kBytes = 40000;  // a page each
  const std::vector<PartDesc> parts(kParts, PartDesc{PartKind::Vertex, kBytes, Source::callback(zero, nullptr)});
  const BlockHandle block = f.pool->add(test::blockDesc("mesh", parts)).value();
  std::uint32_t updated = 0;
  while (f.update(block, pattern(1, updated, 2, kBytes), PartId{updated})) ++updated;
  ASSERT_GT(updated, 0U);
  ASSERT_LT(updated, kParts) << "staging is full before all parts have had their turn";

  f.stepAndPublish(20);
  const Frame frame = f.pool->beginFrame();
  for (std::uint32_t i = 0; i < updated; ++i) {
    const auto found = frame.find(block, PartId{i});
    ASSERT_EQ(found.status, FindStatus::Resident);
    EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(1, i, 2, kBytes)));
  }
}

TEST(Pool, HardLimitIsKeptAndReported) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 1 * kMiB;
  PoolFixture f(Completion::Immediate, desc);
  const FillFunction zero = [](void*, const FillRequest& r) {
    std::fill(r.destination.begin(), r.destination.end(), std::byte{});
    return true;
  };
  const PartDesc part{PartKind::Vertex, 60000, Source::callback(zero, nullptr)};
  std::vector<BlockHandle> blocks;
  Result<BlockHandle> last = BlockHandle{};
  while ((last = f.pool->add(test::blockDesc("mesh", {&part, 1})))) {
    blocks.push_back(*last);
    ASSERT_LT(blocks.size(), 100U);
  }
  EXPECT_EQ(last.error().code, ErrorCode::OutOfBudget);
  EXPECT_LE(f.pool->stats().peakReservedBytes, 1 * kMiB);
  // Chunks of 64, 128, 256, 256, 256 KiB, and a last one of the 64 KiB that the limit still has.
  EXPECT_EQ(blocks.size(), 1U + 2U + 4U + 4U + 4U + 1U);
  EXPECT_EQ(f.pool->stats().reservedBytes, 1 * kMiB);
  ASSERT_TRUE(f.pool->remove(blocks[0]));
  EXPECT_GT(f.pool->add(test::blockDesc("mesh", {&part, 1})).error().numbers[1], 0U) << "retired bytes are told";
  f.stepAndPublish(3);
  EXPECT_TRUE(f.pool->add(test::blockDesc("mesh", {&part, 1})));
}

TEST(Pool, UpdateThatFindsNoRoomWaitsAndDoesNotHoldUpSmallerOnes) {
  PoolDesc desc = test::smallPool();
  desc.chunkBytes = desc.firstChunkBytes = 128 * kKiB;
  desc.hardLimitBytes = 128 * kKiB;
  PoolFixture f(Completion::Immediate, desc);
  const BlockHandle large = f.add("large", pattern(1, 0, 1, 60000));
  const BlockHandle filler = f.add("filler", pattern(2, 0, 1, 62000));
  const BlockHandle small = f.add("small", pattern(3, 0, 1, 64));
  f.stepAndPublish(2);
  ASSERT_TRUE(f.update(large, pattern(1, 0, 2, 60000)));
  ASSERT_TRUE(f.update(small, pattern(3, 0, 2, 64)));
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->waitingBlocks, 1U);
  f.stepAndPublish(2);
  EXPECT_EQ(f.pool->beginFrame().find(small, kPart).version, 2U);
  EXPECT_EQ(f.pool->beginFrame().find(large, kPart).version, 1U);

  ASSERT_TRUE(f.pool->remove(filler));
  f.stepAndPublish(6);
  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(large, kPart).version, 2U);
  EXPECT_EQ(f.hashAt(frame.find(large, kPart).place), hashBytes(pattern(1, 0, 2, 60000)));
}

TEST(Pool, DeviceAllocationsStayUnderTheDevicesNumber) {
  const auto host = HostDevice::create({.completion = Completion::Immediate, .maxAllocations = 4});
  const std::unique_ptr<Pool> pool = std::move(Pool::create(*host, test::smallPool()).value());
  const FillFunction zero = [](void*, const FillRequest& r) {
    std::fill(r.destination.begin(), r.destination.end(), std::byte{});
    return true;
  };
  const PartDesc part{PartKind::Vertex, 60000, Source::callback(zero, nullptr)};
  Result<BlockHandle> last = BlockHandle{};
  int added = 0;
  while ((last = pool->add(test::blockDesc("mesh", {&part, 1})))) ASSERT_LT(++added, 100);
  EXPECT_EQ(last.error().code, ErrorCode::TooManyChunks);
  EXPECT_EQ(pool->stats().chunks, 3U) << "one is left for staging";
  EXPECT_EQ(added, 1 + 2 + 4) << "blocks share chunks";
  for (int i = 0; i < 20; ++i) (void)pool->step();  // a second page is refused
  EXPECT_EQ(pool->stats().uploadedBytes, 7 * 60000U) << "so that the chunks can be filled";
}

TEST(Pool, IdleStepAsksTheDeviceOnceAndDoesNothing) {
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  const auto counted = FaultyDevice::create(*host);
  const std::unique_ptr<Pool> pool = std::move(Pool::create(*counted, test::smallPool()).value());
  const auto bytes = pattern(1, 0, 1, 32);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(pool->add(test::blockDesc("mesh", {&part, 1})));
    if (i % 100 == 0) {
      ASSERT_TRUE(pool->step());
    }
  }
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(pool->step());
    pool->publish();
  }
  const std::uint64_t before = counted->fallibleCalls();
  const Result<StepReport> report = pool->step();
  ASSERT_TRUE(report);
  EXPECT_EQ(counted->fallibleCalls(), before + 1);
  EXPECT_EQ(report->pieces + report->completedBlocks + report->chunksReleased + report->waitingBlocks, 0U);
  EXPECT_EQ(pool->publish().changes, 0U);
}

TEST(Pool, LongLivedBlocksHaveChunksOfTheirOwn) {
  PoolFixture f;
  const BlockHandle streaming = f.add("streaming", pattern(1, 0, 1, 64));
  const auto bytes = pattern(2, 0, 1, 64);
  const PartDesc part{PartKind::Vertex, 64, Source::bytes(bytes)};
  BlockDesc desc = test::blockDesc("ui", {&part, 1});
  desc.lifetime = Lifetime::LongLived;
  const BlockHandle ui = f.pool->add(desc).value();
  f.stepAndPublish(2);
  const Frame frame = f.pool->beginFrame();
  EXPECT_NE(frame.find(streaming).place.chunk, frame.find(ui).place.chunk);
}

TEST(Pool, EmptyChunksAreReleasedAndOneIsKept) {
  PoolFixture f;
  std::vector<BlockHandle> blocks;
  for (int i = 0; i < 40; ++i) {
    blocks.push_back(f.add("mesh", pattern(1, 0, 1, 60000)));
    f.stepAndPublish();
  }
  const std::uint32_t full = f.pool->stats().chunks;
  EXPECT_GT(full, 8U);
  for (const BlockHandle block : blocks) ASSERT_TRUE(f.pool->remove(block));
  f.stepAndPublish(100);
  EXPECT_EQ(f.pool->stats().chunks, full) << "hysteresis";
  f.stepAndPublish(200);
  EXPECT_EQ(f.pool->stats().chunks, 1U);
}

TEST(Pool, BadArgumentsAreNamedAndChangeNothing) {
  PoolFixture f;
  const PoolStats before = f.pool->stats();
  const auto bytes = pattern(1, 0, 1, 8);
  const PartDesc empty{PartKind::Vertex, 0, Source::bytes({})};
  const PartDesc wrong{PartKind::Vertex, 16, Source::bytes(bytes)};
  const PartDesc huge{PartKind::Vertex, 5 * kGiB,
                      Source::callback([](void*, const FillRequest&) { return true; }, nullptr)};
  EXPECT_EQ(f.pool->add(test::blockDesc("none", {})).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(f.pool->add(test::blockDesc("empty", {&empty, 1})).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(f.pool->add(test::blockDesc("wrong", {&wrong, 1})).error().resourceName(), "wrong");
  EXPECT_EQ(f.pool->add(test::blockDesc("huge", {&huge, 1})).error().code, ErrorCode::TooLarge);
  const PoolStats after = f.pool->stats();
  EXPECT_EQ(after.blocks, before.blocks);
  EXPECT_EQ(after.reservedBytes, before.reservedBytes);

  PoolDesc desc = test::smallPool();
  desc.chunkBytes = 100;
  EXPECT_EQ(Pool::create(*f.host, desc).error().resourceName(), "PoolDesc::chunkBytes");

  const BlockHandle block = f.add("mesh", bytes);
  EXPECT_EQ(f.update(block, pattern(1, 0, 1, 12)).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(f.update(block, bytes, PartId{1}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(f.pool->update(block, {}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(f.pool->requestedVersion(block), 1U);
}

TEST(Pool, BlocksBeyondTheLimitAreRefused) {
  PoolDesc desc = test::smallPool();
  desc.maxBlocks = 3;
  PoolFixture f(Completion::Immediate, desc);
  const auto bytes = pattern(1, 0, 1, 16);
  for (int i = 0; i < 3; ++i) f.add("mesh", bytes);
  const PartDesc part{PartKind::Vertex, 16, Source::bytes(bytes)};
  EXPECT_EQ(f.pool->add(test::blockDesc("fourth", {&part, 1})).error().code, ErrorCode::TooManyBlocks);
}

TEST(Pool, FrameBeforeTheFirstPublishSeesNothingAndHoldsUpNothing) {
  PoolFixture f;
  Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(frame);
  EXPECT_EQ(frame.snapshot(), 0U);
  const BlockHandle block = f.add("mesh", pattern(1, 0, 1, 64));
  f.stepAndPublish(4);
  EXPECT_EQ(frame.find(block).status, FindStatus::Stale);
  EXPECT_TRUE(frame.waits().empty());
  frame.submitted(kDrawQueue, 0);
  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Resident);
  frame.end();
  EXPECT_FALSE(frame);
}

}  // namespace
}  // namespace flux
