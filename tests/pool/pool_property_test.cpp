#include "pool/dump_test_tools.hpp"
#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>

namespace flux {
namespace {

using test::kDrawQueue;
using test::pattern;

/// A plain model of what the application asked for: a part, and the versions of its block at which it changed. What its
/// bytes are depends on its key and the version.
struct ModelPart {
  std::uint32_t key = 0;
  std::size_t bytes = 0;
  ContentVersion added = 0;  ///< The first version of the block that has it.
  std::vector<ContentVersion> changes;

  [[nodiscard]] ContentVersion versionAt(ContentVersion at) const {
    ContentVersion found = 0;
    for (const ContentVersion v : changes) {
      if (v <= at) found = v;
    }
    return found;
  }
  [[nodiscard]] std::uint64_t hashAt(ContentVersion at) const {
    return hashBytes(pattern(key, 0, versionAt(at), bytes));
  }
};

struct ModelBlock {
  BlockHandle handle;
  ContentVersion version = 1;
  bool live = true;
  bool shared = false;
  Tag tag = kUntagged;
  std::map<PartId, ModelPart> parts;
  std::map<PartId, ModelPart> removed;  ///< Open frames may still draw them.
};

/// An application's frame on the simulated GPU: reads that complete late, and what they should find.
struct Submitted {
  TimelineValue value = 0;
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint64_t> expected;
};

class Simulation {
 public:
  Simulation(std::uint32_t seed, const PoolDesc& desc)
      : seed_(seed),
        random_(seed),
        mirrors_(desc.recordMirrors),
        evicts_(desc.evicts),
        host_(HostDevice::create({.completion = HostDeviceDesc::Completion::Delayed,
                                  .minDelayPolls = 1,
                                  .maxDelayPolls = 6,
                                  .seed = seed,
                                  .directWriteBytes = test::directBytesOf(seed)})),
        checked_(makeCheckedDevice(*host_)),
        pool_(std::move(Pool::create(*checked_, desc).value())) {
    for (const char* name : {"terrain", "objects"}) EXPECT_TRUE(pool_->makeTag(name));
  }

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const std::uint32_t choice = below(100);
      if (choice < 15) {
        add();
      } else if (choice < 25) {
        addParts();
      } else if (choice < 35) {
        addShared();
      } else if (choice < 50) {
        update();
      } else if (choice < 60) {
        removeParts();
      } else if (choice < 65) {
        remove();
      } else if (choice < 80) {
        step();
      } else if (choice < 90) {
        beginFrame();
      } else {
        endFrame();
      }
      collect();
      if (i % 500 == 250) (void)test::dumpOf(*pool_, std::to_string(seed_) + "." + std::to_string(i));
    }
    while (!frames_.empty()) endFrame();
    // Everything arrives: all blocks show their newest version.
    for (int i = 0; i < 400; ++i) step();
    for (const ModelBlock& model : blocks_) {
      if (!model.live) continue;
      if (evicts_) bringBack(model);
      const Frame frame = pool_->beginFrame();
      const BlockLookup found = frame.find(model.handle);
      ASSERT_EQ(found.status, FindStatus::Resident);
      ASSERT_EQ(found.version, model.version);
      for (const auto& [id, part] : model.parts) {
        const PartLookup place = frame.find(model.handle, id);
        ASSERT_EQ(place.status, FindStatus::Resident);
        ASSERT_EQ(hashBytes(host_->bytes(place.place.chunk).subspan(place.place.offset, place.place.bytes)),
                  part.hashAt(model.version));
      }
    }
    for (int i = 0; evicts_ && i < 20; ++i) step();  // the last ones have left
    EXPECT_EQ(pool_->stats().liveBytes, liveBytes());
    // Blocks that move for room never come to rest here: what the last move left behind is taken back.
    for (int i = 0; i < 100 && pool_->stats().retiredBytes != 0; ++i) {
      ASSERT_TRUE(pool_->step({.moveBytes = 0}));
      pool_->publish();
    }
    EXPECT_EQ(pool_->stats().retiredBytes, 0U);
    checkOwners();
    EXPECT_EQ(host_->earlyReclaims(), 0U);
    if (mirrors_ == 0) {
      EXPECT_EQ(host_->overwrites(), 0U);
    } else {
      EXPECT_GT(pool_->stats().recordMirrors, 2U);
    }
    EXPECT_GT(verified_, 0U);
    EXPECT_EQ(evictions_ != 0, evicts_);
  }

  [[nodiscard]] PoolStats stats() const { return pool_->stats(); }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  [[nodiscard]] std::size_t size() { return 1 + below(below(10) == 0 ? 40000 : 2000); }
  [[nodiscard]] PartKind kind() { return static_cast<PartKind>(below(kPartKindCount)); }

  /// New parts, their bytes in `bytes_`, the models in `models_`.
  std::vector<PartDesc> newParts(std::uint32_t count, ContentVersion version) {
    bytes_.clear();
    models_.clear();
    std::vector<PartDesc> parts;
    for (std::uint32_t i = 0; i < count; ++i) {
      models_.push_back({nextKey_++, size(), version, {}});
      bytes_.push_back(pattern(models_.back().key, 0, 0, models_.back().bytes));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      parts.push_back({kind(), bytes_[i].size(), sourceOf(models_[i].key, 0, bytes_[i])});
      parts.back().kept = evicts_ && !parts.back().source.isLasting() && below(8) == 0;
    }
    return parts;
  }

  /// The bytes of a part at a version: as they are or, of a pool that evicts, from a function that may be asked again.
  Source sourceOf(std::uint32_t key, ContentVersion version, std::span<const std::byte> bytes) {
    if (!evicts_ || below(3) != 0) return Source::bytes(bytes);
    sizes_[key] = bytes.size();
    return Source::callback(fill, this, std::uint64_t{key} << 32U | version).lasting();
  }
  static bool fill(void* simulation, const FillRequest& request) {
    const auto key = static_cast<std::uint32_t>(request.tag >> 32U);
    const auto version = static_cast<ContentVersion>(request.tag);
    const auto bytes = pattern(key, 0, version, static_cast<const Simulation*>(simulation)->sizes_.at(key));
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(request.offset), request.destination.size(),
                request.destination.begin());
    return true;
  }

  /// What a pool that evicts may answer, and another one not.
  [[nodiscard]] bool refused(const Error& error) const {
    return error.code == ErrorCode::StagingFull || (evicts_ && error.code == ErrorCode::OutOfBudget);
  }

  /// Asks for the block until it is there with its newest contents.
  void bringBack(const ModelBlock& model) {
    for (int i = 0; i < 200; ++i) {
      const BlockLookup found = pool_->beginFrame().find(model.handle);
      if (found.status == FindStatus::Resident && found.version == model.version) return;
      ASSERT_TRUE(pool_->request(model.handle, Priority::High));
      step();
    }
  }

  void add() {
    const std::vector<PartDesc> parts = newParts(1 + below(6), 1);
    BlockDesc desc = test::blockDesc("block", parts);
    desc.lifetime = below(4) == 0 ? Lifetime::LongLived : Lifetime::Streaming;
    desc.tag = Tag{static_cast<std::uint8_t>(below(3))};
    const Result<BlockHandle> handle = pool_->add(desc);
    if (!handle) {
      ASSERT_TRUE(refused(handle.error())) << describe(handle.error());
      return;
    }
    ModelBlock& model = blocks_.emplace_back();
    model.handle = *handle;
    model.tag = desc.tag;
    for (std::uint32_t i = 0; i < models_.size(); ++i) model.parts[PartId{i}] = models_[i];
  }

  /// A live block; null if the choice met none.
  ModelBlock* anyBlock() {
    for (int i = 0; i < 4 && !blocks_.empty(); ++i) {
      ModelBlock& model = blocks_[below(static_cast<std::uint32_t>(blocks_.size()))];
      if (model.live) return &model;
    }
    return nullptr;
  }

  void addParts() {
    ModelBlock* const model = anyBlock();
    if (model == nullptr || model->shared || model->parts.size() > 20) return;
    const std::vector<PartDesc> parts = newParts(1 + below(3), model->version + 1);
    std::vector<PartId> ids(parts.size());
    if (below(2) == 0) {
      const AddedParts added = producer_.addParts(model->handle, parts).value();
      step();
      ASSERT_TRUE(added.done());
      ASSERT_EQ(added.ids().size(), ids.size());
      ids.assign(added.ids().begin(), added.ids().end());
      ASSERT_EQ(pool_->requestedVersion(model->handle), ++model->version);
    } else {
      const Result<ContentVersion> version = pool_->addParts(model->handle, parts, ids);
      if (!version) {
        ASSERT_TRUE(refused(version.error())) << describe(version.error());
        return;
      }
      ASSERT_EQ(*version, ++model->version);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_FALSE(model->parts.contains(ids[i]) || model->removed.contains(ids[i])) << "no id is used twice";
      model->parts[ids[i]] = models_[i];
    }
  }

  void addShared() {
    for (std::uint32_t count = 1 + below(8); count > 0; --count) {
      // Its bytes depend on the version of the block that it will get, which is known only then.
      ModelPart part{nextKey_++, below(8) == 0 ? 1 + below(4000) : 1 + below(40), 0, {}};
      SharedPartDesc desc;
      desc.affinity = below(3);
      desc.lifetime = below(4) == 0 ? Lifetime::LongLived : Lifetime::Streaming;
      desc.tag = Tag{static_cast<std::uint8_t>(below(3))};
      const auto bytes = pattern(part.key, 0, 0, part.bytes);
      desc.part = {kind(), bytes.size(), Source::bytes(bytes)};
      const Result<SharedPart> added = pool_->addShared(desc);
      if (!added) {
        ASSERT_TRUE(refused(added.error())) << describe(added.error());
        return;
      }
      const auto same = std::ranges::find(blocks_, added->block, &ModelBlock::handle);
      const bool known = same != blocks_.end();
      ModelBlock& model = known ? *same : blocks_.emplace_back();
      if (!known) {
        model.handle = added->block;
        model.shared = true;
        model.version = 0;
        model.tag = desc.tag;
      }
      ASSERT_TRUE(model.live && model.shared);
      ASSERT_EQ(model.tag, desc.tag) << "a block is one owner's";
      ++model.version;
      part.added = model.version;
      ASSERT_FALSE(model.parts.contains(added->part) || model.removed.contains(added->part)) << "no id is used twice";
      model.parts[added->part] = part;
    }
  }

  void update() {
    ModelBlock* const model = anyBlock();
    if (model == nullptr) return;
    bytes_.clear();
    std::vector<PartUpdate> updates;
    for (const auto& [id, part] : model->parts) {
      if (below(model->shared ? 8 : 2) != 0) continue;
      bytes_.push_back(pattern(part.key, 0, model->version + 1, part.bytes));
      // A part that is kept takes no function; nobody has noted which ones are.
      updates.push_back({id, Source::bytes({})});
    }
    if (updates.empty()) return;
    for (std::size_t i = 0; i < updates.size(); ++i) updates[i].source = Source::bytes(bytes_[i]);
    const Result<ContentVersion> version = pool_->update(model->handle, updates);
    if (!version) {
      ASSERT_TRUE(refused(version.error())) << describe(version.error());
      return;
    }
    ASSERT_EQ(*version, ++model->version);
    for (const PartUpdate& u : updates) model->parts.at(u.part).changes.push_back(*version);
  }

  void removeParts() {
    ModelBlock* const model = anyBlock();
    if (model == nullptr) return;
    std::vector<PartId> ids;
    for (const auto& [id, part] : model->parts) {
      if (below(3) == 0) ids.push_back(id);
    }
    if (ids.empty()) return;
    if (below(2) == 0) {
      ASSERT_TRUE(producer_.removeParts(model->handle, ids));
      step();
      ASSERT_TRUE(pool_->errors().empty());
    } else {
      ASSERT_TRUE(pool_->removeParts(model->handle, ids));
    }
    for (const PartId id : ids) model->removed.insert(model->parts.extract(id));
    model->live = !model->parts.empty();
    EXPECT_EQ(pool_->requestedVersion(model->handle) != 0, model->live) << "the last part takes the block along";
  }

  void remove() {
    ModelBlock* const model = anyBlock();
    if (model == nullptr) return;
    ASSERT_TRUE(pool_->remove(model->handle));
    model->removed.merge(model->parts);
    model->live = false;
  }

  [[nodiscard]] ByteCount liveBytes() const {
    ByteCount bytes = 0;
    for (const ModelBlock& model : blocks_) {
      for (const auto& [id, part] : model.parts) bytes += part.bytes;
    }
    return bytes;
  }

  /// What each owner has is what the model says, and all of them together have everything.
  void checkOwners() const {
    const DetailedStats stats = pool_->detailedStats();
    std::array<TagStats, 3> expected;
    for (const ModelBlock& model : blocks_) {
      TagStats& owner = expected[static_cast<std::size_t>(model.tag)];
      owner.blocks += model.live ? 1 : 0;
      for (const auto& [id, part] : model.parts) owner.liveBytes += part.bytes;
    }
    ASSERT_EQ(stats.tags.size(), expected.size());
    std::uint64_t uploaded = 0;
    std::uint64_t copied = 0;
    std::uint64_t relocated = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(stats.tags[i].blocks, expected[i].blocks);
      EXPECT_EQ(stats.tags[i].liveBytes, expected[i].liveBytes);
      uploaded += stats.tags[i].uploadedBytes;
      copied += stats.tags[i].copiedBytes;
      relocated += stats.tags[i].relocatedBytes;
    }
    EXPECT_EQ(uploaded, stats.totals.uploadedBytes);
    EXPECT_EQ(copied, stats.totals.copiedBytes);
    EXPECT_EQ(relocated, stats.totals.relocatedBytes);
  }

  void step() {
    const Result<StepReport> report = pool_->step();
    ASSERT_TRUE(report) << describe(report.error());
    ASSERT_TRUE(report->errors.empty()) << describe(report->errors[0]);
    if (below(3) != 0) pool_->publish();
    if (!evicts_) return;
    const PoolStats stats = pool_->stats();
    ASSERT_LE(stats.reservedBytes, stats.hardLimitBytes);
    ASSERT_LE(stats.storeBytes, pool_->desc().storeLimitBytes);
    evictions_ = stats.evictions;
  }

  void beginFrame() {
    if (frames_.size() < 4) frames_.push_back(pool_->beginFrame());
  }

  /// Draws everything the frame's snapshot has, and ends it; now and then it submits nothing.
  void endFrame() {
    if (frames_.empty()) return;
    const std::size_t which = below(static_cast<std::uint32_t>(frames_.size()));
    Frame frame = std::move(frames_[which]);
    frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(which));
    if (!frame || below(5) == 0) return;
    auto submitted = std::make_unique<Submitted>();
    std::vector<HostRead> reads;
    const std::uint32_t looksAt = below(4);  // a camera, if not everything fits
    for (const ModelBlock& model : blocks_) {
      if (evicts_ && model.handle.index / 8 % 4 != looksAt) continue;
      frame.use(model.handle);
      const BlockLookup block = frame.find(model.handle);
      if (block.status == FindStatus::Absent) frame.miss(model.handle, Priority::Normal);
      if (!block.drawable()) continue;
      for (const auto* parts : {&model.parts, &model.removed}) {
        for (const auto& [id, part] : *parts) {
          const PartLookup found = frame.find(model.handle, id);
          if (!found.drawable()) {
            ASSERT_TRUE(part.added > found.version || parts == &model.removed) << "shown from its version on";
            continue;
          }
          ASSERT_GE(found.version, part.added);
          ASSERT_EQ(found.place.bytes, part.bytes);
          reads.push_back({found.place.chunk, found.place.offset, found.place.bytes, nullptr});
          submitted->expected.push_back(part.hashAt(found.version));
        }
      }
    }
    if (mirrors_ != 0 && frame.snapshot() != 0) {
      ASSERT_EQ(frame.records().bytes, frame.view().recordCount * sizeof(DeviceRecord));
      reads.push_back({frame.records().chunk, frame.records().offset, frame.records().bytes, nullptr});
      submitted->expected.push_back(test::hashOfExpectedRecords(frame));
    }
    submitted->hashes.resize(reads.size());
    for (std::size_t i = 0; i < reads.size(); ++i) reads[i].hash = &submitted->hashes[i];
    submitted->value = host_->submitReads(kDrawQueue, reads, frame.waits());
    frame.submitted(kDrawQueue, submitted->value);
    gpu_.push_back(std::move(submitted));
  }

  void collect() {
    while (!gpu_.empty() && host_->completed(kDrawQueue) >= gpu_.front()->value) {
      EXPECT_EQ(gpu_.front()->hashes, gpu_.front()->expected);
      verified_ += gpu_.front()->hashes.size();
      gpu_.pop_front();
    }
  }

  std::uint32_t seed_;
  std::mt19937 random_;
  std::uint32_t mirrors_;
  bool evicts_;
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<Device> checked_;
  std::unique_ptr<Pool> pool_;
  Producer producer_{pool_->makeProducer()};  ///< Of the same thread: it asks, and the next step does it.
  std::uint32_t nextKey_ = 0;
  std::deque<ModelBlock> blocks_;  ///< Removed ones, too.
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<ModelPart> models_;
  std::vector<Frame> frames_;
  std::deque<std::unique_ptr<Submitted>> gpu_;
  std::map<std::uint32_t, std::size_t> sizes_;  ///< By key: of what functions give.
  std::uint64_t verified_ = 0;
  std::uint64_t evictions_ = 0;
};

class PoolProperty : public testing::Test {
 protected:
  void runSeeds(const PoolDesc& desc, std::uint32_t few = 12) {
    const char* soak = std::getenv("FLUX_SOAK");
    const std::uint32_t seeds = soak != nullptr ? 2000 : few;
    for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
      SCOPED_TRACE(seed);
      Simulation simulation(seed, desc);
      simulation.run(1500);
      moved_ += simulation.stats().relocations;
      compacted_ += simulation.stats().compactions;
      if (HasFailure()) break;
    }
  }

  std::uint64_t moved_ = 0;
  std::uint64_t compacted_ = 0;
};

TEST_F(PoolProperty, EveryFrameReadsWhatItsSnapshotSays) {
  runSeeds(test::smallPool());
}

TEST_F(PoolProperty, EveryFrameReadsWhatItsSnapshotSaysWhileEverythingMoves) {
  runSeeds(test::restlessPool(), 4);
  EXPECT_GT(moved_, 500U);
  EXPECT_GT(compacted_, 50U);
}

TEST_F(PoolProperty, EveryFrameReadsTheMirrorOfItsSnapshot) {
  PoolDesc desc = test::smallPool();
  desc.recordMirrors = 4;  // too few for publishes never to be put off
  runSeeds(desc);
}

TEST_F(PoolProperty, BlocksThatLeaveComeBackAsTheyWere) {
  PoolDesc desc = test::smallPool();
  desc.evicts = true;
  desc.hardLimitBytes = 2 * kMiB;
  desc.storeLimitBytes = 4 * kMiB;
  desc.shadowLimitBytes = kMiB;
  desc.readbackLimitBytes = 2 * desc.stagingPageBytes;
  runSeeds(desc, 8);
  desc.defrag = test::restless();
  runSeeds(desc, 4);
  EXPECT_GT(moved_, 200U);
}

}  // namespace
}  // namespace flux
