// Updates of ranges of parts: versioned, so that each frame sees all of a version or none of it.

#include "device/device_test_tools.hpp"
#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>

namespace flux {
namespace {

using test::failsWith;
using test::kDrawQueue;
using test::pattern;
using test::PoolFixture;
using Completion = HostDeviceDesc::Completion;

constexpr PartId kPart{0};

/// A block of one part whose bytes the test knows.
class PoolRanges : public testing::Test {
 protected:
  PoolRanges() {
    block_ = f_.add("mesh", bytes_);
    f_.stepAndPublish(2);
  }

  PartUpdate range(ByteOffset offset, ByteCount bytes, std::uint32_t seed) {
    const auto& data = kept_.emplace_back(pattern(seed, 9, 9, bytes));
    return {kPart, Source::bytes(data), offset, bytes};
  }

  void write(const PartUpdate& update) {
    std::ranges::copy(update.source.data(), bytes_.begin() + static_cast<std::ptrdiff_t>(update.offset));
  }

  void expectBytes(ContentVersion version) {
    const Frame frame = f_.pool->beginFrame();
    const PartLookup found = frame.find(block_, kPart);
    ASSERT_EQ(found.status, FindStatus::Resident);
    EXPECT_EQ(found.version, version);
    EXPECT_EQ(f_.hashAt(found.place), hashBytes(bytes_));
  }

  PoolFixture f_;
  std::vector<std::byte> bytes_ = pattern(1, 0, 1, 1001);
  std::deque<std::vector<std::byte>> kept_;
  BlockHandle block_;
};

TEST_F(PoolRanges, OnlyTheChangedBytesAreUploadedAndTheOthersAreCopiedOnTheDevice) {
  const std::array updates{range(400, 200, 2), range(0, 4, 3)};
  EXPECT_EQ(f_.pool->update(block_, updates).value(), 2U);
  for (const PartUpdate& update : updates) write(update);
  const StepReport report = f_.pool->step().value();
  EXPECT_EQ(report.uploadedBytes, 204U);
  EXPECT_EQ(report.copiedBytes, bytes_.size() - 204);
  EXPECT_EQ(report.pieces, 4U);
  f_.stepAndPublish();
  expectBytes(2);
}

TEST_F(PoolRanges, FramesThatAreOpenKeepTheOldBytes) {
  const Frame before = f_.pool->beginFrame();
  const std::uint64_t old = hashBytes(bytes_);
  const PartUpdate update = range(8, 8, 2);
  ASSERT_TRUE(f_.pool->update(block_, {&update, 1}));
  write(update);
  f_.stepAndPublish(4);
  EXPECT_EQ(f_.hashAt(before.find(block_, kPart).place), old);
  expectBytes(2);
}

TEST_F(PoolRanges, OfOverlappingUpdatesThatWaitTheLaterOnesCount) {
  // Right end, left end, middle, all of an earlier one, and more than one.
  for (const PartUpdate& update : {range(100, 100, 2), range(180, 40, 3), range(80, 40, 4), range(140, 8, 5),
                                   range(300, 20, 6), range(300, 20, 7), range(84, 220, 8), range(600, 401, 9)}) {
    ASSERT_TRUE(f_.pool->update(block_, {&update, 1}));
    write(update);
  }
  const StepReport report = f_.pool->step().value();
  EXPECT_EQ(report.uploadedBytes, 240U + 401U) << "what is superseded is not sent";
  f_.stepAndPublish();
  expectBytes(9);
}

TEST_F(PoolRanges, AWholeUpdateSupersedesRangesAndGivesTheirStagingBack) {
  // Ranges fill the staging; were they kept, the whole update would find none.
  PoolFixture f;
  const auto large = pattern(4, 0, 1, 64 * kKiB);
  const BlockHandle block = f.add("large", large);
  f.stepAndPublish(2);
  for (int round = 0; round < 20; ++round) {
    const auto half = pattern(5, 0, 0, 32 * kKiB);
    const PartUpdate left{kPart, Source::bytes(half), 0, half.size()};
    const PartUpdate right{kPart, Source::bytes(half), 32 * kKiB, half.size()};
    ASSERT_TRUE(f.pool->update(block, {&left, 1})) << round;
    ASSERT_TRUE(f.pool->update(block, {&right, 1})) << round;
    ASSERT_TRUE(f.update(block, large)) << round;
    if (round % 2 == 1) f.stepAndPublish(2);
  }
  const StepReport report = f.pool->step().value();
  EXPECT_EQ(report.waitingBlocks, 0U);
}

TEST_F(PoolRanges, SourcesThatAreAskedLaterSeeOffsetsInThePart) {
  struct Asked {
    std::vector<std::byte> bytes;
    std::vector<ByteOffset> offsets;
  } asked{pattern(7, 0, 0, 1001), {}};
  const auto fill = [](void* context, const FillRequest& request) {
    auto& from = *static_cast<Asked*>(context);
    from.offsets.push_back(request.offset);
    std::copy_n(from.bytes.begin() + static_cast<std::ptrdiff_t>(request.offset), request.destination.size(),
                request.destination.begin());
    return true;
  };
  const PartUpdate later{kPart, Source::callback(fill, &asked), 200, 400};
  ASSERT_TRUE(f_.pool->update(block_, {&later, 1}));
  std::copy_n(asked.bytes.begin() + 200, 400, bytes_.begin() + 200);
  const PartUpdate middle = range(300, 100, 8);  // cuts it in two
  ASSERT_TRUE(f_.pool->update(block_, {&middle, 1}));
  write(middle);
  const auto owned = std::make_shared<std::byte[]>(64, std::byte{0x5A});
  const PartUpdate rest{kPart, Source::owned(owned, 64), 640, 64};
  ASSERT_TRUE(f_.pool->update(block_, {&rest, 1}));
  std::fill_n(bytes_.begin() + 640, 64, std::byte{0x5A});
  const PartUpdate cut = range(644, 8, 9);
  ASSERT_TRUE(f_.pool->update(block_, {&cut, 1}));
  write(cut);
  f_.stepAndPublish(2);
  EXPECT_EQ(asked.offsets, (std::vector<ByteOffset>{200, 400}));
  expectBytes(5);
}

TEST_F(PoolRanges, ASourceThatFailsDropsTheUpdateAndTheBytesStay) {
  const PartUpdate fails{kPart, Source::callback([](void*, const FillRequest&) { return false; }, nullptr), 0, 8};
  const PartUpdate good = range(100, 8, 2);
  ASSERT_TRUE(f_.pool->update(block_, std::array{fails, good}));
  const StepReport report = f_.pool->step().value();
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_EQ(report.errors[0].code, ErrorCode::SourceFailed);
  f_.stepAndPublish(2);
  expectBytes(1);
}

TEST_F(PoolRanges, WhatDoesNotFitIsRefusedAndChangesNothing) {
  const auto refused = [&](const PartUpdate& update) {
    return failsWith(f_.pool->update(block_, {&update, 1}), ErrorCode::InvalidArgument);
  };
  EXPECT_TRUE(refused(range(1000, 4, 2))) << "beyond the end";
  EXPECT_TRUE(refused(range(1004, 4, 2))) << "behind the end";
  EXPECT_TRUE(refused({kPart, Source::bytes(bytes_), ~ByteOffset{3}, 8})) << "an overflow";
  EXPECT_TRUE(refused(range(2, 4, 2))) << "not at a multiple of 4";
  EXPECT_TRUE(refused(range(4, 2, 2))) << "not to a multiple of 4";
  EXPECT_TRUE(refused({kPart, Source::bytes(std::span(bytes_).first(8)), 0, 4})) << "a source of another size";
  EXPECT_TRUE(refused({kPart, Source::bytes(std::span(bytes_).first(8)), 4, 0})) << "all from an offset on";
  EXPECT_TRUE(refused({PartId{1}, Source::bytes(bytes_)}));
  EXPECT_TRUE(failsWith(f_.pool->update(block_, {}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(
      failsWith(f_.pool->update(block_, std::array{range(0, 8, 2), range(4, 8, 3)}), ErrorCode::InvalidArgument))
      << "they overlap";
  EXPECT_TRUE(
      failsWith(f_.pool->update(block_, std::array{range(4, 4, 2), range(4, 4, 3)}), ErrorCode::InvalidArgument));
  EXPECT_EQ(f_.pool->requestedVersion(block_), 1U);
  const PartUpdate tail{kPart, Source::bytes(std::span(bytes_).subspan(1000)), 1000, 0};
  EXPECT_TRUE(f_.pool->update(block_, {&tail, 1})) << "what is left";
}

TEST_F(PoolRanges, RangesWaitForTheFirstUploadAndGoDownWithIt) {
  const PartDesc part{PartKind::Vertex, 64, Source::callback([](void*, const FillRequest&) { return false; }, nullptr)};
  const BlockHandle lost = f_.pool->add(test::blockDesc("lost", {&part, 1})).value();
  const PartUpdate update = range(0, 32, 2);
  ASSERT_TRUE(f_.pool->update(lost, {&update, 1}));
  f_.stepAndPublish(3);
  EXPECT_EQ(f_.pool->beginFrame().find(lost).status, FindStatus::Lost);
  EXPECT_TRUE(failsWith(f_.pool->update(lost, {&update, 1}), ErrorCode::InvalidArgument)) << "not all its bytes";
  const PartUpdate other = range(32, 32, 3);
  EXPECT_TRUE(f_.pool->update(lost, std::array{other, update})) << "all of them";
  f_.stepAndPublish(3);
  EXPECT_EQ(f_.pool->beginFrame().find(lost).status, FindStatus::Resident);
}

// ---- A property: frames see what a plain model of all versions says ------------------------------------------

/// Blocks whose parts change in ranges, and everything that each version of them holds.
class RangeSimulation {
 public:
  explicit RangeSimulation(std::uint32_t seed)
      : random_(seed),
        host_(HostDevice::create({.completion = Completion::Delayed,
                                  .maxDelayPolls = 5,
                                  .seed = seed,
                                  .directWriteBytes = test::directBytesOf(seed)})),
        checked_(makeCheckedDevice(*host_)),
        pool_(std::move(Pool::create(*checked_, test::smallPool()).value())) {}

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const std::uint32_t choice = below(100);
      if (choice < 8) {
        add();
      } else if (choice < 55) {
        update();
      } else if (choice < 60) {
        changeParts();
      } else if (choice < 85) {
        step({.uploadBytes = below(4) == 0 ? 1 + below(5000) : 32 * kMiB});
      } else {
        draw();
      }
    }
    for (int i = 0; i < 300; ++i) step({});
    for (const Model& model : blocks_) {
      ASSERT_EQ(pool_->beginFrame().find(model.handle).version, pool_->requestedVersion(model.handle));
    }
    draw();
    for (int i = 0; i < 20; ++i) step({});
    EXPECT_EQ(host_->earlyReclaims(), 0U);
    EXPECT_EQ(host_->overwrites(), 0U) << "each piece went to a place that nobody had written";
    EXPECT_GT(verified_, 50U);
  }

 private:
  using Bytes = std::vector<std::byte>;
  struct Model {
    BlockHandle handle;
    std::map<PartId, std::map<ContentVersion, Bytes>> parts;  ///< No bytes: the part is not there any more.
  };
  struct Drawn {
    TimelineValue value = 0;
    std::vector<std::uint64_t> hashes, expected;
  };

  std::uint32_t below(std::size_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  Bytes fresh(std::size_t bytes) { return pattern(nextKey_++, 0, 0, bytes); }
  [[nodiscard]] std::size_t size() { return 1 + below(below(6) == 0 ? 9000 : 600); }

  void add() {
    std::vector<Bytes> bytes;
    std::vector<PartDesc> parts;
    for (std::size_t n = 1 + below(3); n > 0; --n) bytes.push_back(fresh(size()));
    for (const Bytes& part : bytes) parts.push_back({PartKind::Storage, part.size(), Source::bytes(part)});
    const Result<BlockHandle> added = pool_->add(test::blockDesc("block", parts));
    if (!added) return;
    Model& model = blocks_.emplace_back();
    model.handle = *added;
    for (std::uint32_t i = 0; i < bytes.size(); ++i) model.parts[PartId{i}][1] = bytes[i];
  }

  void changeParts() {
    if (blocks_.empty()) return;
    Model& model = blocks_[below(blocks_.size())];
    if (model.parts.size() > 10) return;
    const Bytes bytes = fresh(size());
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    PartId id{};
    const Result<ContentVersion> version = pool_->addParts(model.handle, {&part, 1}, {&id, 1});
    if (version) model.parts[id][*version] = bytes;
  }

  /// Disjoint ranges of some parts, from sources of all kinds.
  void update() {
    if (blocks_.empty()) return;
    Model& model = blocks_[below(blocks_.size())];
    std::map<PartId, Bytes> changed;
    std::deque<Bytes> kept;
    std::vector<PartUpdate> updates;
    for (const auto& [id, versions] : model.parts) {
      if (below(2) == 0) continue;
      Bytes now = versions.rbegin()->second;
      std::size_t at = below(4) == 0 ? 0 : 4 * below(now.size() / 4 + 1);
      while (at < now.size() && below(4) != 0) {
        std::size_t bytes = std::min(now.size() - at, 4 + 4 * std::size_t{below(below(3) == 0 ? 400 : 20)});
        const Bytes& data = kept.emplace_back(fresh(bytes));
        std::ranges::copy(data, now.begin() + static_cast<std::ptrdiff_t>(at));
        Source source = Source::bytes(data);
        if (below(3) == 0) {
          const std::shared_ptr<std::byte[]> owned(new std::byte[bytes]);
          std::ranges::copy(data, owned.get());
          source = Source::owned(owned, bytes);
        }
        updates.push_back({id, source, at, bytes});
        at += (bytes + 3) / 4 * 4 + 4 * below(30);
      }
      changed[id] = std::move(now);
    }
    if (updates.empty()) return;
    std::ranges::shuffle(updates, random_);
    ContentVersion version = 0;
    if (below(4) == 0) {
      ASSERT_TRUE(producer_.update(model.handle, updates));
      step({});
      ASSERT_TRUE(pool_->errors().empty());
      version = pool_->requestedVersion(model.handle);
    } else {
      const Result<ContentVersion> updated = pool_->update(model.handle, updates);
      if (!updated) {
        ASSERT_EQ(updated.error().code, ErrorCode::StagingFull);
        return;
      }
      version = *updated;
    }
    for (auto& [id, bytes] : changed) model.parts[id][version] = std::move(bytes);
  }

  void step(const StepQuota& quota) {
    ASSERT_TRUE(pool_->step(quota));
    if (below(3) != 0) pool_->publish();
    while (!gpu_.empty() && host_->completed(kDrawQueue) >= gpu_.front()->value) {
      ASSERT_EQ(gpu_.front()->hashes, gpu_.front()->expected);
      verified_ += gpu_.front()->hashes.size();
      gpu_.pop_front();
    }
  }

  void draw() {
    Frame frame = pool_->beginFrame();
    auto drawn = std::make_unique<Drawn>();
    std::vector<HostRead> reads;
    for (const Model& model : blocks_) {
      for (const auto& [id, versions] : model.parts) {
        const PartLookup found = frame.find(model.handle, id);
        if (!found.drawable()) continue;
        const auto after = versions.upper_bound(found.version);
        ASSERT_NE(after, versions.begin());
        reads.push_back({found.place.chunk, found.place.offset, found.place.bytes, nullptr});
        drawn->expected.push_back(hashBytes(std::prev(after)->second));
      }
    }
    drawn->hashes.resize(reads.size());
    for (std::size_t i = 0; i < reads.size(); ++i) reads[i].hash = &drawn->hashes[i];
    drawn->value = host_->submitReads(kDrawQueue, reads, frame.waits());
    frame.submitted(kDrawQueue, drawn->value);
    gpu_.push_back(std::move(drawn));
  }

  std::mt19937 random_;
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<Device> checked_;
  std::unique_ptr<Pool> pool_;
  Producer producer_{pool_->makeProducer()};
  std::vector<Model> blocks_;
  std::deque<std::unique_ptr<Drawn>> gpu_;
  std::uint32_t nextKey_ = 0;
  std::size_t verified_ = 0;
};

TEST(PoolRangesProperty, EveryFrameSeesTheBytesOfItsVersion) {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    RangeSimulation simulation(seed);
    simulation.run(800);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace flux
