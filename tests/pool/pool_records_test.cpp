#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace flux {
namespace {

using test::kDrawQueue;
using test::pattern;
using test::PoolFixture;
using Completion = HostDeviceDesc::Completion;

PoolDesc mirrored(std::uint32_t mirrors = 6) {
  PoolDesc desc = test::smallPool();
  desc.recordMirrors = mirrors;
  return desc;
}

struct Mirrors : PoolFixture {
  explicit Mirrors(Completion completion = Completion::Immediate, const PoolDesc& desc = mirrored())
      : PoolFixture(completion, desc) {}

  BlockHandle addSmall(std::uint32_t seed) { return add("small", pattern(seed, 0, 1, 64)); }

  /// The mirror once the copies submitted so far have happened.
  [[nodiscard]] std::vector<DeviceRecord> mirrorOf(const Frame& frame) const {
    (void)host->poll();
    const Place& place = frame.records();
    std::vector<DeviceRecord> records(place.bytes / sizeof(DeviceRecord));
    if (place.bytes != 0) std::memcpy(records.data(), host->bytes(place.chunk).data() + place.offset, place.bytes);
    return records;
  }

  [[nodiscard]] bool mirrorIsRight(const Frame& frame) const {
    return !mirrorOf(frame).empty() && hashAt(frame.records()) == test::hashOfExpectedRecords(frame);
  }

  void finishCopies() { host->complete(kCopyQueue, host->submittedValue(kCopyQueue)); }

  /// A frame whose draws read its mirror, and are not done yet; what they find is at `found`.
  TimelineValue draw(Frame frame, std::uint64_t& found) {
    const Place& place = frame.records();
    const HostRead read{place.chunk, place.offset, place.bytes, &found};
    const TimelineValue value = host->submitReads(kDrawQueue, {&read, 1}, frame.waits());
    frame.submitted(kDrawQueue, value);
    return value;
  }
};

TEST(PoolRecords, CostNothingUnlessTheyAreAskedFor) {
  PoolFixture f;
  f.add("block", pattern(1, 0, 1, 64));
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().records().bytes, 0U);
  EXPECT_EQ(f.pool->stats().recordMirrors, 0U);
  EXPECT_EQ(f.pool->detailedStats().classes[static_cast<std::size_t>(Lifetime::LongLived)].chunks, 0U);
}

TEST(PoolRecords, AnImpossibleNumberOfMirrorsIsRefused) {
  const auto host = HostDevice::create();
  for (const std::uint32_t mirrors : {1U, 9U}) {
    const auto pool = Pool::create(*host, mirrored(mirrors));
    ASSERT_FALSE(pool);
    EXPECT_EQ(pool.error().resourceName(), "PoolDesc::recordMirrors");
  }
  PoolDesc desc = mirrored();
  desc.stagingLimitBytes = 3 * desc.stagingPageBytes - 1;
  EXPECT_EQ(Pool::create(*host, desc).error().resourceName(), "PoolDesc::stagingLimitBytes");
  desc.stagingLimitBytes = 3 * desc.stagingPageBytes;
  EXPECT_TRUE(Pool::create(*host, desc));
}

TEST(PoolRecords, TellShadersWhatLookupsTell) {
  Mirrors f;
  EXPECT_EQ(f.pool->beginFrame().records().bytes, 0U) << "nothing has been published";
  const auto bytes = pattern(1, 0, 1, 300);
  const std::array parts{PartDesc{PartKind::Vertex, 300, Source::bytes(bytes)},
                         PartDesc{PartKind::Index, 40, Source::bytes(std::span(bytes).first(40))}};
  const BlockHandle cube = f.add("cube", bytes);
  BlockDesc desc = test::blockDesc("mesh", parts);
  desc.fallback = cube;
  const BlockHandle mesh = f.pool->add(desc).value();
  const BlockHandle gone = f.addSmall(2);
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->remove(gone));
  f.stepAndPublish();

  const Frame frame = f.pool->beginFrame();
  const std::vector<DeviceRecord> records = f.mirrorOf(frame);
  ASSERT_EQ(records.size(), 4U);
  const DeviceRecord& record = records[mesh.index];
  const Place block = frame.find(mesh).place;
  EXPECT_EQ(record.generation, mesh.generation);
  EXPECT_EQ(record.chunkAndState >> 12U, static_cast<std::uint32_t>(block.chunk));
  EXPECT_EQ(record.offsetUnits * kPlaceUnitBytes, block.offset);
  EXPECT_EQ(record.sizeUnits * kPlaceUnitBytes, block.bytes);
  EXPECT_EQ(record.fallback, cube);
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(block.offset + record.parts.offsetBytes[i], frame.find(mesh, PartId{i}).place.offset);
    EXPECT_EQ(record.parts.sizeBytes[i], parts[i].bytes);
  }
  EXPECT_EQ(record.parts.sizeBytes[2], 0U);
  EXPECT_NE(records[gone.index].generation, gone.generation) << "a removed block is refused";
  EXPECT_EQ(records[gone.index].address, 0U);
  EXPECT_TRUE(f.mirrorIsRight(frame));
}

TEST(PoolRecords, AMovedBlockIsFoundInItsNewPlaceByNewFramesOnly) {
  Mirrors f;
  const BlockHandle block = f.addSmall(1);
  f.stepAndPublish(2);
  const Frame before = f.pool->beginFrame();
  ASSERT_TRUE(f.update(block, pattern(1, 0, 2, 64)));
  f.stepAndPublish(3);
  const Frame after = f.pool->beginFrame();
  EXPECT_NE(f.mirrorOf(after)[block.index].offsetUnits, f.mirrorOf(before)[block.index].offsetUnits);
  EXPECT_TRUE(f.mirrorIsRight(before));
  EXPECT_TRUE(f.mirrorIsRight(after));
}

TEST(PoolRecords, APublishCopiesWhatHasChanged) {
  Mirrors f;
  std::vector<BlockHandle> blocks;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    blocks.push_back(f.addSmall(i));
    if (i % 100 == 0) f.stepAndPublish();
  }
  f.stepAndPublish(4);
  std::uint32_t mirrorsUsed = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(f.update(blocks[i * 7], pattern(i * 7, 0, 2, 64)));
    ASSERT_TRUE(f.pool->step());
    f.pool->publish();
    ASSERT_TRUE(f.pool->step());
    const PublishReport report = f.pool->publish();
    ASSERT_EQ(report.changes, 1U);
    mirrorsUsed = f.pool->stats().recordMirrors;
    EXPECT_GE(report.mirroredRecords, 1U);
    if (i > mirrorsUsed) {
      EXPECT_LE(report.mirroredRecords, mirrorsUsed) << "what was published since its last turn";
    }
    EXPECT_TRUE(f.mirrorIsRight(f.pool->beginFrame()));
  }
  EXPECT_LE(mirrorsUsed, 4U) << "they are made when they are needed";
}

TEST(PoolRecords, WithNothingToPublishNothingIsSubmitted) {
  Mirrors f;
  f.addSmall(1);
  f.stepAndPublish(4);
  const TimelineValue submitted = f.host->submittedValue(kCopyQueue);
  const PoolStats before = f.pool->stats();
  f.stepAndPublish(10);
  EXPECT_EQ(f.host->submittedValue(kCopyQueue), submitted);
  EXPECT_EQ(f.pool->stats().mirroredRecords, before.mirroredRecords);
}

TEST(PoolRecords, APublishIsPutOffWhileTheGpuReadsAllMirrors) {
  Mirrors f(Completion::Manual, mirrored(3));
  const BlockHandle block = f.addSmall(1);
  std::array<std::uint64_t, 8> found{};
  std::array<std::uint64_t, 8> expected{};
  std::array<TimelineValue, 8> values{};
  std::size_t frames = 0;
  const auto turn = [&](ContentVersion version) {
    EXPECT_TRUE(f.update(block, pattern(1, 0, version, 64)));
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(f.pool->step());
      f.finishCopies();
    }
    EXPECT_TRUE(f.pool->step());
    const PublishReport report = f.pool->publish();
    f.finishCopies();
    return report;
  };
  const auto drawFrame = [&] {
    Frame frame = f.pool->beginFrame();
    expected[frames] = test::hashOfExpectedRecords(frame);
    values[frames] = f.draw(std::move(frame), found[frames]);
    ++frames;
  };
  for (ContentVersion version = 2; version < 5; ++version) {
    const PublishReport report = turn(version);
    ASSERT_FALSE(report.deferred) << version;
    drawFrame();
  }
  const SnapshotNumber newest = f.pool->stats().published;
  PublishReport report = turn(5);
  EXPECT_TRUE(report.deferred) << "three snapshots are being drawn";
  EXPECT_FALSE(report.error);
  EXPECT_EQ(report.snapshot, newest);
  EXPECT_EQ(f.pool->beginFrame().snapshot(), newest);
  EXPECT_TRUE(turn(6).deferred);

  // A mirror waits for what had been submitted when no frame could name it any more: here, for one frame more.
  f.host->complete(kDrawQueue, values[1]);
  report = turn(7);
  EXPECT_FALSE(report.deferred) << "two frames are done";
  EXPECT_EQ(f.pool->stats().recordMirrors, 3U);
  EXPECT_TRUE(f.mirrorIsRight(f.pool->beginFrame()));
  drawFrame();
  f.host->complete(kDrawQueue, values[frames - 1]);
  for (std::size_t i = 0; i < frames; ++i) EXPECT_EQ(found[i], expected[i]) << i;
}

TEST(PoolRecords, AFrameWaitsForItsMirrorOnTheDevice) {
  Mirrors f(Completion::Manual);
  f.addSmall(1);
  ASSERT_TRUE(f.pool->step());
  f.finishCopies();
  ASSERT_TRUE(f.pool->step());
  f.pool->publish();  // its copies are still to come
  std::uint64_t found = 0;
  Frame frame = f.pool->beginFrame();
  const std::uint64_t expected = test::hashOfExpectedRecords(frame);
  const TimelineValue value = f.draw(std::move(frame), found);
  f.host->complete(kDrawQueue, value);
  EXPECT_EQ(found, 0U) << "the draw waits for the copies";
  f.finishCopies();
  EXPECT_EQ(found, expected);
}

TEST(PoolRecords, AFrameThatIsLateKeepsItsMirror) {
  Mirrors f;
  const BlockHandle block = f.addSmall(1);
  f.stepAndPublish(2);
  const Frame open = f.pool->beginFrame();
  const std::uint64_t expected = test::hashOfExpectedRecords(open);
  for (ContentVersion version = 2; version < 30; ++version) {
    ASSERT_TRUE(f.update(block, pattern(1, 0, version, 64)));
    f.stepAndPublish(2);
    ASSERT_EQ(f.hashAt(open.records()), expected) << version;
  }
  EXPECT_LE(f.pool->stats().recordMirrors, 4U) << "it keeps one, and the others take turns";
}

TEST(PoolRecords, AMirrorThatNobodyNeededForLongIsFilledOnTheDevice) {
  Mirrors f;
  std::vector<BlockHandle> blocks;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    blocks.push_back(f.addSmall(i));
    if (i % 100 == 0) f.stepAndPublish();
  }
  const auto changeOne = [&](std::uint32_t i) {
    EXPECT_TRUE(f.update(blocks[i], pattern(i, 0, 2, 64)));
    std::uint32_t most = 0;
    for (int step = 0; step < 3; ++step) {
      EXPECT_TRUE(f.pool->step());
      most = std::max(most, f.pool->publish().mirroredRecords);
    }
    return most;
  };
  const auto mirrors = [&] { return f.pool->stats().recordMirrors; };
  {
    const Frame open = f.pool->beginFrame();
    for (std::uint32_t i = 0; i < 5; ++i) changeOne(i);
  }
  const std::uint32_t made = mirrors();
  for (std::uint32_t i = 5; i < 700; ++i) EXPECT_LE(changeOne(i), made) << i;
  const Frame open = f.pool->beginFrame();
  for (std::uint32_t i = 700; i < 710; ++i) EXPECT_LE(changeOne(i), made) << "not the 700 that it missed";
  EXPECT_EQ(mirrors(), made) << "it has been used again";
  EXPECT_TRUE(f.mirrorIsRight(f.pool->beginFrame()));
}

TEST(PoolRecords, AMirrorLargerThanItsStagingIsFilledOverSeveralPublishes) {
  PoolDesc desc = mirrored();
  desc.stagingPageBytes = 4 * kKiB;
  desc.stagingLimitBytes = 64 * kKiB;  // 256 records at once
  desc.maxInstructions = 16;
  Mirrors f(Completion::Delayed, desc);
  std::vector<BlockHandle> blocks;
  const auto fill = pattern(1, 0, 1, 16);
  while (blocks.size() < 1500) {
    const PartDesc part{PartKind::Vertex, fill.size(), Source::bytes(fill)};
    const Result<BlockHandle> added = f.pool->add(test::blockDesc("tiny", {&part, 1}));
    if (added) blocks.push_back(*added);
    if (!added) {
      ASSERT_TRUE(f.pool->step());
    }
  }
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(f.pool->step());
  std::uint32_t putOff = 0;
  PublishReport report;
  for (std::uint32_t i = 0; (report = f.pool->publish()).deferred; ++i) {
    ASSERT_LT(i, 100U);
    ++putOff;
    EXPECT_FALSE(report.error);
    EXPECT_EQ(f.pool->beginFrame().snapshot(), 0U) << "no frame sees a mirror that is not whole";
    ASSERT_TRUE(f.update(blocks[i], fill)) << "what changes meanwhile gets into it, too";
    ASSERT_TRUE(f.pool->step());
  }
  EXPECT_GE(putOff, 5U);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(f.pool->step());
    f.pool->publish();
  }
  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(frame.view().recordCount, 1501U);
  EXPECT_TRUE(f.mirrorIsRight(frame));
}

TEST(PoolRecords, MirrorsGrowAndGiveTheirOldPlacesBack) {
  Mirrors f;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    f.addSmall(i);
    if (i % 50 == 0) f.stepAndPublish();
    if (i % 500 == 0) {
      ASSERT_TRUE(f.mirrorIsRight(f.pool->beginFrame())) << i;
    }
  }
  f.stepAndPublish(8);
  EXPECT_TRUE(f.mirrorIsRight(f.pool->beginFrame()));
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
  const ChunkClassStats chunks = f.pool->detailedStats().classes[static_cast<std::size_t>(Lifetime::LongLived)];
  EXPECT_LE(chunks.reservedBytes - chunks.freeBytes, f.pool->stats().recordMirrors * 4096 * sizeof(DeviceRecord));
}

TEST(PoolRecords, AMirrorThatDoesNotFitTheBudgetIsNamed) {
  PoolDesc desc = mirrored();
  desc.hardLimitBytes = 64 * kKiB;
  desc.firstChunkBytes = 64 * kKiB;
  desc.chunkBytes = desc.longLivedFirstChunkBytes = 64 * kKiB;
  Mirrors f(Completion::Immediate, desc);
  const std::vector<std::byte> bytes(64);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  ASSERT_FALSE(f.pool->add(test::blockDesc("block", {&part, 1}))) << "the mirrors have the only chunk";
  ASSERT_FALSE(f.pool->refusals().empty());
  EXPECT_EQ(f.pool->stats().blocks, 0U);
}

/// Publishing must not wait for memory, where memory waits for what only a publish lets retire.
void fillAndPublish(std::uint32_t mirrors, std::size_t framesOpen) {
  PoolDesc desc = mirrored(mirrors);
  desc.hardLimitBytes = 512 * kKiB;
  Mirrors f(Completion::Immediate, desc);
  const std::vector<std::byte> bytes(20'000);
  std::vector<BlockHandle> blocks;
  const auto add = [&](std::size_t size, Lifetime lifetime) {
    const PartDesc part{PartKind::Vertex, size, Source::bytes(std::span(bytes).first(size))};
    BlockDesc block = test::blockDesc("block", {&part, 1});
    block.lifetime = lifetime;
    const Result<BlockHandle> added = f.pool->add(block);
    if (added) blocks.push_back(*added);
    f.stepAndPublish();
    return added.has_value();
  };
  std::vector<Frame> frames;
  while (blocks.size() < 200) {
    ASSERT_TRUE(add(1600, Lifetime::Streaming));
    if (frames.size() < framesOpen) frames.push_back(f.pool->beginFrame());
  }
  for (const std::size_t size : {20'000U, 4'000U, 1'000U}) {
    for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
      while (blocks.size() < 250 && add(size, lifetime)) {
      }
    }
  }
  ASSERT_LT(blocks.size(), 250U) << "there is no room any more";
  for (int i = 0; i < 70; ++i) (void)add(16, Lifetime::Streaming);  // more than the mirrors that are there can have
  frames.clear();
  f.stepAndPublish();
  ASSERT_TRUE(f.pool->remove(blocks[0]));
  EXPECT_FALSE(f.pool->publish().deferred);
  f.stepAndPublish(4);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_TRUE(f.mirrorIsRight(f.pool->beginFrame()));
}

TEST(PoolRecords, AFullPoolCanStillPublish) {
  fillAndPublish(6, 0);
}
TEST(PoolRecords, AFullPoolCanStillPublishWhenFramesHadAllMirrors) {
  fillAndPublish(3, 3);
}

/// Mirrors on a device whose calls can be made to fail.
struct RefusingMirrors {
  [[nodiscard]] Result<BlockHandle> add() const {
    const auto bytes = pattern(1, 0, 1, 64);
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    return pool->add(test::blockDesc("block", {&part, 1}));
  }

  std::unique_ptr<HostDevice> host = HostDevice::create({.completion = Completion::Immediate});
  std::unique_ptr<FaultyDevice> faulty = FaultyDevice::create(*host);
  std::unique_ptr<Pool> pool = std::move(Pool::create(*faulty, mirrored()).value());
};

TEST(PoolRecords, AMirrorThatTheDeviceRefusesIsTriedAgain) {
  const RefusingMirrors f;
  const BlockHandle block = f.add().value();
  ASSERT_TRUE(f.pool->step());
  ASSERT_TRUE(f.pool->step());
  f.faulty->failCall(DeviceCall::Submit, 1, ErrorCode::OutOfDeviceMemory);
  const PublishReport refused = f.pool->publish();
  EXPECT_TRUE(refused.deferred);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code, ErrorCode::OutOfDeviceMemory);
  EXPECT_FALSE(f.pool->beginFrame().find(block).drawable());
  EXPECT_FALSE(f.pool->publish().deferred);
  EXPECT_TRUE(f.pool->beginFrame().find(block).drawable());
}

// What was staged for copies that were refused stayed in use, in the end all of the staging.
TEST(PoolRecords, CopiesThatAreRefusedAgainAndAgainTakeNoStaging) {
  const RefusingMirrors f;
  const BlockHandle block = f.add().value();
  ASSERT_TRUE(f.pool->step());
  ASSERT_TRUE(f.pool->step());
  for (std::size_t refusals = 0; refusals < 2 * f.pool->desc().stagingPageBytes / sizeof(DeviceRecord); ++refusals) {
    f.faulty->failCall(DeviceCall::Submit, 1, ErrorCode::DriverError);
    ASSERT_TRUE(f.pool->publish().deferred);
    ASSERT_TRUE(f.pool->step());
  }
  EXPECT_FALSE(f.pool->publish().deferred);
  EXPECT_TRUE(f.pool->beginFrame().find(block).drawable());
}

TEST(PoolRecords, DoNotOvertakeCopiesThatTheDeviceRefused) {
  const RefusingMirrors f;
  ASSERT_TRUE(f.add());
  f.faulty->failCall(DeviceCall::Submit, 1, ErrorCode::DriverError);
  ASSERT_FALSE(f.pool->step());
  const PublishReport report = f.pool->publish();
  EXPECT_TRUE(report.deferred);
  EXPECT_EQ(report.mirroredRecords, 0U);
  ASSERT_TRUE(f.pool->step());
  EXPECT_FALSE(f.pool->publish().deferred);
}

TEST(PoolRecords, GoWithALostDevice) {
  for (const bool frameOpen : {false, true}) {
    Mirrors f;
    const BlockHandle block = f.addSmall(1);
    f.stepAndPublish(3);
    ASSERT_TRUE(f.update(block, pattern(1, 0, 2, 64)));
    f.stepAndPublish(3);
    Frame open;
    if (frameOpen) open = f.pool->beginFrame();
    f.host->lose();
    EXPECT_FALSE(f.pool->step());
    EXPECT_FALSE(f.pool->publish().deferred);
    {
      const Frame frame = f.pool->beginFrame();
      EXPECT_EQ(frame.find(block).status, FindStatus::Lost);
      EXPECT_EQ(frame.records().bytes, 0U);
    }
    if (frameOpen) {
      EXPECT_NE(open.records().bytes, 0U);
    }
    open.end();
    for (int i = 0; i < 3; ++i) {
      (void)f.pool->step();
      f.pool->publish();
    }
    EXPECT_EQ(f.pool->stats().recordMirrors, 0U);
    EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
    const ChunkClassStats chunks = f.pool->detailedStats().classes[static_cast<std::size_t>(Lifetime::LongLived)];
    EXPECT_EQ(chunks.reservedBytes, chunks.freeBytes);
  }
}

}  // namespace
}  // namespace flux
