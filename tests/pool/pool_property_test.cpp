#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <cstdlib>
#include <deque>
#include <map>

namespace flux {
namespace {

using test::kDrawQueue;
using test::pattern;

/// A plain model of what the application asked for: by block, what each version's parts contain.
struct ModelBlock {
  std::vector<std::size_t> partBytes;
  ContentVersion version = 1;
  /// By part: the versions at which it changed.
  std::vector<std::vector<ContentVersion>> changes;

  [[nodiscard]] ContentVersion partVersion(std::uint32_t part, ContentVersion at) const {
    ContentVersion found = 0;
    for (const ContentVersion v : changes[part]) {
      if (v <= at) found = v;
    }
    return found;
  }
};

/// An application's frame on the simulated GPU: reads that complete late, and what they should find.
struct Submitted {
  TimelineValue value = 0;
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint64_t> expected;
};

class Simulation {
 public:
  explicit Simulation(std::uint32_t seed)
      : random_(seed),
        host_(HostDevice::create(
            {.completion = HostDeviceDesc::Completion::Delayed, .minDelayPolls = 1, .maxDelayPolls = 6, .seed = seed})),
        checked_(makeCheckedDevice(*host_)),
        pool_(std::move(Pool::create(*checked_, test::smallPool()).value())) {}

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const std::uint32_t choice = below(100);
      if (choice < 25) {
        add();
      } else if (choice < 50) {
        update();
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
    }
    while (!frames_.empty()) endFrame();
    // Everything arrives: all blocks show their newest version.
    for (int i = 0; i < 400; ++i) step();
    const Frame frame = pool_->beginFrame();
    for (const auto& [key, model] : blocks_) {
      const BlockLookup found = frame.find(handles_.at(key));
      ASSERT_EQ(found.status, FindStatus::Resident);
      ASSERT_EQ(found.version, model.version);
    }
    EXPECT_EQ(pool_->stats().retiredBytes, 0U);
    EXPECT_EQ(host_->earlyReclaims(), 0U);
    EXPECT_EQ(host_->overwrites(), 0U);
    EXPECT_GT(verified_, 0U);
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  void add() {
    const std::uint32_t key = nextKey_++;
    ModelBlock model;
    std::vector<std::vector<std::byte>> bytes;
    std::vector<PartDesc> parts;
    for (std::uint32_t p = 0, count = 1 + below(4); p < count; ++p) {
      model.partBytes.push_back(1 + below(below(10) == 0 ? 40000 : 2000));
      model.changes.push_back({1});
      bytes.push_back(pattern(key, p, 1, model.partBytes.back()));
    }
    for (std::uint32_t p = 0; p < bytes.size(); ++p) {
      parts.push_back({static_cast<PartKind>(below(kPartKindCount)), bytes[p].size(), Source::bytes(bytes[p])});
    }
    BlockDesc desc = test::blockDesc("block", parts);
    desc.lifetime = below(4) == 0 ? Lifetime::LongLived : Lifetime::Streaming;
    const Result<BlockHandle> handle = pool_->add(desc);
    if (!handle) {
      ASSERT_EQ(handle.error().code, ErrorCode::StagingFull);
      return;
    }
    handles_[key] = *handle;
    blocks_[key] = std::move(model);
  }

  void update() {
    if (blocks_.empty()) return;
    auto& [key, model] = *std::next(blocks_.begin(), below(static_cast<std::uint32_t>(blocks_.size())));
    std::vector<std::vector<std::byte>> bytes;
    std::vector<PartUpdate> updates;
    for (std::uint32_t p = 0; p < model.partBytes.size(); ++p) {
      if (below(2) == 0) continue;
      bytes.push_back(pattern(key, p, model.version + 1, model.partBytes[p]));
      updates.push_back({PartId{p}, Source::bytes({})});
    }
    if (updates.empty()) return;
    for (std::size_t i = 0; i < updates.size(); ++i) updates[i].source = Source::bytes(bytes[i]);
    const Result<ContentVersion> version = pool_->update(handles_.at(key), updates);
    if (!version) {
      ASSERT_EQ(version.error().code, ErrorCode::StagingFull);
      return;
    }
    ASSERT_EQ(*version, model.version + 1);
    model.version = *version;
    for (const PartUpdate& u : updates) model.changes[static_cast<std::uint32_t>(u.part)].push_back(*version);
  }

  void remove() {
    if (blocks_.empty()) return;
    const auto block = std::next(blocks_.begin(), below(static_cast<std::uint32_t>(blocks_.size())));
    ASSERT_TRUE(pool_->remove(handles_.at(block->first)));
    removed_[block->first] = std::move(block->second);  // open frames may still draw it
    blocks_.erase(block);
  }

  void step() {
    ASSERT_TRUE(pool_->step());
    if (below(3) != 0) pool_->publish();
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
    for (const auto& [key, handle] : handles_) {
      const auto live = blocks_.find(key);
      const ModelBlock& model = live != blocks_.end() ? live->second : removed_.at(key);
      for (std::uint32_t p = 0; p < model.partBytes.size(); ++p) {
        const PartLookup found = frame.find(handle, PartId{p});
        if (!found.drawable()) continue;
        const ContentVersion partVersion = model.partVersion(p, found.version);
        ASSERT_EQ(found.place.bytes, model.partBytes[p]);
        reads.push_back({found.place.chunk, found.place.offset, found.place.bytes, nullptr});
        submitted->expected.push_back(hashBytes(pattern(key, p, partVersion, model.partBytes[p])));
      }
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

  std::mt19937 random_;
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<Device> checked_;
  std::unique_ptr<Pool> pool_;
  std::uint32_t nextKey_ = 0;
  std::map<std::uint32_t, ModelBlock> blocks_;
  std::map<std::uint32_t, ModelBlock> removed_;
  std::map<std::uint32_t, BlockHandle> handles_;
  std::vector<Frame> frames_;
  std::deque<std::unique_ptr<Submitted>> gpu_;
  std::uint64_t verified_ = 0;
};

TEST(PoolProperty, EveryFrameReadsWhatItsSnapshotSays) {
  const char* soak = std::getenv("FLUX_SOAK");
  const std::uint32_t seeds = soak != nullptr ? 2000 : 12;
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    Simulation simulation(seed);
    simulation.run(1500);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace flux
