/// A block on its way through memory, with the pool and the Host device: uploads, updates that copy from the old place,
/// removals, ranges that are used again, a copy queue that executes late, draws that wait for it; as
/// docs/design/model/copy.pml. A block that moves to another chunk for room, which is given back behind it. And one
/// that leaves the device and comes back.

#include "explorer/explorer.hpp"
#include "explorer/scenarios/late_device.hpp"
#include "explorer/scenarios/lookup_step.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace flux::explorer {
namespace {

constexpr ByteCount kPartBytes = 256;
/// The unchanged part of an update is copied from the old place.
constexpr std::size_t kParts = 2;
/// Contents of each version are one byte over and over, with the part in its lower half.
constexpr ContentVersion kMaxVersions = 15;
constexpr std::chrono::steady_clock::time_point kNow{};

struct Bounds {
  std::uint32_t frames;   ///< Each on a thread of its own.
  std::uint32_t actions;  ///< Of the geometry thread, each of which may be an update, a removal or nothing.
  bool loss = false;
  bool moves = false;    ///< The block is on its way out of its chunk when the others begin.
  bool leaves = false;   ///< The block leaves the device, comes back, or is removed in between.
  bool returns = false;  ///< It has left when the others begin, and is removed while it is on its way back, or not.

  [[nodiscard]] bool evicts() const { return leaves || returns; }
};

constexpr ByteCount kChunkBytes = 64 * kKiB;
constexpr ByteCount kFillerBytes = 32'000;  // two a chunk; the block has room beside them

std::array<std::byte, kPartBytes> contents(std::uint32_t part, ContentVersion version) {
  std::array<std::byte, kPartBytes> bytes;
  bytes.fill(static_cast<std::byte>(version * 16 + part));
  return bytes;
}

/// What the block has in a version: an update gives new contents to the first part alone.
struct Version {
  std::array<ContentVersion, kParts> parts{};
  friend bool operator==(const Version&, const Version&) = default;
};
class Copy : public Scenario {
 public:
  explicit Copy(const Bounds& bounds) : bounds_(bounds) {
    PoolDesc desc;
    desc.chunkBytes = desc.firstChunkBytes = desc.longLivedFirstChunkBytes = kChunkBytes;
    desc.stagingPageBytes = 4 * kKiB;
    desc.stagingLimitBytes = 8 * kKiB;
    desc.readbackLimitBytes = desc.stagingPageBytes;
    desc.maxBlocks = 4;
    desc.spareChunks = 0;
    desc.emptyChunkSteps = 0;
    desc.defrag = {.automatic = false, .stepsBetween = 0, .settledSteps = 0};
    desc.evicts = bounds.evicts();
    pool_ = std::move(Pool::create(device_, desc).value());
    if (bounds.moves) beginMove();
    if (bounds.evicts()) settleBlock();
    if (bounds.returns) takeAway();
  }

  void start() override {
    addFiber("geometry", [this] { edit(); });
    for (std::uint32_t i = 0; i < bounds_.frames; ++i) addFiber("render", [this] { drawFrame(); });
    if (bounds_.loss) addFiber("loss", [this] { device_.lose(); });
    device_.startQueues();
  }

  void finish() override {
    drain();
    check(pool_->stats().retiredBytes == 0, "memory is not reclaimed");
    if (block_) removeBlock();
    for (const BlockHandle filler : fillers_) check(pool_->remove(filler).has_value(), "a removal is accepted");
    drain();
    const PoolStats stats = pool_->stats();
    check(stats.openFrames == 0, "a pin is left");
    check(stats.retiredBytes == 0 && stats.liveBytes == 0, "memory is not reclaimed");
    check(!bounds_.moves || stats.reservedBytes == 0, "a chunk is not given back");
  }

 private:
  /// What a snapshot has to say about a handle.
  struct Says {
    BlockHandle block;
    std::optional<Version> version;   ///< None: absent.
    std::vector<BlockHandle> others;  ///< That are not there any more.
    bool lost = false;                ///< The geometry thread has seen that the device is lost.
  };

  // ---- The geometry thread.
  /// The block is alone in the second chunk, and its bytes are to be copied to the first one.
  void beginMove() {
    const auto settle = [this] {
      for (int i = 0; i < 24; ++i) {
        stepPool();
        device_.finishQueues();
        publish();
      }
    };
    for (const ByteCount bytes : {kFillerBytes, kFillerBytes, kChunkBytes - 2 * kFillerBytes}) {
      const auto zeros = [](void*, const FillRequest& request) {
        std::ranges::fill(request.destination, std::byte{});
        return true;
      };
      const PartDesc part{PartKind::Vertex, bytes, Source::callback(zeros, nullptr)};
      fillers_.push_back(pool_->add({.name = "filler", .parts = {&part, 1}}).value());
      settle();
    }
    addBlock();
    settle();
    check(pool_->inspect(block_)->place->chunk == ChunkIndex{2}, "the block is where it can leave");
    check(pool_->remove(fillers_.back()).has_value(), "a removal is accepted");
    fillers_.pop_back();
    settle();
    check(pool_->defragment({.freeChunks = 1}).has_value(), "a goal is accepted");
    for (int i = 0; i < 8 && !pool_->inspect(block_)->move; ++i) {
      stepPool();
      publish();
    }
    check(pool_->inspect(block_)->move.has_value(), "the block moves");
  }

  /// The block is there long enough to leave.
  void settleBlock() {
    addBlock();
    for (int i = 0; i < 12; ++i) {
      stepPool();
      device_.finishQueues();
      publish();
    }
  }

  void limit(ByteCount soft) {
    check(pool_->setBudget({.hardBytes = kChunkBytes, .softBytes = soft}).has_value(), "a limit is accepted");
  }
  void letLeave() { limit(kPartBytes); }  // which is less than it takes
  void letReturn() {
    limit(kChunkBytes);
    check(pool_->request(block_, Priority::High).has_value(), "a request is accepted");
  }

  /// The block is out, and its place has come free.
  void takeAway() {
    letLeave();
    for (int i = 0; i < 4; ++i) {
      stepPool();
      publish();
    }
    check(!pool_->inspect(block_)->place && pool_->stats().retiredBytes == 0, "the block has left");
  }

  /// Out, and in again; or removed while it is out, or about to come in.
  void leaveAndReturn() {
    for (std::uint32_t i = 0; i < bounds_.actions && block_; ++i) {
      const bool absent = i % 2 != 0;
      if (i != 0 && choose(2) == 1) {
        removeBlock();
      } else if (absent) {
        letReturn();
        if (choose(2) == 1) removeBlock();
      } else {
        letLeave();
      }
      stepPool();
      publish();
    }
    stepPool();  // in which what has been left may come free
    publish();
  }

  /// In again, or removed while its bytes are being copied.
  void returnOrGo() {
    letReturn();
    stepPool();
    publish();
    check(running_.has_value(), "the block is on its way");
    if (choose(2) == 1) removeBlock();
    stepPool();
    publish();
    stepPool();  // in which what it was about to get may come free
    publish();
  }

  void edit() {
    if (bounds_.leaves) return leaveAndReturn();
    if (bounds_.returns) return returnOrGo();
    if (!bounds_.moves) {
      addBlock();
      stepPool();
      publish();
    }
    for (std::uint32_t i = 0; i < bounds_.actions; ++i) {
      switch (choose(3)) {
        case 0:
          break;
        case 1:
          block_ ? updateBlock() : addBlock();
          break;
        default:
          block_ ? removeBlock() : addBlock();
          break;
      }
      stepPool();
      publish();
    }
    if (bounds_.moves) stepPool();  // in which what the move has left may come free
  }

  /// Copies, publishes and both stages of retirement, one after the other.
  void drain() {
    for (int i = 0; i < 4; ++i) {
      stepPool();
      device_.finishQueues();
      publish();
    }
    look(pool_->beginFrame(), nullptr);
  }

  void addBlock() {
    std::array<std::array<std::byte, kPartBytes>, kParts> bytes;
    std::array<PartDesc, kParts> parts;
    ++versions_;
    for (std::uint32_t i = 0; i < kParts; ++i) {
      bytes[i] = contents(i, versions_);
      parts[i] = {PartKind::Vertex, kPartBytes, Source::bytes(bytes[i])};
      if (bounds_.evicts()) parts[i].source = Source::callback(fill, nullptr, i).lasting();
      requested_.parts[i] = versions_;
    }
    BlockDesc desc;
    desc.name = "block";
    desc.parts = parts;
    const Result<BlockHandle> added = pool_->add(desc);
    if (!added) return;  // the device is lost
    block_ = *added;
  }

  /// Of the first version.
  static bool fill(void* /*context*/, const FillRequest& request) {
    const auto bytes = contents(static_cast<std::uint32_t>(request.tag), 1);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(request.offset), request.destination.size(),
                request.destination.begin());
    return true;
  }

  void updateBlock() {
    const auto bytes = contents(0, ++versions_);
    const PartUpdate update{PartId{0}, Source::bytes(bytes)};
    check(pool_->update(block_, {&update, 1}).has_value() || device_.lost(), "an update is accepted");
    requested_.parts[0] = versions_;
  }

  void removeBlock() {
    check(pool_->remove(block_).has_value(), "a removal is accepted");
    removed_.push_back(std::exchange(block_, {}));
    running_.reset();
    visible_.reset();
  }

  void stepPool() {
    const StepLimit limit(500, "the geometry thread waits in a step");
    const TimelineValue before = device_.copiesSubmitted();
    const Result<StepReport> stepped = pool_->step({}, kNow);
    check(stepped.has_value() || device_.lost(), "a step fails");
    if (device_.seenLost()) {
      running_.reset();
      visible_.reset();
      return;
    }
    if (running_ && device_.completed(kCopyQueue) >= running_->copy) {
      visible_ = running_->version;
      running_.reset();
    }
    if (stepped->evictions != 0) visible_.reset();
    if (device_.copiesSubmitted() > before) {
      running_ = Running{requested_, device_.copiesSubmitted()};
    }
  }

  void publish() {
    const StepLimit limit(200, "the geometry thread waits while it publishes");
    says_[published_ + 1] = {block_, visible_, removed_, device_.seenLost()};
    published_ = pool_->publish().snapshot;
  }

  // ---- Frames.
  void drawFrame() {
    Frame frame = pool_->beginFrame();
    std::vector<Place> places;
    std::optional<Version> seen = look(frame, &places);
    check(look(frame, nullptr) == seen, "two lookups of one frame differ");
    if (!seen || choose(2) == 1) return;
    for (std::uint32_t i = 0; i < kParts; ++i) {
      const auto bytes = contents(i, seen->parts[i]);
      frame.submitted(kDrawQueue, device_.draw(places[i], hashBytes(bytes), frame.waits()));
    }
    frame.end();
  }

  /// The version that the frame finds of the block that its snapshot names; and that no other block is found.
  std::optional<Version> look(const Frame& frame, std::vector<Place>* places) {
    const Says& says = says_[frame.snapshot()];
    std::optional<Version> found;
    lookupStep(frame);
    for (const BlockHandle block : says.others) {
      check(frame.find(block).status == FindStatus::Stale, "a lookup finds a block that was removed");
    }
    if (!says.block) return found;
    std::array<PartLookup, kParts> parts;
    for (std::uint32_t i = 0; i < kParts; ++i) parts[i] = frame.find(says.block, PartId{i});
    if (parts[0].drawable()) {
      found.emplace();
      for (std::uint32_t i = 0; i < kParts; ++i) {
        check(parts[i].drawable() && parts[i].place.bytes == kPartBytes, "a lookup finds a part of a block");
        if (places != nullptr) places->push_back(parts[i].place);
        const std::uint64_t hash = device_.read(parts[i].place);
        for (ContentVersion version = 1; version <= kMaxVersions && found->parts[i] == 0; ++version) {
          if (hashBytes(contents(i, version)) == hash) found->parts[i] = version;
        }
        check(found->parts[i] != 0, "a lookup meets bytes that are not there");
      }
      check(!says.lost, "a snapshot after the loss names a place");
    }
    check(found == says.version, "a lookup does not answer what its snapshot says");
    return found;
  }

  struct Running {
    Version version;
    TimelineValue copy;
  };

  Bounds bounds_;
  LateDevice device_;
  std::unique_ptr<Pool> pool_;

  // Of the geometry thread.
  BlockHandle block_;
  Version requested_;
  std::optional<Running> running_;
  std::optional<Version> visible_;
  ContentVersion versions_ = 0;
  SnapshotNumber published_ = 0;

  std::vector<BlockHandle> removed_;
  std::vector<BlockHandle> fillers_;

  // Written before it is published.
  std::map<SnapshotNumber, Says> says_;
};

MakeScenario scenario(const Bounds& bounds) {
  return [=] { return std::make_unique<Copy>(bounds); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(argc, argv,
                      {{"one-frame", scenario({.frames = 1, .actions = 3})},
                       {"two-frames", scenario({.frames = 2, .actions = 1})},
                       {"loss", scenario({.frames = 1, .actions = 2, .loss = true})},
                       {"move", scenario({.frames = 1, .actions = 1, .moves = true})},
                       {"leave", scenario({.frames = 1, .actions = 2, .leaves = true})},
                       {"return", scenario({.frames = 1, .actions = 1, .returns = true})}});
}
