#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <array>
#include <map>
#include <vector>

namespace flux {
namespace {

using test::pattern;

constexpr PartId kPart{0};

/// A short life of a pool on a device that may fail. Failed calls are tried again: nothing may be lost by a failure.
class Scenario {
 public:
  explicit Scenario(Device& device, std::uint32_t mirrors = 0)
      : pool_(std::move(Pool::create(device, desc(mirrors)).value())) {}

  void run() {
    for (std::uint32_t round = 0; round < 6; ++round) {
      for (std::uint32_t i = 0; i < 5; ++i) add(round * 100 + i);
      step();
      updateAll();
      addParts(round);
      addShared(round);
      removeOldest();
      step();
      removeParts();
    }
    for (int i = 0; i < 8; ++i) step();
  }

  /// Every block shows its newest contents.
  void expectAllRight(HostDevice& host) {
    const Frame frame = pool_->beginFrame();
    if (const Place& records = frame.records(); records.bytes != 0) {
      for (int polls = 0; polls < 4; ++polls) ASSERT_TRUE(host.poll());  // the last batch may have been put off
      ASSERT_EQ(records.bytes, frame.view().recordCount * sizeof(DeviceRecord));
      EXPECT_EQ(hashBytes(host.bytes(records.chunk).subspan(records.offset, records.bytes)),
                test::hashOfExpectedRecords(frame));
    }
    for (const auto& [seed, block] : blocks_) {
      const PartLookup found = frame.find(block.handle, kPart);
      ASSERT_EQ(found.status, FindStatus::Resident) << seed;
      EXPECT_EQ(found.version, block.version) << seed;
      const auto bytes = host.bytes(found.place.chunk).subspan(found.place.offset, found.place.bytes);
      EXPECT_EQ(hashBytes(bytes), hashBytes(pattern(seed, 0, block.contents, kBytes))) << seed;
    }
    for (const Piece& piece : pieces_) {
      const PartLookup found = frame.find(piece.block, piece.part);
      ASSERT_EQ(found.status, FindStatus::Resident) << piece.seed;
      const auto bytes = host.bytes(found.place.chunk).subspan(found.place.offset, found.place.bytes);
      EXPECT_EQ(hashBytes(bytes), hashBytes(pattern(piece.seed, 1, 1, piece.bytes))) << piece.seed;
    }
  }

  [[nodiscard]] const PoolStats stats() const { return pool_->stats(); }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  static constexpr std::size_t kBytes = 30000;

  static PoolDesc desc(std::uint32_t mirrors) {
    PoolDesc desc = mirrors == 0 ? test::restlessPool() : test::smallPool();
    desc.recordMirrors = mirrors;
    return desc;
  }

  struct Block {
    BlockHandle handle;
    ContentVersion version = 1;
    ContentVersion contents = 1;  ///< Of the first part.
  };
  /// A part that was added to a living block, of `bytes` bytes.
  struct Piece {
    BlockHandle block;
    PartId part{};
    std::uint32_t seed = 0;
    std::size_t bytes = 0;
  };

  void add(std::uint32_t seed) {
    const auto bytes = pattern(seed, 0, 1, kBytes);
    const PartDesc part{PartKind::Vertex, kBytes, Source::bytes(bytes)};
    for (;;) {
      const PoolStats before = pool_->stats();
      const Result<BlockHandle> handle = pool_->add(test::blockDesc("mesh", {&part, 1}));
      if (handle) {
        blocks_[seed].handle = *handle;
        return;
      }
      expectUnchanged(before, handle.error());
    }
  }

  void updateAll() {
    for (auto& [seed, block] : blocks_) {
      const auto bytes = pattern(seed, 0, block.version + 1, kBytes);
      const PartUpdate update{kPart, Source::bytes(bytes)};
      for (;;) {
        const PoolStats before = pool_->stats();
        const Result<ContentVersion> version = pool_->update(block.handle, {&update, 1});
        if (version) {
          block.version = block.contents = *version;
          break;
        }
        expectUnchanged(before, version.error());
      }
    }
  }

  /// Two new parts for each of the newest blocks: some move, some get them in gaps.
  void addParts(std::uint32_t round) {
    for (auto& [seed, block] : blocks_) {
      if (seed < round * 100 || seed % 2 != 0) continue;
      const std::array bytes{pattern(seed, 1, 1, 900), pattern(seed + 50, 1, 1, 300)};
      const std::array parts{PartDesc{PartKind::Uniform, bytes[0].size(), Source::bytes(bytes[0])},
                             PartDesc{PartKind::Index, bytes[1].size(), Source::bytes(bytes[1])}};
      std::array<PartId, 2> ids{};
      for (;;) {
        const PoolStats before = pool_->stats();
        const Result<ContentVersion> version = pool_->addParts(block.handle, parts, ids);
        if (version) {
          block.version = *version;
          pieces_.push_back({block.handle, ids[0], seed, bytes[0].size()});
          pieces_.push_back({block.handle, ids[1], seed + 50, bytes[1].size()});
          break;
        }
        expectUnchanged(before, version.error());
      }
    }
  }

  void addShared(std::uint32_t round) {
    for (std::uint32_t i = 0; i < 20; ++i) {
      const std::uint32_t seed = 10000 + round * 100 + i;
      const auto bytes = pattern(seed, 1, 1, 8 + i % 3 * 2000);
      SharedPartDesc desc;
      desc.affinity = i % 2;
      desc.name = "mesh";
      desc.part = {PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
      for (;;) {
        const PoolStats before = pool_->stats();
        const Result<SharedPart> added = pool_->addShared(desc);
        if (added) {
          pieces_.push_back({added->block, added->part, seed, bytes.size()});
          break;
        }
        expectUnchanged(before, added.error());
      }
    }
  }

  /// Every third of what was added.
  void removeParts() {
    for (std::size_t i = 0; i < pieces_.size(); i += 2) {
      ASSERT_TRUE(pool_->removeParts(pieces_[i].block, {&pieces_[i].part, 1}));
      pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void removeOldest() {
    const BlockHandle oldest = blocks_.begin()->second.handle;
    ASSERT_TRUE(pool_->remove(oldest));
    std::erase_if(pieces_, [&](const Piece& piece) { return piece.block == oldest; });
    blocks_.erase(blocks_.begin());
  }

  void expectUnchanged(const PoolStats& before, const Error& error) {
    const PoolStats after = pool_->stats();
    EXPECT_EQ(after.blocks, before.blocks);
    EXPECT_EQ(after.liveBytes, before.liveBytes);
    EXPECT_EQ(after.retiredBytes, before.retiredBytes);
    if (error.code == ErrorCode::StagingFull) {
      step();
    } else {
      EXPECT_EQ(error.code, ErrorCode::OutOfDeviceMemory);
      EXPECT_EQ(error.resourceName(), "mesh");
      EXPECT_NE(std::string_view{error.where.file_name()}.find("pool_fault_test"), std::string_view::npos);
      ++failures_;
    }
  }

  void step() {
    if (const Result<StepReport> report = pool_->step(); !report) {
      EXPECT_EQ(report.error().code, ErrorCode::OutOfDeviceMemory);
      ++failures_;
    }
    if (const PublishReport report = pool_->publish(); report.error) {
      EXPECT_TRUE(report.deferred);
      EXPECT_EQ(report.error->code, ErrorCode::OutOfDeviceMemory);
      ++failures_;
    }
  }

  std::unique_ptr<Pool> pool_;
  std::map<std::uint32_t, Block> blocks_;
  std::vector<Piece> pieces_;
  int failures_ = 0;
};

struct World {
  explicit World(ByteCount directBytes = 0)
      : host(HostDevice::create({.completion = HostDeviceDesc::Completion::Delayed,
                                 .minDelayPolls = 1,
                                 .maxDelayPolls = 2,
                                 .directWriteBytes = directBytes})) {}

  std::unique_ptr<HostDevice> host;
  std::unique_ptr<Device> checked = makeCheckedDevice(*host);
  std::unique_ptr<FaultyDevice> faulty = FaultyDevice::create(*checked);
};

void expectEveryFailingCallIsSurvived(ByteCount directBytes, std::uint32_t mirrors = 0) {
  std::uint64_t calls = 0;
  {
    World world(directBytes);
    Scenario scenario(*world.faulty, mirrors);
    scenario.run();
    scenario.expectAllRight(*world.host);
    if (mirrors == 0) {
      EXPECT_GT(scenario.stats().relocations, 20U);
    }
    calls = world.faulty->fallibleCalls();
  }
  ASSERT_GT(calls, 30U);
  for (std::uint64_t k = 1; k <= calls; ++k) {
    SCOPED_TRACE(k);
    World world(directBytes);
    {
      Scenario scenario(*world.faulty, mirrors);
      // More than one: where a place with room to spare cannot be had, an exact one is tried before anything is
      // reported.
      world.faulty->failCall(k, ErrorCode::OutOfDeviceMemory, 3);
      scenario.run();
      EXPECT_GT(scenario.failures(), 0);
      scenario.expectAllRight(*world.host);
      EXPECT_EQ(world.host->earlyReclaims(), 0U);
      if (mirrors == 0) {
        EXPECT_EQ(world.host->overwrites(), 0U);
      }
    }
    if (testing::Test::HasFailure()) break;
  }
}

TEST(PoolFault, EveryFailingCallIsSurvived) {
  expectEveryFailingCallIsSurvived(0);
}

TEST(PoolFault, EveryFailingCallBesideDirectWritesIsSurvived) {
  expectEveryFailingCallIsSurvived(kAllBytes);
}

TEST(PoolFault, EveryFailingCallIsSurvivedWithMirrorsOfTheRecords) {
  expectEveryFailingCallIsSurvived(0, 4);
}

TEST(PoolFault, NothingWaitsBetweenStartAndShutdown) {
  World world;
  {
    Scenario scenario(*world.faulty);
    scenario.run();
    EXPECT_EQ(world.faulty->calls(DeviceCall::Wait), 0U);
  }
  EXPECT_GT(world.faulty->calls(DeviceCall::Wait), 0U) << "shutdown does";
}

TEST(PoolFault, StandingCopyQueueHoldsUpNothingButNewContents) {
  World world;
  Scenario scenario(*world.faulty);
  scenario.run();
  const SnapshotNumber before = scenario.stats().published;
  world.faulty->delayCompletion(true);
  // No crash, no wait, nothing published that is not there.
  EXPECT_GE(scenario.stats().published, before);
  world.faulty->delayCompletion(false);
  scenario.expectAllRight(*world.host);
}

TEST(PoolFault, CopiesOfTheApplicationDoNotPassForABatchThatWasRefused) {
  const auto host = HostDevice::create({.completion = HostDeviceDesc::Completion::Manual, .directWriteBytes = 0});
  const auto faulty = FaultyDevice::create(*host);
  const auto pool = Pool::create(*faulty, test::smallPool()).value();
  const std::vector<std::byte> bytes(4096);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const BlockHandle block = pool->add({.name = "mesh", .parts = {&part, 1}}).value();
  pool->publish();
  faulty->failCall(DeviceCall::Submit, 1, ErrorCode::DriverError);
  ASSERT_FALSE(pool->step());
  ASSERT_TRUE(pool->remove(block));
  const TimelineValue other = host->submit({}, {}).value();  // takes the value that the batch was to get
  host->complete(kCopyQueue, other);
  ASSERT_TRUE(pool->step());
  EXPECT_NE(pool->stats().retiredBytes, 0U) << "what the batch writes is given back when the batch is done";
  host->complete(kCopyQueue, host->submittedValue(kCopyQueue));
  ASSERT_TRUE(pool->step());
  EXPECT_EQ(pool->stats().retiredBytes, 0U);
}

}  // namespace
}  // namespace flux
