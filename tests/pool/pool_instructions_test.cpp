// Shared handles, misses: what reaches the geometry thread from others beside instructions.

#include "pool/pool_test_tools.hpp"

#include <thread>

namespace flux {
namespace {

using test::kDrawQueue;
using test::pattern;
using test::PoolFixture;

/// An object of the application: counts how often it was destroyed.
struct Object {
  int destroyed = 0;
  bool deviceLost = false;
  std::thread::id on;

  static void destroy(void* context, NativeHandle object, bool deviceLost) {
    auto& self = *static_cast<Object*>(context);
    EXPECT_EQ(object, 42U);
    ++self.destroyed;
    self.deviceLost = deviceLost;
    self.on = std::this_thread::get_id();
  }
  [[nodiscard]] ObjectDesc desc() { return {.object = 42, .destroy = destroy, .context = this, .name = "texture"}; }
};

TEST(SharedObjects, OneThatWasNeverUsedGoesWithTheNextStep) {
  PoolFixture f;
  f.stepAndPublish();
  Object object;
  Shared<NativeHandle> handle = f.pool->share(object.desc());
  EXPECT_EQ(*handle, 42U);
  f.stepAndPublish(3);
  EXPECT_EQ(object.destroyed, 0);
  handle.reset();
  EXPECT_EQ(object.destroyed, 0);
  ASSERT_TRUE(f.pool->step());
  EXPECT_EQ(object.destroyed, 1);
  f.stepAndPublish(3);
  EXPECT_EQ(object.destroyed, 1);
}

TEST(SharedObjects, WaitsForTheLastSubmissionThatUsedIt) {
  PoolFixture f(HostDeviceDesc::Completion::Manual);
  Object object;
  Shared<NativeHandle> handle = f.pool->share(object.desc());
  for (TimelineValue value = 1; value <= 7; ++value) {
    Frame frame = f.pool->beginFrame();
    const TimelineValue submitted = f.host->submitReads(kDrawQueue, {}, frame.waits());
    ASSERT_EQ(submitted, value);
    if (value == 5 || value == 7) frame.submitted(kDrawQueue, submitted);
  }
  handle.reset();
  for (const TimelineValue done : {4U, 6U}) {
    f.host->complete(kDrawQueue, done);
    f.stepAndPublish(3);
    EXPECT_EQ(object.destroyed, 0) << done;
  }
  f.host->complete(kDrawQueue, 7);
  ASSERT_TRUE(f.pool->step());
  EXPECT_EQ(object.destroyed, 1);
}

TEST(SharedObjects, WaitsForFramesThatWereOpenAtTheDropButNotForLaterOnes) {
  PoolFixture f;
  f.stepAndPublish();
  Object object;
  Shared<NativeHandle> handle = f.pool->share(object.desc());
  Frame before = f.pool->beginFrame();
  handle.reset();
  ASSERT_TRUE(f.pool->step());
  const Frame after = f.pool->beginFrame();
  f.stepAndPublish(3);
  EXPECT_EQ(object.destroyed, 0);
  EXPECT_EQ(f.pool->detailedStats().retirement.forFrames, 1U);
  before.end();
  ASSERT_TRUE(f.pool->step());
  EXPECT_EQ(object.destroyed, 1) << "a frame that began after the drop cannot know the object";
}

TEST(SharedObjects, IsDestroyedOnTheGeometryThreadWhoeverDropsIt) {
  PoolFixture f;
  Object object;
  Shared<NativeHandle> handle = f.pool->share(object.desc());
  std::jthread([copy = handle]() mutable { copy.reset(); }).join();
  f.stepAndPublish();
  EXPECT_EQ(object.destroyed, 0);
  std::jthread([last = std::move(handle)]() mutable { last.reset(); }).join();
  EXPECT_EQ(object.destroyed, 0);
  f.stepAndPublish();
  EXPECT_EQ(object.destroyed, 1);
  EXPECT_EQ(object.on, std::this_thread::get_id());
}

TEST(SharedObjects, CollectAloneDoesNotCarryOutDropsButReclaimsThem) {
  PoolFixture f;
  f.stepAndPublish();
  Object object;
  Shared<NativeHandle> handle = f.pool->share(object.desc());
  Frame frame = f.pool->beginFrame();
  handle.reset();
  f.stepAndPublish();
  frame.end();
  ASSERT_TRUE(f.pool->collect());
  EXPECT_EQ(object.destroyed, 1);
}

TEST(SharedObjects, ThePoolDestroysWhatIsLeftAndLaterDropsFindItGone) {
  std::array<Object, 3> objects;
  Shared<NativeHandle> kept;
  {
    PoolFixture f;
    kept = f.pool->share(objects[0].desc());
    f.pool->share(objects[1].desc()).reset();  // dropped, not carried out
    Shared<NativeHandle> waiting = f.pool->share(objects[2].desc());
    const Frame frame = f.pool->beginFrame();
    waiting.reset();
    f.stepAndPublish();
    EXPECT_EQ(objects[2].destroyed, 0);
  }
  for (const Object& object : objects) EXPECT_EQ(object.destroyed, 1);
  kept.reset();
  EXPECT_EQ(objects[0].destroyed, 1);
}

TEST(SharedObjects, TenThousandDroppedOnManyThreadsAreAllDestroyedOnce) {
  PoolFixture f;
  std::vector<Object> objects(10'000);
  std::vector<Shared<NativeHandle>> handles;
  for (Object& object : objects) handles.push_back(f.pool->share(object.desc()));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([copies = handles]() mutable { copies.clear(); });
    }
    handles.clear();
    for (int i = 0; i < 20; ++i) f.stepAndPublish();
  }
  f.stepAndPublish();
  for (const Object& object : objects) ASSERT_EQ(object.destroyed, 1);
  EXPECT_EQ(f.pool->detailedStats().retirement.forFrames + f.pool->detailedStats().retirement.forQueues, 0U);
}

TEST(SharedBlocks, TheLastDropGivesUpTheOwner) {
  PoolFixture f;
  const BlockHandle block = f.add("rock", pattern(1, 0, 1, 64));
  Shared<BlockHandle> shared = f.pool->share(block);
  Shared<BlockHandle> other = shared;
  f.stepAndPublish(2);
  shared.reset();
  f.stepAndPublish(2);
  EXPECT_TRUE(f.pool->beginFrame().find(*other).drawable());
  ASSERT_TRUE(f.pool->retain(block));  // an owner of its own
  other.reset();
  f.stepAndPublish(2);
  EXPECT_TRUE(f.pool->beginFrame().find(block).drawable());
  ASSERT_TRUE(f.pool->release(block));
  f.stepAndPublish(2);
  EXPECT_FALSE(f.pool->beginFrame().find(block).drawable());
}

TEST(SharedBlocks, ADropRunsAfterEveryInstructionBeforeIt) {
  PoolFixture f;
  Producer producer = f.pool->makeProducer();
  const auto bytes = pattern(1, 0, 1, 64);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const BlockHandle block = producer.add(test::blockDesc("rock", {&part, 1})).value();
  Shared<BlockHandle> shared = f.pool->share(block);
  for (std::uint32_t version = 2; version < 6; ++version) {
    const auto next = pattern(1, 0, version, 64);
    const PartUpdate update{PartId{0}, Source::bytes(next)};
    ASSERT_TRUE(producer.update(block, {&update, 1}));
  }
  shared.reset();
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->instructions, 5U);
  EXPECT_TRUE(report->errors.empty()) << "an instruction found its block gone";
  EXPECT_EQ(f.pool->stats().blocks, 0U);
}

TEST(SharedBlocks, ABlockThatIsGoneAlreadyIsReportedWithTheCallThatSharedIt) {
  PoolFixture f;
  const BlockHandle block = f.add("rock", pattern(1, 0, 1, 64));
  const std::source_location call = std::source_location::current();
  Shared<BlockHandle> shared = f.pool->share(block, call);
  ASSERT_TRUE(f.pool->remove(block));
  shared.reset();
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->errors.size(), 1U);
  EXPECT_EQ(report->errors[0].code, ErrorCode::StaleHandle);
  EXPECT_EQ(report->errors[0].handle, block);
  EXPECT_EQ(report->errors[0].where.line(), call.line());
}

TEST(Misses, AMissedBlockComesBeforeTheOthers) {
  PoolFixture f;
  std::vector<BlockHandle> blocks;
  const auto fill = [](void*, const FillRequest& request) {
    std::fill(request.destination.begin(), request.destination.end(), std::byte{1});
    return true;
  };
  const PartDesc part{PartKind::Vertex, 1000, Source::callback(fill, nullptr)};
  for (int i = 0; i < 40; ++i) blocks.push_back(f.pool->add(test::blockDesc("block", {&part, 1})).value());
  f.pool->publish();
  StepQuota quota;
  quota.uploadBytes = 4000;  // four a step
  {
    const Frame frame = f.pool->beginFrame();
    frame.miss(blocks[39], Priority::Low);
    frame.miss(blocks[38], Priority::High);
    frame.miss(blocks[37]);
    frame.miss(blocks[37]);
    frame.miss(BlockHandle{blocks[36].index, blocks[36].generation + 2});  // stale: ignored
  }
  const Result<StepReport> report = f.pool->step(quota);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->misses, 3U);
  ASSERT_TRUE(f.pool->request(blocks[30], Priority::High));
  ASSERT_TRUE(f.pool->step(quota));
  ASSERT_TRUE(f.pool->step(quota));
  f.pool->publish();
  const Frame frame = f.pool->beginFrame();
  std::vector<int> arrived;
  for (int i = 0; i < 40; ++i) {
    if (frame.find(blocks[static_cast<std::size_t>(i)]).drawable()) arrived.push_back(i);
  }
  EXPECT_EQ(arrived, (std::vector{0, 1, 2, 3, 30, 37, 38, 39}));
  EXPECT_EQ(f.pool->stats().misses, 3U);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(f.pool->step(quota));
    f.pool->publish();
  }
  for (const BlockHandle block : blocks)
    EXPECT_TRUE(f.pool->beginFrame().find(block).drawable()) << "each once, none lost";
  EXPECT_EQ(f.pool->step(quota)->waitingBlocks, 0U);
}

TEST(Uses, ThePoolKnowsHowLongAgoABlockWasDrawn) {
  PoolFixture f;
  const BlockHandle drawn = f.add("drawn", pattern(1, 0, 1, 64));
  const BlockHandle idle = f.add("idle", pattern(2, 0, 1, 64));
  f.stepAndPublish(2);
  EXPECT_FALSE(f.pool->framesSinceUse(drawn));
  f.pool->beginFrame().use(drawn);
  EXPECT_EQ(f.pool->framesSinceUse(drawn), 0U);
  (void)f.pool->beginFrame();
  (void)f.pool->beginFrame();
  EXPECT_EQ(f.pool->framesSinceUse(drawn), 2U);
  EXPECT_FALSE(f.pool->framesSinceUse(idle));
  EXPECT_FALSE(f.pool->framesSinceUse(BlockHandle{}));
  ASSERT_TRUE(f.pool->remove(drawn));
  EXPECT_FALSE(f.pool->framesSinceUse(drawn));
}

}  // namespace
}  // namespace flux
