// The guarantees of docs/guarantees.md that reach the device: a pool that is used as an application uses it, and every
// part that a frame finds is hashed on the device and compared with what its snapshot names.

#include "conformance/conformance.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

namespace flux::test {
namespace {

constexpr StepQuota kWholeStep{};

/// Keeps a model of a pool's blocks, and draws all of them, two frames in flight.
class PoolDriver {
 public:
  PoolDriver(app::ReplayTarget& target, const PoolDesc& desc)
      : target_(target), pool_(std::move(Pool::create(target.device(), desc).value())) {}
  ~PoolDriver() { finishAll(); }
  PoolDriver(const PoolDriver&) = delete;
  PoolDriver& operator=(const PoolDriver&) = delete;

  [[nodiscard]] Pool& pool() { return *pool_; }
  [[nodiscard]] std::uint64_t verified() const { return verified_; }
  [[nodiscard]] std::size_t blocks() const { return blocks_.size(); }

  std::size_t add(std::span<const ByteCount> sizes, Lifetime lifetime = Lifetime::Streaming) {
    const std::vector<PartDesc> parts = newParts(sizes);
    const auto handle = pool_->add({.name = "block", .parts = parts, .lifetime = lifetime});
    EXPECT_TRUE(handle) << describe(handle.error());
    Block block{handle.value_or(BlockHandle{}), {}, false};
    for (std::uint32_t i = 0; i < made_.size(); ++i) block.parts.push_back({PartId{i}, made_[i], {{1, keys_[i]}}});
    blocks_.push_back(std::move(block));
    return blocks_.size() - 1;
  }

  void addShared(ByteCount bytes, std::uint64_t affinity) {
    const std::vector<PartDesc> parts = newParts({&bytes, 1});
    const auto made = pool_->addShared({.affinity = affinity, .part = parts.front(), .name = "shared"});
    ASSERT_TRUE(made) << describe(made.error());
    blocks_.push_back({made->block, {{made->part, bytes, {{0, keys_.front()}}}}, true});
  }

  void update(std::size_t index, std::size_t part) {
    Block& block = blocks_[index];
    Part& changed = block.parts[part];
    const std::uint64_t key = nextKey_++;
    const auto bytes = patternBytes(changed.bytes, key);
    const PartUpdate update{changed.id, Source::bytes(bytes)};
    const auto version = pool_->update(block.handle, {&update, 1});
    ASSERT_TRUE(version) << describe(version.error());
    changed.contents.emplace_back(*version, key);
  }

  void addParts(std::size_t index, std::span<const ByteCount> sizes) {
    const std::vector<PartDesc> parts = newParts(sizes);
    std::vector<PartId> ids(parts.size());
    Block& block = blocks_[index];
    const auto version = pool_->addParts(block.handle, parts, ids);
    ASSERT_TRUE(version) << describe(version.error());
    for (std::size_t i = 0; i < ids.size(); ++i) block.parts.push_back({ids[i], made_[i], {{*version, keys_[i]}}});
  }

  void removePart(std::size_t index, std::size_t part) {
    Block& block = blocks_[index];
    ASSERT_TRUE(pool_->removeParts(block.handle, {&block.parts[part].id, 1}));
    block.parts.erase(block.parts.begin() + static_cast<std::ptrdiff_t>(part));
    if (block.parts.empty()) forget(index);
  }

  /// Removes a block, or a thing from the block that it shares with others.
  void remove(std::size_t index) {
    if (blocks_[index].shared) return removePart(index, 0);
    ASSERT_TRUE(pool_->remove(blocks_[index].handle));
    forget(index);
  }

  [[nodiscard]] std::size_t partsOf(std::size_t index) const { return blocks_[index].parts.size(); }

  /// From now on frames draw these blocks only, and miss those of them that are not there.
  void look(std::size_t first, std::size_t count) {
    first_ = first;
    last_ = first + count;
  }

  /// A step, a publish, and a frame that draws whatever is drawable. Returns how many parts were not.
  std::size_t frame(const StepQuota& quota = kWholeStep) {
    const auto report = pool_->step(quota);
    EXPECT_TRUE(report) << describe(report.error());
    pool_->publish();
    if (inFlight_.size() == app::ReplayTarget::kFramesInFlight) finishOldest();
    Frame frame = pool_->beginFrame();
    std::vector<Place> places;
    std::vector<std::uint64_t> expected;
    std::size_t absent = 0;
    for (std::size_t i = first_; i < std::min(last_, blocks_.size()); ++i) {
      const Block& block = blocks_[i];
      frame.use(block.handle);
      if (frame.find(block.handle).status == FindStatus::Absent) frame.miss(block.handle, Priority::Normal);
      for (const Part& part : block.parts) {
        const PartLookup found = frame.find(block.handle, part.id);
        if (found.drawable()) {
          EXPECT_EQ(found.place.bytes, part.bytes);
          places.push_back(found.place);
          expected.push_back(hashBytes(patternBytes(part.bytes, part.keyAt(found.version))));
        } else {
          ++absent;
        }
      }
    }
    const TimelineValue value = target_.submit(places, frame.waits());
    frame.submitted(app::ReplayTarget::kDrawQueue, value);
    inFlight_.push_back(std::move(expected));
    return absent;
  }

  /// Waits for all frames.
  void finishAll() {
    while (!inFlight_.empty()) finishOldest();
  }

  /// Frames until everything that was asked for is drawable in its newest version, and all frames are done. What moves
  /// is drawable all the time, and is updated after the move: that takes several copies, one after the other.
  void settle() {
    std::size_t absent = 1;
    for (int i = 0; i < 200 && (absent != 0 || !newest()); ++i) absent = frame();
    EXPECT_EQ(absent, 0U);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(frame(), 0U);
    const Frame frame = pool_->beginFrame();
    for (const Block& block : blocks_) {
      EXPECT_EQ(frame.find(block.handle).version, pool_->requestedVersion(block.handle));
    }
    finishAll();
  }

  /// Steps until nothing waits for its last use: not even for that of a block which still moved. Host completes copies
  /// only with frames, so it makes those too.
  void drain() {
    for (int i = 0; i < 200 && (i < 20 || pool_->stats().retiredBytes != 0); ++i) {
      frame();
      finishAll();
    }
    EXPECT_EQ(pool_->stats().retiredBytes, 0U);
  }

 private:
  struct Part {
    PartId id;
    ByteCount bytes = 0;
    std::vector<std::pair<ContentVersion, std::uint64_t>> contents;  ///< Since which version, and the pattern.

    [[nodiscard]] std::uint64_t keyAt(ContentVersion version) const {
      std::uint64_t key = contents.front().second;
      for (const auto& [since, newer] : contents) {
        if (since <= version) key = newer;
      }
      return key;
    }
  };
  struct Block {
    BlockHandle handle;
    std::vector<Part> parts;
    bool shared = false;  ///< Others of `blocks_` may have the same handle.
  };

  /// Descriptions of new parts, their sizes in `made_`, their patterns in `keys_`.
  std::vector<PartDesc> newParts(std::span<const ByteCount> sizes) {
    made_.assign(sizes.begin(), sizes.end());
    keys_.clear();
    bytes_.clear();
    std::vector<PartDesc> parts;
    for (const ByteCount size : sizes) {
      keys_.push_back(nextKey_++);
      bytes_.push_back(patternBytes(size, keys_.back()));
      const auto kind = static_cast<PartKind>(keys_.back() % kPartKindCount);
      parts.push_back({kind, size, Source::bytes(bytes_.back())});
    }
    return parts;
  }

  /// Whether the published snapshot shows each block's newest version.
  [[nodiscard]] bool newest() {
    const Frame frame = pool_->beginFrame();
    return std::ranges::all_of(blocks_, [&](const Block& block) {
      return frame.find(block.handle).version == pool_->requestedVersion(block.handle);
    });
  }

  void forget(std::size_t index) { blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(index)); }

  void finishOldest() {
    const std::span<const std::uint64_t> found = target_.finishOldest();
    const std::vector<std::uint64_t> expected = std::move(inFlight_.front());
    inFlight_.pop_front();
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(found[i], expected[i]) << "draw " << i;
    verified_ += expected.size();
  }

  app::ReplayTarget& target_;
  std::unique_ptr<Pool> pool_;
  std::vector<Block> blocks_;
  std::size_t first_ = 0;
  std::size_t last_ = SIZE_MAX;
  std::deque<std::vector<std::uint64_t>> inFlight_;  ///< What each unfinished frame should find.
  std::vector<ByteCount> made_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::vector<std::byte>> bytes_;
  std::uint64_t nextKey_ = 1;
  std::uint64_t verified_ = 0;
};

/// Small chunks, so that a few blocks need several, and empty ones go at once.
PoolDesc smallPool() {
  PoolDesc desc;
  desc.chunkBytes = 256 * kKiB;
  desc.firstChunkBytes = desc.longLivedFirstChunkBytes = 64 * kKiB;
  desc.stagingPageBytes = 128 * kKiB;
  desc.stagingLimitBytes = 4 * kMiB;
  desc.emptyChunkSteps = 0;
  desc.spareChunks = 0;
  return desc;
}

class PoolOnDevice : public ConformanceTest {
 protected:
  PoolDriver driver_{target(), smallPool()};
};

TEST_F(PoolOnDevice, PartsOfEveryKindArrive) {
  for (std::uint32_t i = 0; i < 12; ++i) {
    driver_.add(std::array<ByteCount, 3>{100 + 7 * i, 4000, 1 + i});
  }
  driver_.settle();
  EXPECT_GE(driver_.verified(), 36U);
}

TEST_F(PoolOnDevice, AnUpdateKeepsTheOtherParts) {  // G1: unchanged parts are copied from the old place
  const std::size_t block = driver_.add(std::array<ByteCount, 3>{5000, 333, 20'000});
  driver_.settle();
  for (int i = 0; i < 10; ++i) {
    driver_.update(block, static_cast<std::size_t>(i % 3));
    driver_.frame();
  }
  driver_.settle();
  EXPECT_GT(driver_.pool().stats().copiedBytes, 0U);
}

TEST_F(PoolOnDevice, BlocksThatGrowMoveWithTheirBytes) {  // G1
  const std::size_t block = driver_.add(std::array<ByteCount, 2>{1000, 3000});
  driver_.settle();
  for (ByteCount i = 0; i < 8; ++i) {
    driver_.addParts(block, std::array<ByteCount, 2>{700 + 900 * i, 9});
    driver_.frame();
  }
  driver_.settle();
  while (driver_.partsOf(block) > 1) {
    driver_.removePart(block, 0);
    driver_.frame();
  }
  driver_.settle();
}

TEST_F(PoolOnDevice, BlocksMoveAndKeepTheirBytes) {  // G1: for room, while every frame draws them
  PoolDesc desc = smallPool();
  desc.defrag = {.freeChunkPercent = 0, .sparsePercent = 100, .fullPercent = 100, .stepsBetween = 0, .settledSteps = 0};
  PoolDriver driver(target(), desc);
  for (std::uint32_t i = 0; i < 40; ++i) driver.add(std::array<ByteCount, 2>{9000 + 700 * i, 333 + i});
  driver.settle();
  for (std::size_t i = 0; i < driver.blocks(); ++i) driver.remove(i);  // every other one
  for (int i = 0; i < 30; ++i) EXPECT_EQ(driver.frame(), 0U) << "what moves is drawable";
  const std::size_t grown = driver.add(std::array<ByteCount, 4>{4000, 5000, 6000, 7000});
  driver.settle();
  driver.removePart(grown, 1);
  driver.removePart(grown, 1);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(driver.frame(), 0U);
  driver.drain();
  const PoolStats stats = driver.pool().stats();
  EXPECT_GT(stats.relocations, 5U);
  EXPECT_GT(stats.compactions, 0U);
  EXPECT_GT(stats.chunksReleased, 0U);
}

TEST_F(PoolOnDevice, BlocksLargerThanAChunkAndThanAStepArriveWhole) {  // G6
  const std::size_t block = driver_.add(std::array<ByteCount, 2>{kMiB + 12, 500'001});
  for (int i = 0; i < 3; ++i) driver_.frame({.uploadBytes = 100'000, .pieces = 16});
  driver_.settle();
  driver_.update(block, 1);
  driver_.settle();
}

TEST_F(PoolOnDevice, SmallThingsShareBlocks) {
  for (std::uint32_t i = 0; i < 300; ++i) driver_.addShared(16 + i % 200, i % 3);
  driver_.settle();
  for (std::size_t i = 0; i < 40; ++i) driver_.update(i * 7, 0);
  for (std::size_t i = 0; i < 100; ++i) driver_.removePart(i, 0);
  driver_.settle();
  for (std::uint32_t i = 0; i < 50; ++i) driver_.addShared(16 + i % 100, i % 3);
  driver_.settle();
  EXPECT_LT(driver_.pool().sharedUsage().blocks, 30U);
}

TEST_F(ConformanceTest, WhatLeavesTheDeviceComesBackWithItsBytes) {  // G7, G9
  PoolDesc desc = smallPool();
  desc.evicts = true;
  desc.hardLimitBytes = kMiB;
  PoolDriver driver(target(), desc);
  for (int i = 0; i < 80; ++i) {
    driver.add(std::array<ByteCount, 3>{30'000, 2'000, 500});
    if (i % 8 == 7) driver.frame();
  }
  for (std::size_t first = 0; first < 160; first += 10) {  // twice around
    driver.look(first % 80, 15);
    int frames = 0;
    while (driver.frame() != 0 && frames < 200) ++frames;
    EXPECT_LT(frames, 200) << first;
    EXPECT_LE(driver.pool().stats().reservedBytes, kMiB);
  }
  driver.finishAll();
  const PoolStats stats = driver.pool().stats();
  EXPECT_GT(stats.evictions, 100U);
  EXPECT_GT(stats.restores, 100U);
  EXPECT_GT(stats.readBackBytes, 0U);
}

TEST_F(PoolOnDevice, WhatIsRemovedIsGivenBackToTheDevice) {  // G4
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      driver_.add(std::array<ByteCount, 1>{60'000}, i % 4 == 0 ? Lifetime::LongLived : Lifetime::Streaming);
    }
    driver_.settle();
    EXPECT_GT(driver_.pool().stats().chunks, 4U);
    while (driver_.blocks() != 0) driver_.remove(0);
    driver_.drain();
    EXPECT_EQ(driver_.pool().stats().reservedBytes, 0U);
  }
}

TEST_F(PoolOnDevice, StatisticsMayBeAskedForWhileThingsWait) {
  const std::size_t block = driver_.add(std::array<ByteCount, 1>{50'000});
  driver_.settle();
  driver_.frame();
  driver_.remove(block);
  driver_.frame();
  // Also when all queues are past it and no step has noticed: only queues that the device has are asked.
  for (int i = 0; i < 6; ++i) {
    driver_.frame();
    driver_.finishAll();
    ASSERT_TRUE(device().poll());
    const RetirementStats waiting = driver_.pool().detailedStats().retirement;
    EXPECT_LT(static_cast<std::uint32_t>(waiting.queue.queue), device().caps().queueCount);
  }
  driver_.drain();
}

TEST_F(PoolOnDevice, EveryFrameReadsWhatItsSnapshotSays) {  // G1, G4 under everything at once
  std::mt19937 random(5);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const auto size = [&] { return ByteCount{1 + below(below(10) == 0 ? 60'000 : 3000)}; };
  for (int frame = 0; frame < 250 && !HasFailure(); ++frame) {
    for (std::size_t i = below(5); i > 0; --i) {
      const std::size_t choice = below(10);
      if (choice < 3 || driver_.blocks() < 10) {
        driver_.add(std::array{size(), size(), size()}, below(4) == 0 ? Lifetime::LongLived : Lifetime::Streaming);
      } else if (choice < 4) {
        driver_.addShared(1 + below(500), below(2));
      } else if (choice < 8) {
        const std::size_t block = below(driver_.blocks());
        driver_.update(block, below(driver_.partsOf(block)));
      } else {
        driver_.remove(below(driver_.blocks()));
      }
    }
    driver_.frame({.uploadBytes = 64 * kKiB, .pieces = 64});
  }
  driver_.settle();
  EXPECT_GT(driver_.verified(), 5000U);
  EXPECT_GT(driver_.pool().stats().chunksReleased, 0U);
}

class LargePartOnDevice : public ConformanceTest {};

TEST_F(LargePartOnDevice, IsHashedWhole) {  // one workgroup would take more rounds than llvmpipe gives a loop
  PoolDriver driver(target(), {});
  const std::size_t block = driver.add(std::array<ByteCount, 2>{20 * kMiB + 3, 100});
  driver.settle();
  driver.update(block, 1);
  driver.settle();
  EXPECT_GE(driver.verified(), 4U);
  EXPECT_GE(driver.pool().stats().copiedBytes, 20 * kMiB);
}

}  // namespace
}  // namespace flux::test
