// What tools see of a pool; that all of it is right, the tests of the dump show, which is made from it.

#include "pool/pool_test_tools.hpp"

#include <flux/inspect.hpp>

#include <array>
#include <string>

namespace flux::test {
namespace {

class Counter final : public PoolVisitor {
 public:
  void openFrame(const OpenFrame& frame) override { frames.emplace_back(frame.label); }
  void chunk(const ChunkView& chunk) override {
    chunkBytes += chunk.bytes;
    freeBytes += chunk.freeBytes;
  }
  void block(const BlockView& block) override {
    blocks.push_back(block.block);
    if (block.place) takenBytes += block.place->bytes;
    if (block.move && !block.move->inGaps) takenBytes += block.move->to.bytes;
  }
  void retired(const RetiredView& view) override {
    if (!view.block) takenBytes += view.range.bytes;
    waits.push_back(view.waitsFor);
    snapshot = view.snapshot;
  }

  void mirror(const MirrorView& view) override {
    takenBytes += view.place.bytes;
    mirrors.push_back(view.snapshot);
  }

  std::vector<std::string> frames;
  std::vector<SnapshotNumber> mirrors;
  std::vector<BlockHandle> blocks;
  std::vector<WaitsFor> waits;
  SnapshotNumber snapshot = 0;
  ByteCount chunkBytes = 0;
  ByteCount freeBytes = 0;
  ByteCount takenBytes = 0;
};

struct InspectedPool {
  explicit InspectedPool(const PoolDesc& desc = smallPool()) {
    HostDeviceDesc host;
    host.completion = HostDeviceDesc::Completion::Immediate;
    device = HostDevice::create(host);
    pool = std::move(Pool::create(*device, desc).value());
  }
  BlockHandle add(const char* name) {
    const std::array parts{PartDesc{PartKind::Index, bytes.size(), Source::bytes(bytes)}};
    return pool->add({.name = name, .parts = parts}).value();
  }
  void step(int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(pool->step());
      pool->publish();
    }
  }
  Counter count() const {
    Counter counter;
    pool->inspect(counter);
    return counter;
  }

  std::vector<std::byte> bytes = pattern(1, 0, 1, 1000);
  std::unique_ptr<HostDevice> device;
  std::unique_ptr<Pool> pool;
};

TEST(PoolInspect, ShowsEveryBlockAndEveryByte) {
  InspectedPool world;
  const BlockHandle first = world.add("first");
  const BlockHandle second = world.add("second");
  Counter counter = world.count();
  EXPECT_EQ(counter.blocks, (std::vector{first, second}));
  EXPECT_EQ(counter.takenBytes + counter.freeBytes, counter.chunkBytes);
  world.step(3);
  counter = world.count();
  EXPECT_EQ(counter.chunkBytes, world.pool->stats().reservedBytes);
  EXPECT_EQ(counter.takenBytes + counter.freeBytes, counter.chunkBytes);
  EXPECT_TRUE(counter.waits.empty());
}

TEST(PoolInspect, SaysForWhomWhatHasRetiredWaits) {
  InspectedPool world;
  const BlockHandle unseen = world.add("unseen");
  const BlockHandle seen = world.add("seen");
  world.step(3);
  ASSERT_TRUE(world.pool->remove(unseen));
  EXPECT_EQ(world.count().waits, std::vector{WaitsFor::Publish});
  world.step(2);
  EXPECT_TRUE(world.count().waits.empty());
  Frame frame = world.pool->beginFrame("a frame");
  ASSERT_TRUE(world.pool->remove(seen));
  world.step(2);
  const Counter counter = world.count();
  EXPECT_EQ(counter.frames, std::vector<std::string>{"a frame"});
  EXPECT_EQ(counter.waits, std::vector{WaitsFor::Frames});
  EXPECT_EQ(counter.snapshot, frame.snapshot());
  EXPECT_EQ(counter.takenBytes + counter.freeBytes, counter.chunkBytes);
  frame.end();
  world.step(2);
  EXPECT_TRUE(world.count().waits.empty());
}

TEST(PoolInspect, ShowsWhereRecordsAreMirrored) {
  PoolDesc desc = smallPool();
  desc.recordMirrors = 3;
  InspectedPool world(desc);
  world.add("block");
  world.step(4);
  const Counter counter = world.count();
  EXPECT_FALSE(counter.mirrors.empty());
  EXPECT_EQ(std::ranges::max(counter.mirrors), world.pool->stats().published);
  EXPECT_EQ(counter.takenBytes + counter.freeBytes, counter.chunkBytes);
}

TEST(PoolInspect, ExplainsRefusals) {
  PoolDesc desc = smallPool();
  desc.hardLimitBytes = 512 * kKiB;
  InspectedPool world(desc);
  EXPECT_TRUE(world.pool->refusals().empty());
  world.step(1);
  EXPECT_FALSE(world.pool->reserve(kMiB));
  EXPECT_FALSE(world.pool->reserve(kMiB));
  const std::span<const Refusal> refusals = world.pool->refusals();
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].error.code, ErrorCode::OutOfBudget);
  EXPECT_EQ(refusals[0].times, 2U);
  EXPECT_EQ(refusals[0].firstStep, 1U);
  EXPECT_EQ(refusals[0].fit.outcome, FitOutcome::OverBudget);
}

TEST(PoolInspect, ShowsOneBlock) {
  InspectedPool world;
  const BlockHandle block = world.add("block");
  std::optional<BlockView> view = world.pool->inspect(block);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->name, "block");
  EXPECT_EQ(view->state, BlockState::Absent);
  EXPECT_EQ(view->liveBytes, 1000U);
  ASSERT_EQ(view->parts.size(), 1U);
  EXPECT_EQ(view->parts[0].kind, PartKind::Index);
  ASSERT_TRUE(view->move);
  EXPECT_EQ(view->move->allBytes, 1000U);
  world.step(3);
  view = world.pool->inspect(block);
  EXPECT_EQ(view->state, BlockState::Resident);
  EXPECT_EQ(view->version, 1U);
  EXPECT_TRUE(view->place);
  EXPECT_FALSE(view->move);
  ASSERT_TRUE(world.pool->remove(block));
  EXPECT_FALSE(world.pool->inspect(block));
  EXPECT_FALSE(world.pool->inspect(BlockHandle{}));
}

}  // namespace
}  // namespace flux::test
