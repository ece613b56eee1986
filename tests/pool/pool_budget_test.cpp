// Limits of device memory that change while the pool lives.

#include "pool/pool_test_tools.hpp"

#include <flux/passing_device.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <vector>

namespace flux {
namespace {

using test::kDrawQueue;
using namespace std::chrono_literals;

constexpr ByteCount kBlockBytes = 20'000;
constexpr ByteCount kChunkBytes = 256 * kKiB;  ///< Of full size.

/// A device whose budget the test decides.
class BudgetDevice : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  MemoryBudget budget() override {
    ++asked;
    return {bytes, 0, true};
  }
  ByteCount bytes = 4 * kMiB;
  int asked = 0;
};

class PoolBudget : public testing::Test {
 protected:
  void make(ByteCount hardBytes = 4 * kMiB, bool evicts = true, std::uint32_t maxBlocks = 4096) {
    PoolDesc desc = test::smallPool();
    desc.maxBlocks = maxBlocks;
    desc.stagingLimitBytes = 4 * kMiB;
    desc.readbackLimitBytes = 4 * desc.stagingPageBytes;
    desc.hardLimitBytes = hardBytes;
    desc.evicts = evicts;
    desc.storeLimitBytes = 64 * kMiB;
    desc.recordMirrors = mirrors_;
    host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Delayed, .maxAllocations = allocations_});
    device_ = std::make_unique<BudgetDevice>(*host_);
    pool_ = Pool::create(*device_, desc).value();
  }

  BlockHandle add(Lifetime lifetime = Lifetime::Streaming) {
    bytes_.push_back(test::pattern(static_cast<std::uint32_t>(bytes_.size()), 0, 1, kBlockBytes));
    const PartDesc part{PartKind::Vertex, kBlockBytes, Source::bytes(bytes_.back())};
    const std::string name = "block " + std::to_string(blocks_.size());
    BlockDesc desc = test::blockDesc(name, {&part, 1});
    desc.lifetime = lifetime;
    const Result<BlockHandle> added = pool_->add(desc);
    EXPECT_TRUE(added) << describe(added.error());
    blocks_.push_back(added.value_or(BlockHandle{}));
    return blocks_.back();
  }
  void update(std::size_t i) {
    bytes_[i] = test::pattern(static_cast<std::uint32_t>(i), 0, 2, kBlockBytes);
    const PartUpdate part{PartId{0}, Source::bytes(bytes_[i]), 0, kBlockBytes};
    ASSERT_TRUE(pool_->update(blocks_[i], {&part, 1}));
  }
  /// All that the pool may take is what it has.
  void updateAllInNoMoreMemory() {
    ASSERT_TRUE(pool_->setBudget({.hardBytes = reserved(), .softBytes = reserved()}));
    for (std::size_t i = 0; i < blocks_.size(); ++i) update(i);
  }
  void addMany(int count, Lifetime lifetime = Lifetime::Streaming) {
    for (int i = 0; i < count; ++i) {
      add(lifetime);
      if (i % 8 == 7) (void)frame(0, 0);
    }
    for (int i = 0; i < 20; ++i) (void)frame(0, 0);
  }

  /// A frame that draws [first, end) of the blocks, and the step behind it. Returns how many were there.
  std::size_t frame(std::size_t first, std::size_t end) {
    Frame frame = pool_->beginFrame();
    std::vector<HostRead> reads;
    std::vector<std::uint64_t> hashes(end - first);
    std::vector<std::uint64_t> expected;
    for (std::size_t i = first; i < end; ++i) {
      frame.use(blocks_[i]);
      const BlockLookup found = frame.find(blocks_[i]);
      if (!found.drawable()) {
        EXPECT_EQ(found.status, FindStatus::Absent);
        frame.miss(blocks_[i], Priority::Normal);
        continue;
      }
      const Place place = frame.find(blocks_[i], PartId{0}).place;
      reads.push_back({place.chunk, place.offset, place.bytes, &hashes[reads.size()]});
      expected.push_back(hashBytes(bytes_[i]));
    }
    const TimelineValue value = host_->submitReads(kDrawQueue, reads, frame.waits());
    frame.submitted(kDrawQueue, value);
    frame.end();
    EXPECT_TRUE(host_->wait(kDrawQueue, value, 1s));
    hashes.resize(expected.size());
    EXPECT_EQ(hashes, expected);
    step();
    return expected.size();
  }
  /// One after the other, with the newest bytes.
  void expectEachCanBeSeen() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      int tries = 0;
      while (frame(i, i + 1) != 1 && tries < 60) ++tries;
      EXPECT_LT(tries, 60) << i;
    }
  }
  void step() {
    const ByteCount before = pool_->stats().reservedBytes;
    now_ += 16ms;
    const Result<StepReport> report = pool_->step(quota_, now_);
    EXPECT_TRUE(report) << describe(report.error());
    errors_.assign(report->errors.begin(), report->errors.end());
    waiting_ = report->waitingBlocks;
    pool_->publish();
    const PoolStats stats = pool_->stats();
    EXPECT_LE(stats.reservedBytes, std::max(before, stats.hardLimitBytes)) << "it only falls while it is over";
  }
  void expectReached(ByteCount limit) {
    expectReached(limit, [] {});
  }
  /// Within 60 steps, after each of which `look()`.
  template <class Look>
  void expectReached(ByteCount limit, const Look& look) {
    for (int i = 0; i < 60 && reserved() > limit; ++i) {
      step();
      look();
    }
    EXPECT_LE(reserved(), limit);
  }
  void expectInService(std::span<const ChunkIndex> chunks) const {
    for (const ChunkIndex chunk : outOfService()) EXPECT_EQ(std::ranges::count(chunks, chunk), 0);
  }
  [[nodiscard]] std::vector<ChunkIndex> outOfService() const {
    struct Visitor final : PoolVisitor {
      void chunk(const ChunkView& chunk) override {
        if (!chunk.inService) found.push_back(chunk.index);
      }
      std::vector<ChunkIndex> found;
    } visitor;
    pool_->inspect(visitor);
    return visitor.found;
  }
  [[nodiscard]] ByteCount reserved() const { return pool_->stats().reservedBytes; }

  std::uint32_t allocations_ = 4096;
  std::uint32_t mirrors_ = 0;
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<BudgetDevice> device_;
  std::unique_ptr<Pool> pool_;
  std::vector<BlockHandle> blocks_;
  std::vector<std::vector<std::byte>> bytes_;
  StepQuota quota_;
  std::vector<Error> errors_;
  std::uint32_t waiting_ = 0;  ///< Updates that wait for room.
  std::chrono::steady_clock::time_point now_{1h};
};

TEST_F(PoolBudget, AHalfIsReachedWithin60FramesAndNothingIsLost) {
  make();
  addMany(180);
  EXPECT_EQ(frame(0, 180), 180U);
  const ByteCount before = reserved();
  EXPECT_GT(before, 3 * kMiB);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = before / 2}));
  int frames = 0;
  for (; reserved() > before / 2 && frames < 60; ++frames) (void)frame(0, 180);
  EXPECT_LE(reserved(), before / 2);
  RecordProperty("frames", frames);
  // All of them can still be seen, one after the other.
  for (std::size_t first = 0; first < 180; first += 30) {
    int tries = 0;
    while (frame(first, first + 30) != 30 && tries < 60) ++tries;
    EXPECT_LT(tries, 60) << first;
    EXPECT_TRUE(errors_.empty());
  }
  // With more memory again all of them are there at once.
  ASSERT_TRUE(pool_->setBudget({.hardBytes = 5 * kMiB}));
  for (int i = 0; i < 60; ++i) (void)frame(0, 180);
  EXPECT_EQ(frame(0, 180), 180U);
  EXPECT_EQ(host_->earlyReclaims(), 0U);
}

TEST_F(PoolBudget, LessThanIsHeldIsRefusedAndListed) {
  make();
  const BlockHandle ground = add(Lifetime::LongLived);
  addMany(100);
  ASSERT_TRUE(pool_->pin(blocks_[40]));
  const PoolStats before = pool_->stats();
  const HeldMemory held = pool_->heldMemory();
  EXPECT_GT(held.chunkBytes, 2 * kBlockBytes);
  EXPECT_EQ(held.pinnedBytes, kBlockBytes);
  EXPECT_EQ(held.longLivedBytes, kBlockBytes);
  ASSERT_EQ(held.blocks.size(), 2U);
  EXPECT_EQ(held.blocks[0].block, ground);
  EXPECT_EQ(held.blocks[0].by, HeldBy::Lifetime);
  EXPECT_EQ(held.blocks[1].block, blocks_[40]);
  EXPECT_EQ(held.blocks[1].by, HeldBy::Pin);
  EXPECT_EQ(held.blocks[1].name, "block 40");
  const Result<void> refused = pool_->setBudget({.hardBytes = held.chunkBytes - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
  EXPECT_EQ(refused.error().numbers[0], held.chunkBytes - 1);
  EXPECT_EQ(refused.error().numbers[1], held.chunkBytes);
  EXPECT_EQ(pool_->stats().hardLimitBytes, before.hardLimitBytes);
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(pool_->stats().evictions, 0U);
  // As much as is held can be reached.
  ASSERT_TRUE(pool_->setBudget({.hardBytes = held.chunkBytes}));
  for (int i = 0; i < 60; ++i) step();
  EXPECT_EQ(reserved(), held.chunkBytes);
  // And less, when less is held.
  ASSERT_TRUE(pool_->unpin(blocks_[40]));
  ASSERT_TRUE(pool_->demote(ground));
  EXPECT_TRUE(pool_->heldMemory().blocks.empty());
  EXPECT_EQ(pool_->heldMemory().chunkBytes, 0U);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = 4 * kBlockBytes}));
  expectReached(4 * kBlockBytes);
  expectEachCanBeSeen();
}

TEST_F(PoolBudget, ADemotedBlockLeavesAndComesBack) {
  make(kMiB);
  const BlockHandle ground = add(Lifetime::LongLived);
  addMany(100);
  const auto fly = [&] {
    for (std::size_t first = 1; first < 71; first += 10) {
      for (int i = 0; i < 20; ++i) (void)frame(first, first + 30);
    }
  };
  fly();
  EXPECT_TRUE(pool_->beginFrame().find(ground).drawable());
  ASSERT_TRUE(pool_->demote(ground));
  fly();
  EXPECT_FALSE(pool_->beginFrame().find(ground).drawable());
  for (int i = 0; i < 60 && frame(0, 1) != 1; ++i) {
  }
  EXPECT_EQ(frame(0, 1), 1U);
  EXPECT_EQ(pool_->inspect(ground)->lifetime, Lifetime::Streaming);
}

// There is nothing else that could go.
TEST_F(PoolBudget, ChunksOfDemotedBlocksGoAndThoseOfLongLivedOnesStay) {
  make();
  addMany(90, Lifetime::LongLived);
  const ByteCount before = reserved();
  EXPECT_FALSE(pool_->setBudget({.hardBytes = before / 2}));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (i % 30 == 0) continue;
    ASSERT_TRUE(pool_->demote(blocks_[i]));
  }
  std::vector<RangeView> places;
  for (std::size_t i = 0; i < blocks_.size(); i += 30) places.push_back(*pool_->inspect(blocks_[i])->place);
  const ByteCount held = pool_->heldMemory().chunkBytes;
  ASSERT_LT(held, before / 2);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = held}));
  int frames = 0;
  for (; reserved() > held && frames < 60; ++frames) (void)frame(0, blocks_.size());
  EXPECT_LE(reserved(), held);
  EXPECT_TRUE(outOfService().empty());
  ASSERT_TRUE(pool_->setBudget({.hardBytes = held + 2 * kChunkBytes}));
  expectEachCanBeSeen();
  for (std::size_t i = 0; i < places.size(); ++i) EXPECT_EQ(*pool_->inspect(blocks_[i * 30])->place, places[i]);
}

TEST_F(PoolBudget, MirrorsOfTheRecordsKeepTheirChunks) {
  mirrors_ = 2;
  make();
  addMany(90, Lifetime::LongLived);
  for (const BlockHandle block : blocks_) ASSERT_TRUE(pool_->demote(block));
  const HeldMemory held = pool_->heldMemory();
  ASSERT_TRUE(held.blocks.empty());
  ASSERT_GT(held.chunkBytes, 0U);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = held.chunkBytes}));
  struct Visitor final : PoolVisitor {
    void mirror(const MirrorView& mirror) override { chunks.push_back(mirror.place.chunk); }
    std::vector<ChunkIndex> chunks;
  } mirrors;
  pool_->inspect(mirrors);
  expectReached(held.chunkBytes, [&] { expectInService(mirrors.chunks); });
  EXPECT_EQ(reserved(), held.chunkBytes);
}

// What a chunk gets after the survey is held there too.
TEST_F(PoolBudget, AChunkThatGotALongLivedBlockStays) {
  make();
  addMany(90, Lifetime::LongLived);
  const auto chunkOf = [&](std::size_t i) { return pool_->inspect(blocks_[i])->place->chunk; };
  // Of all chunks these two hold least: one block, and two. They go first.
  const std::array emptiest{chunkOf(45), chunkOf(75)};
  ASSERT_NE(emptiest[0], emptiest[1]);
  std::array<int, 2> stay{1, 2};
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const std::size_t which = chunkOf(i) == emptiest[0] ? 0 : 1;
    if (chunkOf(i) != emptiest[which] || stay[which]-- > 0) {
      ASSERT_TRUE(pool_->demote(blocks_[i]));
    } else {
      ASSERT_TRUE(pool_->remove(blocks_[i]));
    }
  }
  step();
  ASSERT_TRUE(pool_->setBudget({.hardBytes = reserved() - 1}));
  step();
  ASSERT_EQ(outOfService(), std::vector{emptiest[0]});
  std::vector<ChunkIndex> taken;
  while (taken.size() < 20 && std::ranges::count(taken, emptiest[1]) == 0) {
    taken.push_back(pool_->inspect(add(Lifetime::LongLived))->move->to.chunk);
  }
  ASSERT_EQ(taken.back(), emptiest[1]);
  const ByteCount held = pool_->heldMemory().chunkBytes;
  ASSERT_LT(held, reserved() / 2);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = held}));
  expectReached(held, [&] { expectInService(taken); });
  EXPECT_EQ(reserved(), held);
}

TEST_F(PoolBudget, AChunkToWhichAPinnedBlockCameBackStays) {
  make();
  addMany(180);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = reserved() / 2}));
  for (int i = 0; i < 60; ++i) step();
  const auto absent = std::ranges::find_if(blocks_, [&](BlockHandle block) { return !pool_->inspect(block)->place; });
  ASSERT_NE(absent, blocks_.end());
  for (std::size_t i = 2; i < blocks_.size(); i += 4) {
    if (blocks_[i] == *absent) continue;
    ASSERT_TRUE(pool_->remove(blocks_[i]));
  }
  step();
  ASSERT_TRUE(pool_->setBudget({.hardBytes = reserved() - 1, .softBytes = reserved() - 1}));
  step();
  ASSERT_FALSE(outOfService().empty());
  ASSERT_TRUE(pool_->pin(*absent));
  step();
  ASSERT_TRUE(pool_->inspect(*absent)->move);
  const ByteCount limit = 2 * kChunkBytes;
  ASSERT_LT(limit, reserved() / 2);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = limit}));
  expectReached(limit);
  EXPECT_TRUE(outOfService().empty());
}

TEST_F(PoolBudget, AChunkThatTheDefragmenterWasEmptyingGoes) {
  make();
  addMany(60);
  for (std::size_t i = 0; i < blocks_.size(); i += 3) ASSERT_TRUE(pool_->remove(blocks_[i]));
  quota_.moveBytes = 0;  // so that it does not get on
  ASSERT_TRUE(pool_->defragment({.freeChunks = 1}));
  for (int i = 0; i < 20; ++i) step();
  ASSERT_EQ(outOfService().size(), 1U);
  const ChunkIndex chunk = outOfService().front();
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const std::optional<BlockView> view = pool_->inspect(blocks_[i]);
    if (!view || view->place->chunk == chunk) continue;
    ASSERT_TRUE(pool_->pin(blocks_[i]));
  }
  const ByteCount held = pool_->heldMemory().chunkBytes;
  ASSERT_LT(held, reserved());
  ASSERT_TRUE(pool_->setBudget({.hardBytes = held}));
  expectReached(held);
  EXPECT_EQ(reserved(), held);
}

// The defragmenter had emptied a chunk, which went for one of the same index before it knew.
TEST_F(PoolBudget, AChunkIsNotTakenForOneThatWasThereBefore) {
  make();
  addMany(40);
  for (std::size_t i = 0; i < blocks_.size(); i += 3) ASSERT_TRUE(pool_->remove(blocks_[i]));
  for (int i = 0; i < 20; ++i) step();
  ASSERT_TRUE(pool_->defragment({.freeChunks = 1}));
  ChunkIndex emptied{};
  {
    const Frame frame = pool_->beginFrame();
    for (int i = 0; i < 20; ++i) step();
    ASSERT_EQ(outOfService().size(), 1U);
    emptied = outOfService().front();
  }
  ASSERT_TRUE(pool_->collect());
  // The next chunk finds room when that one has gone.
  const ByteCount before = reserved();
  ASSERT_TRUE(pool_->setBudget({.hardBytes = before + kChunkBytes, .softBytes = 4 * kMiB}));
  const std::vector<std::byte> bytes = test::pattern(0, 0, 1, kChunkBytes + 16 * kKiB);
  const PartDesc part{PartKind::Vertex, static_cast<std::uint32_t>(bytes.size()), Source::bytes(bytes)};
  BlockDesc desc = test::blockDesc("large", {&part, 1});
  desc.movable = false;  // so that the defragmenter would put its chunk back
  const BlockHandle large = pool_->add(desc).value();
  ASSERT_EQ(pool_->inspect(large)->move->to.chunk, emptied);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = 64 * kKiB}));
  expectReached(64 * kKiB, [&] {
    const bool there = pool_->inspect(large)->place.has_value();
    EXPECT_TRUE(!there || std::ranges::count(outOfService(), emptied) == 1);
  });
}

TEST_F(PoolBudget, TheDevicesBudgetIsFollowedAndSeldomAsked) {
  make(0);
  EXPECT_EQ(pool_->stats().hardLimitBytes, 4 * kMiB);
  addMany(180);
  for (int i = 0; i < 20; ++i) (void)frame(0, 180);
  const int before = device_->asked;
  device_->bytes = 2 * kMiB;
  int frames = 0;
  while (pool_->stats().hardLimitBytes != 2 * kMiB && frames < 100) {
    (void)frame(0, 180);
    ++frames;
  }
  EXPECT_LT(frames * 16, 1000) << "within a second";
  EXPECT_LE(device_->asked - before, 2);
  for (int i = 0; i < 60; ++i) (void)frame(0, 180);
  EXPECT_LE(reserved(), 2 * kMiB);
  // More comes bit by bit.
  device_->bytes = 4 * kMiB;
  for (int i = 0; i < 20; ++i) step();
  EXPECT_GT(pool_->stats().hardLimitBytes, 2 * kMiB);
  EXPECT_LT(pool_->stats().hardLimitBytes, 4 * kMiB);
}

TEST_F(PoolBudget, ALimitThatIsNotReachedIsReportedOnce) {
  make(0);
  addMany(180);
  ASSERT_TRUE(pool_->pin(blocks_[0]));
  ASSERT_TRUE(pool_->pin(blocks_[100]));
  device_->bytes = 100 * kKiB;
  int told = 0;
  for (int i = 0; i < 400; ++i) {
    step();
    told += static_cast<int>(std::ranges::count(errors_, ErrorCode::OutOfBudget, &Error::code));
  }
  EXPECT_EQ(told, 1);
  EXPECT_LT(reserved(), 700 * kKiB) << "only the chunks in which something is pinned";
}

// A step looks at so many blocks and no more; what it has not seen may be held.
TEST_F(PoolBudget, ASurveyOfMoreBlocksThanAStepLooksAtTakesSeveralSteps) {
  constexpr std::uint32_t kBlocks = 40'000;
  make(4 * kMiB, true, 2 * kBlocks);
  const std::vector<std::byte> bytes = test::pattern(0, 0, 1, 64);
  const PartDesc part{PartKind::Vertex, 64, Source::bytes(bytes)};
  std::vector<BlockHandle> blocks;
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(pool_->add(test::blockDesc("small", {&part, 1})).value());
    if (i % 2000 == 1999) step();
  }
  for (int i = 0; i < 10; ++i) step();
  // The emptiest chunk is the one of the last block, which is pinned: the survey meets it in its last step.
  const ChunkIndex chunk = pool_->inspect(blocks.back())->place->chunk;
  for (std::uint32_t i = kBlocks - 2; pool_->inspect(blocks[i])->place->chunk == chunk; --i) {
    ASSERT_TRUE(pool_->remove(blocks[i]));
  }
  ASSERT_TRUE(pool_->pin(blocks.back()));
  for (int i = 0; i < 10; ++i) step();
  const RangeView place = *pool_->inspect(blocks.back())->place;
  const ByteCount before = reserved();

  ASSERT_TRUE(pool_->setBudget({.hardBytes = before / 2}));
  step();
  EXPECT_EQ(outOfService().size(), 0U);
  step();
  EXPECT_EQ(outOfService().size(), 0U);
  for (int i = 0; i < 120 && reserved() > before / 2; ++i) step();
  EXPECT_LE(reserved(), before / 2);
  EXPECT_TRUE(errors_.empty());
  EXPECT_EQ(*pool_->inspect(blocks.back())->place, place);
}

TEST_F(PoolBudget, AStepTakesABoundedNumberOfChunksOutOfService) {
  make(16 * kMiB);
  addMany(700);
  const ByteCount before = reserved();
  ASSERT_GT(pool_->stats().chunks, 50U);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = before / 4}));
  std::size_t most = 0;
  int steps = 0;
  for (std::size_t last = 0; reserved() > before / 4 && steps < 400; ++steps) {
    const std::uint64_t released = pool_->stats().chunksReleased;
    (void)frame(0, 1);
    const std::size_t now = outOfService().size() + (pool_->stats().chunksReleased - released);
    most = std::max(most, now - std::min(now, last));
    last = outOfService().size();
  }
  EXPECT_LE(reserved(), before / 4);
  EXPECT_EQ(most, 16U);
}

// Another chunk goes instead.
TEST_F(PoolBudget, APinKeepsAChunkThatWasAboutToGo) {
  make();
  addMany(180);
  const ByteCount before = reserved();
  ASSERT_TRUE(pool_->setBudget({.hardBytes = before / 2}));
  step();
  const std::vector<ChunkIndex> chosen = outOfService();
  ASSERT_FALSE(chosen.empty());
  const auto block = std::ranges::find(blocks_, chosen.front(), [&](BlockHandle handle) {
    const std::optional<BlockView> view = pool_->inspect(handle);
    return view->place ? view->place->chunk : ChunkIndex{~0U};
  });
  ASSERT_NE(block, blocks_.end());
  ASSERT_TRUE(pool_->pin(*block));
  EXPECT_EQ(std::ranges::count(outOfService(), chosen.front()), 0);
  const RangeView place = *pool_->inspect(*block)->place;
  for (int i = 0; i < 60 && reserved() > before / 2; ++i) (void)frame(0, 0);
  EXPECT_LE(reserved(), before / 2);
  EXPECT_EQ(*pool_->inspect(*block)->place, place);
}

TEST_F(PoolBudget, ADeviceThatWaversIsReportedOnceToo) {
  make(0);
  addMany(180);
  ASSERT_TRUE(pool_->pin(blocks_[0]));
  ASSERT_TRUE(pool_->pin(blocks_[100]));
  int told = 0;
  for (int i = 0; i < 400; ++i) {
    device_->bytes = i % 64 < 32 ? 100 * kKiB : 110 * kKiB;
    step();
    told += static_cast<int>(std::ranges::count(errors_, ErrorCode::OutOfBudget, &Error::code));
  }
  EXPECT_EQ(told, 1);
}

TEST_F(PoolBudget, ChunksThatNeedNotGoAreOfUseAgain) {
  make();
  addMany(180);
  for (std::size_t i = 0; i < 180; i += 20) ASSERT_TRUE(pool_->pin(blocks_[i]));
  ASSERT_TRUE(pool_->setBudget({.hardBytes = pool_->heldMemory().chunkBytes}));
  step();
  ASSERT_GT(outOfService().size(), 1U);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = reserved() - 1}));
  step();
  EXPECT_EQ(outOfService().size(), 1U);
}

TEST_F(PoolBudget, BlocksWhoseUpdatesFindNoRoomLeaveToo) {
  make();
  addMany(180);
  updateAllInNoMoreMemory();
  ASSERT_TRUE(pool_->setBudget({.hardBytes = 300 * kKiB}));
  for (int i = 0; i < 60; ++i) (void)frame(0, 0);
  EXPECT_LE(reserved(), 300 * kKiB);
  EXPECT_TRUE(errors_.empty());
  for (int i = 0; waiting_ != 0 && i < 600; ++i) (void)frame(0, 0);  // each comes to the device once
  EXPECT_EQ(waiting_, 0U);
  expectEachCanBeSeen();
}

TEST_F(PoolBudget, UpdatesOfAllBlocksFindRoomWithoutAnyToSpare) {
  make();
  addMany(180);
  updateAllInNoMoreMemory();
  for (int i = 0; i < 300; ++i) (void)frame(0, 0);
  EXPECT_EQ(waiting_, 0U);
  expectEachCanBeSeen();
}

TEST_F(PoolBudget, APoolThatDoesNotEvictHoldsEverything) {
  make(4 * kMiB, false);
  addMany(60);
  const HeldMemory held = pool_->heldMemory();
  ASSERT_EQ(held.blocks.size(), 60U);
  EXPECT_EQ(held.blocks[0].by, HeldBy::Pool);
  EXPECT_FALSE(pool_->setBudget({.hardBytes = held.chunkBytes - 1}));
  ASSERT_TRUE(pool_->setBudget({.hardBytes = held.chunkBytes}));
  for (int i = 0; i < 5; ++i) step();
  EXPECT_EQ(reserved(), held.chunkBytes) << "the spare has gone";
  EXPECT_EQ(frame(0, 60), 60U);
}

TEST_F(PoolBudget, TheSoftLimitIsSettable) {
  make(kMiB);
  ASSERT_TRUE(pool_->setBudget({.hardBytes = kMiB, .softBytes = 500'000}));
  addMany(40);
  EXPECT_EQ(pool_->stats().softLimitBytes, 500'000U);
  std::size_t there = 0;
  for (int i = 0; i < 40; ++i) there = frame(0, 40);
  EXPECT_EQ(there, 25U);
}

TEST_F(PoolBudget, AllocationsStayUnderTheDevicesNumber) {
  allocations_ = 64;
  make(64 * kMiB);
  for (int i = 0; i < 1600; ++i) {  // 32 MB, where 64 chunks have 16 MiB
    add();
    if (i % 8 == 0) (void)frame(0, i == 0 ? 0 : 1);
    EXPECT_LT(pool_->stats().chunks, 64U);
  }
  for (std::size_t first = 0; first < 1600; first += 100) {
    int tries = 0;
    while (frame(first, first + 100) != 100 && tries < 80) ++tries;
    EXPECT_LT(tries, 80) << first;
    EXPECT_LT(pool_->stats().chunks, 64U);
  }
  EXPECT_GT(pool_->stats().evictions, 100U);
}

}  // namespace
}  // namespace flux
