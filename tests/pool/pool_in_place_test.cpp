// Updates in place: only the bytes given move, nothing is published, and no submission meets a half of one.

#include "device/device_test_tools.hpp"
#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

namespace flux {
namespace {

using test::failsWith;
using test::kDrawQueue;
using test::pattern;
using test::PoolFixture;
using test::succeeds;
using Completion = HostDeviceDesc::Completion;

constexpr PartId kPart{0};
constexpr std::size_t kBytes = 1000;

/// A block of one part that is resident.
class PoolInPlace : public testing::Test {
 protected:
  PoolInPlace() : PoolInPlace(Completion::Immediate) {}
  explicit PoolInPlace(Completion completion) : f_(completion) {
    block_ = f_.add("mesh", bytes_);
    settle();
  }

  void settle() {
    for (int i = 0; i < 2; ++i) {
      f_.stepAndPublish();
      if (f_.host->submittedValue(kCopyQueue) > f_.host->completed(kCopyQueue)) {
        (void)f_.host->wait(kCopyQueue, f_.host->submittedValue(kCopyQueue), std::chrono::seconds{1});
      }
    }
    f_.stepAndPublish();
  }

  Result<void> overwrite(ByteOffset offset, ByteCount bytes, std::uint32_t seed) {
    const auto data = pattern(seed, 9, 9, bytes);
    const PartUpdate update{kPart, Source::bytes(data), offset, bytes};
    const Result<void> done = f_.pool->updateInPlace(block_, {&update, 1});
    if (done) std::ranges::copy(data, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
    return done;
  }

  [[nodiscard]] StepReport step() {
    const Result<StepReport> report = f_.pool->step();
    EXPECT_TRUE(succeeds(report));
    return report.value_or(StepReport{});
  }

  [[nodiscard]] PartLookup found() { return f_.pool->beginFrame().find(block_, kPart); }
  [[nodiscard]] std::uint64_t hash() { return f_.hashAt(found().place); }

  std::vector<std::byte> bytes_ = pattern(1, 0, 1, kBytes);
  PoolFixture f_;
  BlockHandle block_;
};

TEST_F(PoolInPlace, OnlyTheChangedBytesMoveAndNothingIsPublished) {
  const auto large = pattern(2, 0, 1, 4 * kMiB);
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  const auto pool = std::move(Pool::create(*host, {}).value());
  const PartDesc part{PartKind::Vertex, large.size(), Source::bytes(large)};
  const BlockHandle block = pool->add(test::blockDesc("large", {&part, 1})).value();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool->step());
    pool->publish();
  }
  const PartLookup before = pool->beginFrame().find(block, kPart);
  ASSERT_EQ(before.status, FindStatus::Resident);

  const auto changed = pattern(3, 0, 1, 64);
  const PartUpdate update{kPart, Source::bytes(changed), kMiB, 64};
  ASSERT_TRUE(pool->updateInPlace(block, {&update, 1}));
  const StepReport report = pool->step().value();
  EXPECT_EQ(report.uploadedBytes, 64U);
  EXPECT_EQ(report.copiedBytes, 0U);
  EXPECT_EQ(report.pieces, 1U);
  EXPECT_EQ(report.waitingBlocks, 0U);
  EXPECT_EQ(pool->publish().changes, 0U);
  ASSERT_TRUE(pool->step());

  const PartLookup after = pool->beginFrame().find(block, kPart);
  EXPECT_EQ(after.place.offset, before.place.offset);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(pool->requestedVersion(block), before.version);
  const auto bytes = host->bytes(after.place.chunk).subspan(after.place.offset);
  EXPECT_TRUE(std::ranges::equal(bytes.subspan(kMiB, 64), changed));
  EXPECT_TRUE(std::ranges::equal(bytes.first(kMiB), std::span(large).first(kMiB)));
  EXPECT_TRUE(std::ranges::equal(bytes.subspan(kMiB + 64, 64), std::span(large).subspan(kMiB + 64, 64)));
}

TEST_F(PoolInPlace, WaitsWhileAFrameIsSubmitting) {
  Frame submitting = f_.pool->beginFrame();
  const std::uint64_t before = hash();
  (void)submitting.waits();
  ASSERT_TRUE(overwrite(8, 8, 2));
  for (int i = 0; i < 3; ++i) {
    const StepReport report = step();
    EXPECT_EQ(report.heldBackBlocks, 1U);
    EXPECT_EQ(report.waitingBlocks, 1U);
    EXPECT_EQ(report.uploadedBytes, 0U);
  }
  EXPECT_EQ(hash(), before);
  submitting.end();
  const StepReport report = step();
  EXPECT_EQ(report.heldBackBlocks, 0U);
  EXPECT_EQ(report.uploadedBytes, 8U);
  (void)step();
  EXPECT_EQ(hash(), hashBytes(bytes_));
}

TEST_F(PoolInPlace, FramesThatOnlyRecordDoNotHoldItBack) {
  const Frame recording = f_.pool->beginFrame();
  const TimelineValue before = f_.host->submittedValue(kCopyQueue);
  ASSERT_TRUE(overwrite(8, 8, 2));
  EXPECT_EQ(step().uploadedBytes, 8U);
  ASSERT_EQ(recording.waits().size(), 1U);
  EXPECT_EQ(recording.waits()[0].value, before + 1) << "it submits later, and must see the bytes";
  EXPECT_EQ(recording.waits()[0].queue, kCopyQueue);
}

TEST_F(PoolInPlace, GoesBeforeOrAfterAnythingElseOfTheStepButNotTwice) {
  ASSERT_TRUE(overwrite(0, 400, 2));
  const auto other = pattern(5, 0, 1, 300);
  const BlockHandle added = f_.add("other", other);
  const StepReport report = step();
  EXPECT_EQ(report.uploadedBytes, 700U);
  EXPECT_EQ(report.pieces, 2U);
  EXPECT_EQ(step().uploadedBytes, 0U);
  f_.stepAndPublish(2);
  EXPECT_EQ(hash(), hashBytes(bytes_));
  EXPECT_EQ(f_.hashAt(f_.pool->beginFrame().find(added, kPart).place), hashBytes(other));
}

class PoolInPlaceManual : public PoolInPlace {
 protected:
  PoolInPlaceManual() : PoolInPlace(Completion::Manual) {}
};

TEST_F(PoolInPlaceManual, RunsOnTheDeviceAfterTheFramesInFlightAndBeforeTheNext) {
  const Place place = found().place;
  const std::uint64_t old = hashBytes(bytes_);
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  const auto draw = [&](std::uint64_t& hash) {
    Frame frame = f_.pool->beginFrame();
    const HostRead read{place.chunk, place.offset, place.bytes, &hash};
    frame.submitted(kDrawQueue, f_.host->submitReads(kDrawQueue, {&read, 1}, frame.waits()));
  };
  draw(first);
  ASSERT_TRUE(overwrite(8, 500, 2));
  EXPECT_EQ(step().uploadedBytes, 500U);
  draw(second);
  f_.host->complete(kCopyQueue, f_.host->submittedValue(kCopyQueue));  // may run, but waits for the first draw
  EXPECT_EQ(f_.hashAt(place), old);
  f_.host->complete(kDrawQueue, f_.host->submittedValue(kDrawQueue));
  EXPECT_EQ(first, old);
  EXPECT_EQ(second, hashBytes(bytes_));
}

TEST_F(PoolInPlace, WaitsForNoDrawThatIsSeenToBeDone) {
  // A queue of the device that nobody drives any more, but whose last value was seen, must not stop anything.
  {
    Frame frame = f_.pool->beginFrame();
    frame.submitted(kDrawQueue, f_.host->submitReads(kDrawQueue, {}, frame.waits()));
  }
  for (int i = 0; i < 3; ++i) (void)step();
  ASSERT_TRUE(overwrite(8, 8, 2));
  (void)step();
  (void)step();
  EXPECT_EQ(hash(), hashBytes(bytes_));
}

TEST_F(PoolInPlace, APinnedBlockMayBeOverwrittenAndKeepsItsPlace) {
  ASSERT_TRUE(f_.pool->pin(block_));
  const ByteOffset offset = found().place.offset;
  ASSERT_TRUE(overwrite(0, kBytes, 2));
  settle();
  EXPECT_EQ(found().place.offset, offset);
  EXPECT_EQ(hash(), hashBytes(bytes_));
  ASSERT_TRUE(f_.pool->unpin(block_));
}

TEST_F(PoolInPlace, FollowsTheFirstUploadOfItsBlock) {
  PoolFixture late(Completion::Delayed, test::smallPool(), 4);
  std::vector<std::byte> bytes = pattern(4, 0, 1, 256);
  const BlockHandle block = late.add("late", bytes);
  const auto data = pattern(5, 0, 1, 16);
  const PartUpdate update{kPart, Source::bytes(data), 32, 16};
  ASSERT_TRUE(late.pool->updateInPlace(block, {&update, 1}));
  std::ranges::copy(data, bytes.begin() + 32);
  EXPECT_EQ(late.pool->step()->uploadedBytes, 256U);
  late.stepAndPublish(16);
  const Frame frame = late.pool->beginFrame();
  EXPECT_EQ(frame.find(block).version, 1U);
  EXPECT_EQ(late.hashAt(frame.find(block, kPart).place), hashBytes(bytes));
}

TEST_F(PoolInPlace, AnUpdateOfTheBlockTakesAlongWhatWaits) {
  {
    const Frame submitting = f_.pool->beginFrame();
    (void)submitting.waits();
    ASSERT_TRUE(overwrite(0, 100, 2));
    (void)step();
    const auto data = pattern(3, 0, 0, 200);
    const PartUpdate update{kPart, Source::bytes(data), 48, 200};
    ASSERT_EQ(f_.pool->update(block_, {&update, 1}).value(), 2U);
    std::ranges::copy(data, bytes_.begin() + 48);
    ASSERT_TRUE(overwrite(240, 40, 4));
    f_.stepAndPublish(6);
  }
  EXPECT_EQ(found().version, 2U);
  EXPECT_EQ(hash(), hashBytes(bytes_));
}

TEST_F(PoolInPlace, FollowsAnUpdateThatIsOnItsWay) {
  PoolFixture late(Completion::Delayed, test::smallPool(), 3);
  const BlockHandle block = late.add("late", bytes_);
  late.stepAndPublish(6);
  std::vector<std::byte> bytes = pattern(6, 0, 1, kBytes);
  ASSERT_TRUE(late.update(block, bytes));
  ASSERT_TRUE(late.pool->step());
  const auto data = pattern(7, 0, 1, 16);
  const PartUpdate update{kPart, Source::bytes(data), 32, 16};
  ASSERT_TRUE(late.pool->updateInPlace(block, {&update, 1}));
  std::ranges::copy(data, bytes.begin() + 32);
  late.stepAndPublish(12);
  const Frame frame = late.pool->beginFrame();
  EXPECT_EQ(frame.find(block).version, 2U);
  EXPECT_EQ(late.hashAt(frame.find(block, kPart).place), hashBytes(bytes));
}

TEST_F(PoolInPlace, WhatWaitsIsDroppedWithItsBlockAndItsPart) {
  const Frame submitting = f_.pool->beginFrame();
  (void)submitting.waits();
  for (int i = 0; i < 20; ++i) {  // more than the staging takes, unless all of it is given back
    const auto large = pattern(4, 0, 1, 64 * kKiB);
    const BlockHandle block = f_.add("large", large);
    f_.stepAndPublish(3);
    const PartUpdate update{kPart, Source::bytes(large), 0, 64 * kKiB};
    ASSERT_TRUE(f_.pool->updateInPlace(block, {&update, 1})) << i;
    ASSERT_TRUE(f_.pool->remove(block));
    f_.stepAndPublish(2);
  }
  EXPECT_EQ(step().waitingBlocks, 0U);
}

TEST_F(PoolInPlace, PartsThatWereAddedAndMovedAreFoundWhereTheyAre) {
  const auto more = pattern(8, 0, 1, 333);
  const PartDesc part{PartKind::Index, more.size(), Source::bytes(more)};
  PartId id{};
  ASSERT_TRUE(f_.pool->addParts(block_, {&part, 1}, {&id, 1}));
  const auto data = pattern(9, 0, 1, 33);
  const PartUpdate tail{id, Source::bytes(data), 300, 33};  // ends where the part does, and not at a multiple of 4
  ASSERT_TRUE(f_.pool->updateInPlace(block_, {&tail, 1}));
  settle();
  settle();
  std::vector<std::byte> expected = more;
  std::ranges::copy(data, expected.begin() + 300);
  EXPECT_EQ(f_.hashAt(f_.pool->beginFrame().find(block_, id).place), hashBytes(expected));
  EXPECT_EQ(hash(), hashBytes(bytes_));
  ASSERT_TRUE(f_.pool->updateInPlace(block_, {&tail, 1}));
  ASSERT_TRUE(f_.pool->removeParts(block_, {&id, 1}));
  EXPECT_EQ(step().waitingBlocks, 0U);
}

TEST_F(PoolInPlace, LaterSourcesAreAskedWhenItGoesAndFailEachForItself) {
  int asked = 0;
  const auto fill = [](void* context, const FillRequest& request) {
    ++*static_cast<int*>(context);
    std::ranges::fill(request.destination, std::byte{0x77});
    return request.offset != 100;
  };
  const std::array updates{PartUpdate{kPart, Source::callback(fill, &asked), 0, 8},
                           PartUpdate{kPart, Source::callback(fill, &asked), 100, 8},
                           PartUpdate{kPart, Source::callback(fill, &asked), 200, 8}};
  {
    const Frame submitting = f_.pool->beginFrame();
    (void)submitting.waits();
    ASSERT_TRUE(f_.pool->updateInPlace(block_, updates));
    (void)step();
    EXPECT_EQ(asked, 0);
  }
  const StepReport report = step();
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(report.uploadedBytes, 16U);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_EQ(report.errors[0].code, ErrorCode::SourceFailed);
  EXPECT_EQ(report.errors[0].resourceName(), "mesh");
  (void)step();
  for (const std::size_t at : {0, 200})
    std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), 8, std::byte{0x77});
  EXPECT_EQ(hash(), hashBytes(bytes_));
}

TEST_F(PoolInPlace, LaterSourcesThatAreLargerThanAPageGoAtOnce) {
  PoolFixture f;
  const std::size_t size = 80 * kKiB;  // of pages of 64 KiB
  const BlockHandle block = f.add("large", pattern(1, 0, 1, size));
  f.stepAndPublish(3);
  const std::shared_ptr<std::byte[]> owned(new std::byte[size]);
  const auto bytes = pattern(2, 0, 1, size);
  std::ranges::copy(bytes, owned.get());
  const PartUpdate update{kPart, Source::owned(owned, size), 0, 0};
  ASSERT_TRUE(f.pool->updateInPlace(block, {&update, 1}));
  EXPECT_EQ(f.pool->step()->pieces, 2U);
  f.stepAndPublish();
  EXPECT_EQ(f.hashAt(f.pool->beginFrame().find(block, kPart).place), hashBytes(bytes));
}

TEST_F(PoolInPlace, ProducersAskForItAsWell) {
  Producer producer = f_.pool->makeProducer();
  const auto data = pattern(3, 0, 1, 64);
  const PartUpdate update{kPart, Source::bytes(data), 128, 64};
  ASSERT_TRUE(producer.updateInPlace(block_, {&update, 1}));
  EXPECT_EQ(step().uploadedBytes, 64U);
  (void)step();
  std::ranges::copy(data, bytes_.begin() + 128);
  EXPECT_EQ(hash(), hashBytes(bytes_));
  EXPECT_EQ(found().version, 1U);
}

TEST_F(PoolInPlace, WhatCannotBeIsRefused) {
  EXPECT_TRUE(failsWith(overwrite(kBytes - 4, 8, 2), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(overwrite(2, 4, 2), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(f_.pool->updateInPlace(block_, {}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(f_.pool->updateInPlace({}, {}), ErrorCode::StaleHandle));

  const PartDesc part{PartKind::Vertex, 8, Source::callback([](void*, const FillRequest&) { return false; }, nullptr)};
  const BlockHandle lost = f_.pool->add(test::blockDesc("lost", {&part, 1})).value();
  f_.stepAndPublish(2);
  const PartUpdate update{kPart, Source::bytes(std::span(bytes_).first(8))};
  EXPECT_TRUE(failsWith(f_.pool->updateInPlace(lost, {&update, 1}), ErrorCode::InvalidArgument));

  const auto fill = [](void*, const FillRequest&) { return true; };
  const std::size_t size = 100 * kKiB;  // staging has 320 KiB
  const BlockHandle large = f_.add("large", pattern(1, 0, 1, size));
  f_.stepAndPublish(3);
  const PartUpdate all{kPart, Source::callback(fill, nullptr)};
  EXPECT_TRUE(failsWith(f_.pool->updateInPlace(large, {&all, 1}), ErrorCode::TooLarge));
  const PartUpdate half{kPart, Source::callback(fill, nullptr), 0, size / 2};
  const Frame submitting = f_.pool->beginFrame();
  (void)submitting.waits();
  EXPECT_TRUE(succeeds(f_.pool->updateInPlace(large, {&half, 1})));
  EXPECT_TRUE(failsWith(f_.pool->updateInPlace(large, {&half, 1}), ErrorCode::StagingFull)) << "they go at once";

  f_.host->lose();
  (void)f_.pool->step();
  EXPECT_TRUE(failsWith(overwrite(0, 8, 2), ErrorCode::DeviceLost));
}

TEST_F(PoolInPlace, ARefusedSubmissionIsMadeAgain) {
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  for (const DeviceCall call : {DeviceCall::Submit, DeviceCall::SealStaging}) {
    const auto device = FaultyDevice::create(*host);
    const auto pool = std::move(Pool::create(*device, test::smallPool()).value());
    auto bytes = pattern(1, 0, 1, 512);
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    const BlockHandle block = pool->add(test::blockDesc("mesh", {&part, 1})).value();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(pool->step());
      pool->publish();
    }
    const auto data = pattern(2, 0, 1, 64);
    const PartUpdate update{kPart, Source::bytes(data), 64, 64};
    ASSERT_TRUE(pool->updateInPlace(block, {&update, 1}));
    device->failCall(call, 1, ErrorCode::DriverError, 2);
    EXPECT_TRUE(failsWith(pool->step(), ErrorCode::DriverError));
    EXPECT_TRUE(failsWith(pool->step(), ErrorCode::DriverError));
    EXPECT_EQ(pool->step()->uploadedBytes, 64U);
    ASSERT_TRUE(pool->step());
    std::ranges::copy(data, bytes.begin() + 64);
    const Place place = pool->beginFrame().find(block, kPart).place;
    EXPECT_EQ(hashBytes(host->bytes(place.chunk).subspan(place.offset, place.bytes)), hashBytes(bytes));
    EXPECT_EQ(pool->beginFrame().waits()[0].value, host->submittedValue(kCopyQueue));
  }
}

TEST_F(PoolInPlace, ABurstGoesInOneSubmissionAndTheNextStepIsEmpty) {
  constexpr std::size_t kBlocks = 500;
  constexpr std::size_t kUpdates = 100'000;
  constexpr std::size_t kBlockBytes = 64 * kKiB;
  const auto host = HostDevice::create({.completion = Completion::Immediate});
  const auto pool = std::move(Pool::create(*host, {}).value());
  std::vector<BlockHandle> blocks;
  const auto first = pattern(1, 0, 1, kBlockBytes);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const PartDesc part{PartKind::Storage, kBlockBytes, Source::bytes(first)};
    blocks.push_back(pool->add(test::blockDesc("block", {&part, 1})).value());
    if (i % 100 != 99) continue;
    ASSERT_TRUE(pool->step());
  }
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pool->step());
  pool->publish();
  ASSERT_EQ(pool->stats().uploadedBytes, kBlocks * kBlockBytes);

  std::mt19937 random(5);
  ByteCount bytes = 0;
  for (std::size_t i = 0; i < kUpdates; ++i) {
    const std::size_t size = 64 + random() % 113 * 4;  // 64 to 512
    const std::size_t offset = random() % ((kBlockBytes - 512) / 4) * 4;
    const PartUpdate update{kPart, Source::bytes(std::span(first).first(size)), offset, size};
    ASSERT_TRUE(succeeds(pool->updateInPlace(blocks[random() % kBlocks], {&update, 1})));
    bytes += size;
  }
  const TimelineValue before = host->submittedValue(kCopyQueue);
  StepReport report = pool->step({.uploadBytes = 128 * kMiB, .pieces = 400'000}).value();
  EXPECT_EQ(host->submittedValue(kCopyQueue), before + 1);
  EXPECT_EQ(report.waitingBlocks, 0U);
  EXPECT_LT(report.uploadedBytes, bytes) << "where they overlap, only the last one is sent";
  EXPECT_GT(report.uploadedBytes, bytes / 2);
  EXPECT_LE(pool->stats().peakStagingBytes, 64 * kMiB);
  report = pool->step().value();
  EXPECT_EQ(host->submittedValue(kCopyQueue), before + 1);
  EXPECT_EQ(report.pieces, 0U);
}

TEST_F(PoolInPlace, WorkOverTheQuotaGoesOnInTheNextStepBlockByBlock) {
  std::vector<BlockHandle> blocks;
  for (int i = 0; i < 6; ++i) blocks.push_back(f_.add("block", bytes_));
  settle();
  const auto data = pattern(2, 0, 1, kBytes);
  for (const BlockHandle block : blocks) {
    const PartUpdate update{kPart, Source::bytes(data)};
    ASSERT_TRUE(f_.pool->updateInPlace(block, {&update, 1}));
  }
  const auto next = [&](const StepQuota& quota) { return f_.pool->step(quota)->uploadedBytes; };
  EXPECT_EQ(next({.uploadBytes = 0}), 0U);
  EXPECT_EQ(next({.uploadBytes = 10}), kBytes) << "a block goes as a whole";
  EXPECT_EQ(next({.uploadBytes = 5 * kBytes}), 2 * kBytes) << "half is left to the rest";
  EXPECT_EQ(next({.pieces = 2}), kBytes);
  EXPECT_EQ(next({}), 2 * kBytes);
}

TEST_F(PoolInPlace, ShowsTheNewestVersionWhenWhatBroughtItHasGone) {
  const std::array parts{PartDesc{PartKind::Vertex, kBytes, Source::bytes(bytes_)},
                         PartDesc{PartKind::Index, kBytes, Source::bytes(bytes_)}};
  const BlockHandle block = f_.pool->add(test::blockDesc("block", parts)).value();
  settle();
  ASSERT_TRUE(f_.update(block, bytes_));
  const PartUpdate inPlace{PartId{1}, Source::bytes(bytes_)};
  ASSERT_TRUE(f_.pool->updateInPlace(block, {&inPlace, 1}));
  const PartId gone{0};
  ASSERT_TRUE(f_.pool->removeParts(block, {&gone, 1}));
  settle();
  EXPECT_EQ(f_.pool->beginFrame().find(block).version, f_.pool->requestedVersion(block));
}

// ---- A property: no submission meets a half ------------------------------------------------------------------

/// Blocks of two parts with stamps in several places, all of which each update writes anew. So what a submission reads
/// tells which update it met, and whether it met all of it.
class StampSimulation {
 public:
  static constexpr std::size_t kPartBytes = 600;
  static constexpr std::uint32_t kQueues = 3;

  explicit StampSimulation(std::uint32_t seed)
      : random_(seed),
        host_(HostDevice::create({.completion = Completion::Delayed,
                                  .maxDelayPolls = 7,
                                  .seed = seed,
                                  .queueCount = kQueues,
                                  .directWriteBytes = test::directBytesOf(seed)})),
        checked_(makeCheckedDevice(*host_)),
        pool_(std::move(Pool::create(*checked_, test::smallPool()).value())) {}

  void run(int operations) {
    for (std::uint32_t i = 0; i < 4; ++i) add();
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const std::uint32_t choice = below(100);
      if (choice < 35) {
        update();
      } else if (choice < 65) {
        step();
      } else if (choice < 80) {
        if (frames_.size() < 3) frames_.push_back({pool_->beginFrame(), {}});
      } else {
        submit();
      }
    }
    while (!frames_.empty()) submit();
    for (int i = 0; i < 60; ++i) step();
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      const Frame frame = pool_->beginFrame();
      for (std::uint32_t part = 0; part < 2; ++part) {
        const Place place = frame.find(blocks_[b].handle, PartId{part}).place;
        const auto now = hashBytes(host_->bytes(place.chunk).subspan(place.offset, place.bytes));
        ASSERT_EQ(stampOf(b, part, now), blocks_[b].stamp);
      }
    }
    EXPECT_TRUE(gpu_.empty());
    EXPECT_GT(met_, 100U);
    EXPECT_GT(heldBack_, 0U);
  }

 private:
  struct Model {
    BlockHandle handle;
    std::uint32_t stamp = 0;
    bool versioned = false;
    std::array<std::unordered_map<std::uint64_t, std::uint32_t>, 2> stamps;  ///< Of each part, by hash.
  };
  struct Read {
    std::size_t block = 0;
    std::uint32_t part = 0;
    std::uint64_t hash = 0;
  };
  /// All submissions of one frame.
  struct Submissions {
    std::vector<std::pair<QueueValue, std::unique_ptr<std::vector<Read>>>> parts;
  };
  struct OpenFrame {
    Frame frame;
    Submissions submissions;
  };

  std::uint32_t below(std::size_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  static std::vector<std::byte> content(std::size_t block, std::uint32_t part, std::uint32_t stamp) {
    auto bytes = pattern(static_cast<std::uint32_t>(block), part, 0, kPartBytes);
    for (const std::size_t at : {std::size_t{0}, std::size_t{256}, kPartBytes - 4}) std::memcpy(&bytes[at], &stamp, 4);
    return bytes;
  }
  void know(std::size_t block, std::uint32_t stamp) {
    for (std::uint32_t part = 0; part < 2; ++part) {
      blocks_[block].stamps[part][hashBytes(content(block, part, stamp))] = stamp;
    }
  }
  [[nodiscard]] std::optional<std::uint32_t> stampOf(std::size_t block, std::uint32_t part, std::uint64_t hash) const {
    const auto found = blocks_[block].stamps[part].find(hash);
    return found != blocks_[block].stamps[part].end() ? std::optional(found->second) : std::nullopt;
  }

  void add() {
    const std::size_t index = blocks_.size();
    const std::array bytes{content(index, 0, 0), content(index, 1, 0)};
    const std::array parts{PartDesc{PartKind::Storage, kPartBytes, Source::bytes(bytes[0])},
                           PartDesc{PartKind::Vertex, kPartBytes, Source::bytes(bytes[1])}};
    blocks_.emplace_back().handle = pool_->add(test::blockDesc("block", parts)).value();
    blocks_.back().versioned = index >= 2;
    know(index, 0);
  }

  void update() {
    const std::size_t index = below(blocks_.size());
    Model& model = blocks_[index];
    const std::uint32_t stamp = model.stamp + 1;
    std::array<std::byte, 4> bytes{};
    std::memcpy(bytes.data(), &stamp, 4);
    std::vector<PartUpdate> updates;
    for (std::uint32_t part = 0; part < 2; ++part) {
      for (const std::size_t at : {std::size_t{0}, std::size_t{256}, kPartBytes - 4}) {
        updates.push_back({PartId{part}, Source::bytes(bytes), at, 4});
      }
    }
    if (model.versioned && below(4) == 0) {
      ASSERT_TRUE(succeeds(pool_->update(model.handle, updates)));
    } else {
      ASSERT_TRUE(succeeds(pool_->updateInPlace(model.handle, updates)));
    }
    model.stamp = stamp;
    know(index, stamp);
  }

  void step() {
    const Result<StepReport> report = pool_->step();
    ASSERT_TRUE(succeeds(report));
    heldBack_ += report->heldBackBlocks;
    pool_->publish();
    while (!gpu_.empty() && std::ranges::all_of(gpu_.front().parts, [&](const auto& part) {
      return host_->completed(part.first.queue) >= part.first.value;
    })) {
      verify(gpu_.front());
      gpu_.pop_front();
    }
  }

  /// A list of one of the open frames, on some queue; now and then its last.
  void submit() {
    if (frames_.empty()) return;
    const std::size_t which = below(frames_.size());
    OpenFrame& open = frames_[which];
    if (below(6) != 0) {
      auto reads = std::make_unique<std::vector<Read>>();
      std::vector<HostRead> host;
      for (std::size_t b = 0; b < blocks_.size(); ++b) {
        for (std::uint32_t part = 0; part < 2; ++part) {
          const PartLookup found = open.frame.find(blocks_[b].handle, PartId{part});
          if (!found.drawable()) continue;
          reads->push_back({b, part, 0});
          host.push_back({found.place.chunk, found.place.offset, found.place.bytes, nullptr});
        }
      }
      for (std::size_t i = 0; i < host.size(); ++i) host[i].hash = &(*reads)[i].hash;
      const QueueId queue{1 + below(kQueues - 1)};
      const TimelineValue value = host_->submitReads(queue, host, open.frame.waits());
      open.frame.submitted(queue, value);
      open.submissions.parts.emplace_back(QueueValue{queue, value}, std::move(reads));
    }
    if (below(2) == 0) return;
    gpu_.push_back(std::move(open.submissions));
    frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void verify(const Submissions& frame) {
    std::vector<std::optional<std::uint32_t>> stamps(blocks_.size());
    for (const auto& [value, reads] : frame.parts) {
      for (const Read& read : *reads) {
        const auto stamp = stampOf(read.block, read.part, read.hash);
        ASSERT_TRUE(stamp.has_value()) << "a half of an update";
        if (!stamps[read.block]) stamps[read.block] = *stamp;
        ASSERT_EQ(*stamp, *stamps[read.block]) << "a frame meets the same bytes in all its submissions";
        ++met_;
      }
    }
  }

  std::mt19937 random_;
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<Device> checked_;
  std::unique_ptr<Pool> pool_;
  std::vector<Model> blocks_;
  std::vector<OpenFrame> frames_;
  std::deque<Submissions> gpu_;
  std::size_t met_ = 0;
  std::size_t heldBack_ = 0;
};

TEST(PoolInPlaceProperty, NoSubmissionMeetsAHalfAndAFrameMeetsTheSameInAll) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    StampSimulation simulation(seed);
    simulation.run(1500);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace flux
