// What waits before it is used again: slow frames, dead threads, late queues, lost devices.

#include "pool/pool_test_tools.hpp"

#include <functional>
#include <optional>
#include <set>
#include <thread>

namespace flux {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::kDrawQueue;
using test::pattern;
using test::PoolFixture;

constexpr PartId kPart{0};
constexpr QueueId kOtherQueue{2};

/// A pool whose device has two queues of the application.
struct Fixture : PoolFixture {
  explicit Fixture(HostDeviceDesc::Completion completion = HostDeviceDesc::Completion::Manual)
      : PoolFixture(completion) {
    pool.reset();
    host = HostDevice::create({.completion = completion, .queueCount = 3});
    pool = std::move(Pool::create(*host, test::smallPool()).value());
  }

  /// A resident block; `Manual` copies are let happen.
  BlockHandle resident(std::uint32_t seed) {
    const BlockHandle block = add("block", pattern(seed, 0, 1, 64));
    settle();
    return block;
  }
  void settle(int times = 3) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(pool->step());
      host->complete(kCopyQueue, host->submittedValue(kCopyQueue));
      pool->publish();
    }
  }
  [[nodiscard]] RetirementStats retirement() const { return pool->detailedStats().retirement; }
  /// A submission that reads the block when it completes.
  TimelineValue draw(Frame& frame, QueueId queue, BlockHandle block) {
    const Place place = frame.find(block).place;
    const HostRead read{place.chunk, place.offset, place.bytes, nullptr};
    return host->submitReads(queue, {&read, 1}, frame.waits());
  }
};

// ---- Frames ------------------------------------------------------------------------------------------------

TEST(LateFrames, OneThatStaysOpenIsNamedAndHoldsBackOnlyWhatItSees) {
  PoolFixture f;
  const BlockHandle still = f.add("still", pattern(1, 0, 1, 1000));
  const BlockHandle busy = f.add("busy", pattern(2, 0, 1, 1000));
  f.stepAndPublish(2);
  Frame late = f.pool->beginFrame("loading window");
  const auto began = Clock::now();
  ByteCount mostRetired = 0;
  std::uint64_t published = f.pool->stats().published;
  // Ten seconds, a hundred steps each.
  for (int i = 1; i <= 1000; ++i) {
    ASSERT_TRUE(f.update(busy, pattern(2, 0, static_cast<std::uint32_t>(i + 1), 1000)));
    const Result<StepReport> report = f.pool->step({}, began + i * 10ms);
    ASSERT_TRUE(report);
    if (i * 10ms <= 1s) {
      EXPECT_TRUE(report->lateFrames.empty()) << i;
    } else if (i * 10ms > 2s) {
      ASSERT_EQ(report->lateFrames.size(), 1U) << i;
      EXPECT_STREQ(report->lateFrames[0].label, "loading window");
      EXPECT_EQ(report->lateFrames[0].snapshot, late.snapshot());
      EXPECT_GE(report->lateFrames[0].age, 2s);
      EXPECT_NE(report->lateFrames[0].thread, 0U);
    }
    const PublishReport publish = f.pool->publish();
    EXPECT_FALSE(publish.deferred);
    mostRetired = std::max(mostRetired, f.pool->stats().retiredBytes);
    const Frame quick = f.pool->beginFrame("other window");
    ASSERT_GE(quick.find(busy, kPart).version + 3, static_cast<ContentVersion>(i));
  }
  EXPECT_GT(f.pool->stats().published, published + 900);
  EXPECT_LE(mostRetired, 8U * 1024) << "the place that the frame sees, and what is on its way; not a thousand places";
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  EXPECT_STREQ(f.pool->detailedStats().retirement.oldestFrame.label, "loading window");
  EXPECT_EQ(late.find(busy, kPart).version, 1U);
  EXPECT_EQ(f.hashAt(late.find(busy, kPart).place), hashBytes(pattern(2, 0, 1, 1000)));
  EXPECT_TRUE(late.find(still).drawable());
  late.end();
  f.stepAndPublish(2);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_TRUE(f.pool->step()->lateFrames.empty());
  EXPECT_EQ(f.host->earlyReclaims() + f.host->overwrites(), 0U);
}

TEST(LateFrames, TheFrameOfADeadThreadIsNamedAndHarmsNothingElse) {
  PoolFixture f;
  const BlockHandle block = f.add("block", pattern(1, 0, 1, 64));
  f.stepAndPublish(2);
  std::optional<Frame> orphan;
  std::jthread([&] { orphan = f.pool->beginFrame("crashed renderer"); }).join();
  for (std::uint32_t version = 2; version < 50; ++version) {
    ASSERT_TRUE(f.update(block, pattern(1, 0, version, 64)));
    f.stepAndPublish(2);
  }
  const Result<StepReport> report = f.pool->step({}, Clock::now() + 1h);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->lateFrames.size(), 1U);
  EXPECT_STREQ(report->lateFrames[0].label, "crashed renderer");
  EXPECT_EQ(f.pool->beginFrame().find(block).version, 49U);
  EXPECT_EQ(f.pool->stats().openFrames, 1U);
  orphan.reset();
  f.stepAndPublish(2);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

TEST(LateFrames, NestedAndOverlappingFramesEachKeepTheirSnapshot) {
  PoolFixture f;
  const BlockHandle block = f.add("block", pattern(1, 0, 1, 64));
  f.stepAndPublish(2);
  std::vector<Frame> frames;  // the windows of one thread, ended in another order than begun
  for (std::uint32_t version = 1; version <= 3; ++version) {
    frames.push_back(f.pool->beginFrame("window"));
    frames.push_back(f.pool->beginFrame("nested"));
    ASSERT_TRUE(f.update(block, pattern(1, 0, version + 1, 64)));
    f.stepAndPublish(3);
  }
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto version = static_cast<ContentVersion>(i / 2 + 1);
    EXPECT_EQ(frames[i].find(block).version, version);
    EXPECT_EQ(f.hashAt(frames[i].find(block, kPart).place), hashBytes(pattern(1, 0, version, 64)));
  }
  for (const std::size_t i : {3U, 0U, 5U, 1U, 4U, 2U}) frames[i].end();
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(f.pool->beginFrame().find(block).version, 4U);
}

TEST(Retiring, WithoutAnyFrameEverythingIsReclaimed) {
  PoolFixture f;
  BlockHandle block = f.add("block", pattern(1, 0, 1, 1000));
  f.stepAndPublish(2);
  ByteCount most = 0;
  for (std::uint32_t step = 0; step < 10'000; ++step) {
    if (step % 3 == 0) {
      ASSERT_TRUE(f.pool->remove(block));
      block = f.add("block", pattern(step, 0, 1, 1000));
    } else {
      ASSERT_TRUE(f.update(block, pattern(step, 0, 2, 1000)));
    }
    f.stepAndPublish();
    most = std::max(most, f.pool->stats().retiredBytes);
  }
  EXPECT_LE(most, 8U * 1024);
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

// ---- Submissions and queues --------------------------------------------------------------------------------

TEST(FrameFaults, ALateFrameMaySubmitLongAfterItsBlockWasRemoved) {
  Fixture f;
  const BlockHandle block = f.resident(1);
  Frame frame = f.pool->beginFrame();
  ASSERT_TRUE(f.pool->remove(block));
  f.settle(5);
  EXPECT_GT(f.retirement().forFramesBytes, 0U);
  frame.submitted(kDrawQueue, f.draw(frame, kDrawQueue, block));
  frame.end();
  f.settle(5);
  EXPECT_EQ(f.retirement().forFramesBytes, 0U);
  EXPECT_GT(f.retirement().forQueuesBytes, 0U);
  EXPECT_EQ(f.retirement().queue.queue, kDrawQueue);
  EXPECT_EQ(f.retirement().queue.value, 1U);
  f.host->complete(kDrawQueue, 1);
  f.settle(2);
  EXPECT_EQ(f.retirement().forQueuesBytes, 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(FrameFaults, AFrameThatNeverSubmitsHoldsNothingAfterItsEnd) {
  Fixture f;
  const BlockHandle block = f.resident(1);
  (void)f.pool->beginFrame();
  ASSERT_TRUE(f.pool->remove(block));
  f.settle(3);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

TEST(FrameFaults, AFrameMaySubmitTwiceAndReportOutOfOrder) {
  Fixture f;
  const BlockHandle block = f.resident(1);
  Frame frame = f.pool->beginFrame();
  const TimelineValue first = f.draw(frame, kDrawQueue, block);
  const TimelineValue second = f.draw(frame, kDrawQueue, block);
  frame.submitted(kDrawQueue, second);
  frame.submitted(kDrawQueue, first);
  frame.submitted(kDrawQueue, second);
  frame.end();
  ASSERT_TRUE(f.pool->remove(block));
  f.host->complete(kDrawQueue, first);
  f.settle(4);
  EXPECT_GT(f.pool->stats().retiredBytes, 0U);
  f.host->complete(kDrawQueue, second);
  f.settle(2);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(FrameFaults, SubmissionMayHappenOnAnotherThreadThanRecording) {
  Fixture f;
  const BlockHandle block = f.resident(1);
  Frame frame = f.pool->beginFrame();
  std::jthread([&] { frame.submitted(kDrawQueue, f.draw(frame, kDrawQueue, block)); }).join();
  std::jthread([moved = std::move(frame)]() mutable { moved.end(); }).join();
  ASSERT_TRUE(f.pool->remove(block));
  f.settle(4);
  EXPECT_GT(f.retirement().forQueuesBytes, 0U);
  f.host->complete(kDrawQueue, 1);
  f.settle(2);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(FrameFaults, QueuesMayFinishInAnyOrder) {
  for (const bool otherFirst : {false, true}) {
    Fixture f;
    const BlockHandle block = f.resident(1);
    Frame frame = f.pool->beginFrame();
    frame.submitted(kDrawQueue, f.draw(frame, kDrawQueue, block));
    frame.submitted(kOtherQueue, f.draw(frame, kOtherQueue, block));
    frame.end();
    ASSERT_TRUE(f.pool->remove(block));
    f.host->complete(otherFirst ? kOtherQueue : kDrawQueue, 1);
    f.settle(4);
    EXPECT_GT(f.retirement().forQueuesBytes, 0U);
    EXPECT_EQ(f.retirement().queue.queue, otherFirst ? kDrawQueue : kOtherQueue);
    f.host->complete(otherFirst ? kDrawQueue : kOtherQueue, 1);
    f.settle(2);
    EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
    EXPECT_EQ(f.host->earlyReclaims(), 0U);
  }
}

TEST(FrameFaults, AQueueThatNeverFinishesIsNamedAndNothingIsUsedTooEarly) {
  Fixture f;
  const BlockHandle stuck = f.resident(1);
  {
    Frame frame = f.pool->beginFrame();
    frame.submitted(kOtherQueue, f.draw(frame, kOtherQueue, stuck));
  }
  ASSERT_TRUE(f.pool->remove(stuck));
  f.settle(3);
  const RetirementStats stats = f.retirement();
  EXPECT_GT(stats.forQueuesBytes, 0U);
  EXPECT_EQ(stats.queue.queue, kOtherQueue);
  EXPECT_EQ(stats.queueCompleted, 0U);
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
  f.host->complete(kOtherQueue, 1);
  f.settle(2);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

TEST(Retiring, CollectReclaimsWithoutAStep) {
  Fixture f;
  const BlockHandle block = f.resident(1);
  ASSERT_TRUE(f.pool->remove(block));
  f.pool->publish();
  const ByteCount retired = f.pool->stats().retiredBytes;
  EXPECT_GT(retired, 0U);
  const Result<ByteCount> collected = f.pool->collect();
  ASSERT_TRUE(collected);
  EXPECT_EQ(*collected, retired);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  EXPECT_EQ(*f.pool->collect(), 0U);
}

TEST(Retiring, ARequestThatWouldFitButForRetiredBytesSaysSo) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 64 * kKiB;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const BlockHandle block = f.add("large", pattern(1, 0, 1, 60'000));
  f.stepAndPublish(2);
  const Frame frame = f.pool->beginFrame();
  ASSERT_TRUE(f.pool->remove(block));
  f.stepAndPublish(2);
  const auto bytes = pattern(2, 0, 1, 60'000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const Result<BlockHandle> refused = f.pool->add(test::blockDesc("next", {&part, 1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
  EXPECT_GE(refused.error().numbers[1], 60'000U) << "retired and pending";
}

// ---- A lost device -----------------------------------------------------------------------------------------

/// What a pool is in the middle of when its device goes.
struct LossCase {
  const char* name;
  std::function<void(Fixture&)> prepare;
};

const std::array kLossCases{
    LossCase{"nothing", [](Fixture&) {}},
    LossCase{"a block that waits for its first step", [](Fixture& f) { f.add("a", pattern(1, 0, 1, 64)); }},
    LossCase{"an upload in flight",
             [](Fixture& f) {
               f.add("a", pattern(1, 0, 1, 64));
               ASSERT_TRUE(f.pool->step());
             }},
    LossCase{"an upload that arrived and was not published",
             [](Fixture& f) {
               f.add("a", pattern(1, 0, 1, 64));
               ASSERT_TRUE(f.pool->step());
               f.host->complete(kCopyQueue, 1);
               ASSERT_TRUE(f.pool->step());
             }},
    LossCase{"a resident block", [](Fixture& f) { f.resident(1); }},
    LossCase{"an update that waits", [](Fixture& f) { ASSERT_TRUE(f.update(f.resident(1), pattern(1, 0, 2, 64))); }},
    LossCase{"an update in flight",
             [](Fixture& f) {
               ASSERT_TRUE(f.update(f.resident(1), pattern(1, 0, 2, 64)));
               ASSERT_TRUE(f.pool->step());
             }},
    LossCase{"updates behind an update in flight",
             [](Fixture& f) {
               const BlockHandle block = f.resident(1);
               ASSERT_TRUE(f.update(block, pattern(1, 0, 2, 64)));
               ASSERT_TRUE(f.pool->step());
               ASSERT_TRUE(f.update(block, pattern(1, 0, 3, 64)));
             }},
    LossCase{"a block removed during its upload",
             [](Fixture& f) {
               const BlockHandle block = f.add("a", pattern(1, 0, 1, 64));
               ASSERT_TRUE(f.pool->step());
               ASSERT_TRUE(f.pool->remove(block));
             }},
    LossCase{"a retired range that waits for a queue",
             [](Fixture& f) {
               const BlockHandle block = f.resident(1);
               Frame frame = f.pool->beginFrame();
               frame.submitted(kDrawQueue, f.draw(frame, kDrawQueue, block));
               frame.end();
               ASSERT_TRUE(f.pool->remove(block));
               f.settle(2);
             }},
    LossCase{"a pinned block", [](Fixture& f) { ASSERT_TRUE(f.pool->pin(f.resident(1))); }},
    LossCase{"a source that is asked over several steps",
             [](Fixture& f) {
               const auto size = std::size_t{200'000};
               const PartDesc part{PartKind::Vertex, size, Source::owned(std::make_shared<std::byte[]>(size), size)};
               ASSERT_TRUE(f.pool->add(test::blockDesc("large", {&part, 1})));
               StepQuota quota;
               quota.uploadBytes = 50'000;
               ASSERT_TRUE(f.pool->step(quota));
             }},
    LossCase{"an instruction that waits",
             [](Fixture& f) {
               Producer producer = f.pool->makeProducer();
               const auto bytes = pattern(1, 0, 1, 64);
               const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
               ASSERT_TRUE(producer.add(test::blockDesc("asked", {&part, 1})));
             }},
};

class LostDevice : public testing::TestWithParam<std::size_t> {};

TEST_P(LostDevice, EverythingDrainsAndNothingIsNamedAsResident) {
  const LossCase& loss = kLossCases[GetParam()];
  SCOPED_TRACE(loss.name);
  for (const bool frameOpen : {false, true}) {
    Fixture f;
    const BlockHandle other = f.resident(9);
    loss.prepare(f);
    Frame open;
    if (frameOpen) open = f.pool->beginFrame("open");
    const bool drawableBefore = frameOpen && open.find(other).drawable();
    const std::uint32_t blocks = f.pool->stats().blocks;

    f.host->lose();
    const Result<StepReport> report = f.pool->step();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::DeviceLost);
    ASSERT_GE(f.pool->errors().size(), blocks) << "each block that is lost is named";
    for (std::uint32_t i = 0; i < blocks; ++i) {
      EXPECT_EQ(f.pool->errors()[i].code, ErrorCode::DeviceLost);
      EXPECT_NE(f.pool->errors()[i].resourceName(), "");
    }
    EXPECT_EQ(f.pool->errors()[0].handle, other);
    f.pool->publish();
    EXPECT_TRUE(f.pool->stats().deviceLost);

    // Nothing new, and what there was is lost by name, in every frame from now on.
    const auto bytes = pattern(1, 0, 1, 64);
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    EXPECT_EQ(f.pool->add(test::blockDesc("more", {&part, 1})).error().code, ErrorCode::DeviceLost);
    EXPECT_EQ(f.update(other, bytes).error().code, ErrorCode::DeviceLost);
    {
      const Frame frame = f.pool->beginFrame();
      EXPECT_EQ(frame.find(other).status, FindStatus::Lost);
      std::uint32_t lost = 0;
      for (std::uint32_t i = 1; i < frame.view().recordCount; ++i) {
        EXPECT_NE(frame.view().hot[i].state(), BlockState::Resident);
        EXPECT_NE(frame.view().hot[i].state(), BlockState::Absent);
        lost += frame.view().hot[i].state() == BlockState::Lost ? 1 : 0;
      }
      EXPECT_EQ(lost, blocks);
    }
    EXPECT_NE(f.pool->dump().find("\"lost\""), std::string::npos);

    // A frame of before still sees what it saw; what it holds comes free with its end.
    if (frameOpen) {
      EXPECT_EQ(open.find(other).drawable(), drawableBefore);
      for (int i = 0; i < 3; ++i) (void)f.pool->step();
      EXPECT_GT(f.pool->stats().retiredBytes, 0U);
      open.end();
    }
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(f.pool->step().error().code, ErrorCode::DeviceLost);
      EXPECT_EQ(f.pool->collect().error().code, ErrorCode::DeviceLost);
      f.pool->publish();
    }
    EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
    EXPECT_EQ(f.retirement().forFrames + f.retirement().forQueues, 0U);
    ASSERT_TRUE(f.pool->remove(other));
    (void)f.pool->step();
    f.pool->publish();
    (void)f.pool->step();
    EXPECT_EQ(f.pool->beginFrame().find(other).status, FindStatus::Stale);
    EXPECT_EQ(f.host->earlyReclaims(), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(InEachState, LostDevice, testing::Range(std::size_t{0}, kLossCases.size()));

TEST(LostDevice, SharedObjectsAreToldThatTheirDeviceIsGone) {
  Fixture f;
  struct Seen {
    int destroyed = 0;
    bool lost = false;
  } seen;
  const auto destroy = [](void* context, NativeHandle, bool deviceLost) {
    auto& s = *static_cast<Seen*>(context);
    ++s.destroyed;
    s.lost = deviceLost;
  };
  Shared<NativeHandle> object = f.pool->share({.object = 1, .destroy = destroy, .context = &seen, .name = "pipeline"});
  Frame frame = f.pool->beginFrame();
  frame.submitted(kDrawQueue, f.host->submitReads(kDrawQueue, {}, {}));
  object.reset();
  f.host->lose();
  (void)f.pool->step();
  EXPECT_EQ(seen.destroyed, 0) << "a frame that may have recorded with it is open";
  frame.end();
  (void)f.pool->step();
  EXPECT_EQ(seen.destroyed, 1);
  EXPECT_TRUE(seen.lost);
}

}  // namespace
}  // namespace flux
