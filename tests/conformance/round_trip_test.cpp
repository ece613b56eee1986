// What goes to the device from sources of every kind comes back from it by `Pool::readBack`, byte for byte: new blocks,
// updates, updates in place, blocks that have moved.

#include "conformance/conformance.hpp"
#include "device/staging_only.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

namespace flux::test {
namespace {

constexpr ByteCount kPageBytes = 64 * kKiB;

enum class Kind : std::uint8_t { Span, Staged, StagedByProducer, Owned, Callback };
constexpr std::array kKinds{Kind::Span, Kind::Staged, Kind::StagedByProducer, Kind::Owned, Kind::Callback};

class RoundTrip : public ConformanceTest {
 protected:
  struct Part {
    PartId id{};
    std::vector<std::byte> bytes;
  };
  struct Block {
    Kind kind;
    BlockHandle handle;
    std::vector<Part> parts;
  };

  void makePool(Device& device) {
    PoolDesc desc;
    desc.chunkBytes = desc.firstChunkBytes = kMiB;
    desc.stagingPageBytes = kPageBytes;
    desc.stagingLimitBytes = 64 * kPageBytes;
    pool_ = std::move(Pool::create(device, desc).value());
    producer_.emplace(pool_->makeProducer());
  }

  /// Of bytes that begin at `begins` of their part. They stay where they are until the test ends.
  Source sourceOf(Kind kind, const std::vector<std::byte>& given, ByteOffset begins) {
    const std::vector<std::byte>& bytes = kept_.emplace_back(given);
    switch (kind) {
      case Kind::Span:
        break;
      case Kind::Staged:
      case Kind::StagedByProducer: {
        Result<StagedBytes> staged = stage(kind, bytes.size());
        for (int i = 0; i < 200 && !staged; ++i) {  // a step makes room
          frame();
          staged = stage(kind, bytes.size());
        }
        EXPECT_TRUE(succeeds(staged));
        if (!staged) break;
        std::ranges::copy(bytes, staged->bytes().begin());
        return Source::staged(std::move(*staged));
      }
      case Kind::Owned: {
        const std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
        std::ranges::copy(bytes, copy.get());
        return Source::owned(copy, bytes.size());
      }
      case Kind::Callback: {
        const auto fill = [](void* context, const FillRequest& request) {
          const auto& all = *static_cast<const std::vector<std::byte>*>(context);
          const auto first = static_cast<std::size_t>(request.offset - request.tag);
          std::ranges::copy(std::span(all).subspan(first, request.destination.size()), request.destination.begin());
          return true;
        };
        return Source::callback(fill, const_cast<std::vector<std::byte>*>(&bytes), begins);
      }
    }
    return Source::bytes(bytes);
  }

  Result<StagedBytes> stage(Kind kind, ByteCount bytes) {
    return kind == Kind::Staged ? pool_->stage(bytes) : producer_->stage(bytes);
  }

  std::vector<PartDesc> newParts(Block& block, std::span<const ByteCount> sizes) {
    std::vector<PartDesc> parts;
    for (const ByteCount size : sizes) {
      const auto id = PartId{static_cast<std::uint32_t>(block.parts.size())};
      block.parts.push_back({id, patternBytes(static_cast<std::size_t>(size), ++seed_)});
      parts.push_back({PartKind::Storage, size, sourceOf(block.kind, block.parts.back().bytes, 0)});
    }
    return parts;
  }

  void add(Kind kind) {
    // What is not staged by the caller may be larger than a page.
    const bool staged = kind == Kind::Staged || kind == Kind::StagedByProducer;
    const std::array<ByteCount, 3> sizes{999, 40'002, staged ? kPageBytes : 3 * kPageBytes + 20};
    Block& block = blocks_.emplace_back(Block{kind, {}, {}});
    const std::vector<PartDesc> parts = newParts(block, sizes);
    const BlockDesc desc{.name = "block", .parts = parts};
    const auto handle = kind == Kind::StagedByProducer ? producer_->add(desc) : pool_->add(desc);
    ASSERT_TRUE(succeeds(handle));
    block.handle = *handle;
  }

  void addShared(Kind kind) {
    Block& block = blocks_.emplace_back(Block{kind, {}, {}});
    const ByteCount size = 1'234;
    const auto made = pool_->addShared({.part = newParts(block, {&size, 1}).front(), .name = "shared"});
    ASSERT_TRUE(succeeds(made));
    block.handle = made->block;
    block.parts.front().id = made->part;
  }

  /// All of the first part, and ranges of the second if there is one.
  std::vector<PartUpdate> change(Block& block) {
    std::vector<PartUpdate> updates;
    const auto give = [&](Part& part, ByteOffset offset, ByteCount bytes) {
      const auto data = patternBytes(static_cast<std::size_t>(bytes), ++seed_);
      std::ranges::copy(data, part.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
      updates.push_back({part.id, sourceOf(block.kind, data, offset), offset, bytes});
    };
    give(block.parts[0], 0, block.parts[0].bytes.size());
    if (block.parts.size() == 1) return updates;
    give(block.parts[1], 4, 4);
    give(block.parts[1], 8'000, 12'004);
    give(block.parts[1], 39'996, 6);
    return updates;
  }

  void update(Block& block) {
    const std::vector<PartUpdate> updates = change(block);
    if (block.kind == Kind::StagedByProducer) {
      ASSERT_TRUE(succeeds(producer_->update(block.handle, updates)));
    } else {
      ASSERT_TRUE(succeeds(pool_->update(block.handle, updates)));
    }
  }

  void updateInPlace(Block& block) {
    const std::vector<PartUpdate> updates = change(block);
    ASSERT_TRUE(succeeds(block.kind == Kind::StagedByProducer ? producer_->updateInPlace(block.handle, updates)
                                                              : pool_->updateInPlace(block.handle, updates)));
  }

  /// The block has no gap, so a further part takes all of them to another place.
  void move(Block& block) {
    const ByteCount size = 48'000;
    PartId id{};
    const std::vector<PartDesc> parts = newParts(block, {&size, 1});
    ASSERT_TRUE(succeeds(pool_->addParts(block.handle, parts, {&id, 1})));
    EXPECT_EQ(id, block.parts.back().id);
  }

  StepReport frame() {
    const Result<StepReport> report = pool_->step();
    EXPECT_TRUE(succeeds(report));
    pool_->publish();
    Frame frame = pool_->beginFrame();
    frame.submitted(kDrawQueue, target().submit({}, frame.waits()));
    (void)target().finishOldest();
    if (!report) return {};
    EXPECT_TRUE(report->errors.empty());
    directBytes_ += report->directBytes;
    return *report;
  }

  /// Frames until nothing waits, and what was asked for last is what frames find.
  void settle() {
    const auto newest = [this](const Block& block) {
      const BlockLookup found = pool_->beginFrame().find(block.handle);
      return found.status == FindStatus::Resident && found.version == pool_->requestedVersion(block.handle);
    };
    bool settled = false;
    for (int i = 0; i < 200 && !settled; ++i) {
      settled = frame().waitingBlocks == 0 && std::ranges::all_of(blocks_, newest);
    }
    ASSERT_TRUE(settled);
  }

  void expectAllBack() {
    settle();
    struct Asked {
      const Part* part;
      ByteOffset offset;
      ByteCount bytes;
      Readback back;
    };
    std::vector<Asked> asked;
    for (const Block& block : blocks_) {
      for (const Part& part : block.parts) {
        for (ByteOffset offset = 0; offset < part.bytes.size(); offset += kPageBytes) {
          const ByteCount bytes = std::min<ByteCount>(kPageBytes, part.bytes.size() - offset);
          Result<Readback> back = pool_->readBack({block.handle, part.id, offset, bytes});
          ASSERT_TRUE(succeeds(back));
          asked.push_back({&part, offset, bytes, std::move(*back)});
        }
      }
    }
    const auto ready = [](const Asked& each) { return each.back.ready(); };
    for (int i = 0; i < 200 && !std::ranges::all_of(asked, ready); ++i) frame();
    for (Asked& each : asked) {
      std::vector<std::byte> bytes(static_cast<std::size_t>(each.bytes));
      ASSERT_TRUE(succeeds(each.back.take(bytes)));
      EXPECT_TRUE(std::ranges::equal(bytes, std::span(each.part->bytes).subspan(each.offset, bytes.size())))
          << "from byte " << each.offset << " of a part of " << each.part->bytes.size();
    }
  }

  /// Returns how many bytes the host wrote straight into their places.
  ByteCount goThereAndBack(Device& device) {
    makePool(device);
    for (const Kind kind : kKinds) add(kind);
    for (const Kind kind : kKinds) addShared(kind);
    expectAllBack();
    const std::span<Block> all = std::span(blocks_);
    for (Block& block : all) update(block);
    expectAllBack();
    for (Block& block : all) updateInPlace(block);
    expectAllBack();
    const std::span<Block> alone = all.first(kKinds.size());
    std::vector<Place> before;
    for (Block& block : alone) {
      before.push_back(pool_->beginFrame().find(block.handle).place);
      move(block);
    }
    expectAllBack();
    for (std::size_t i = 0; i < alone.size(); ++i) {
      const Place after = pool_->beginFrame().find(alone[i].handle).place;
      EXPECT_TRUE(after.chunk != before[i].chunk || after.offset != before[i].offset) << i;
    }
    for (Block& block : alone) update(block);
    expectAllBack();
    producer_.reset();
    pool_.reset();  // The device may go now.
    return directBytes_;
  }

 private:
  std::unique_ptr<Pool> pool_;
  std::optional<Producer> producer_;
  std::vector<Block> blocks_;
  std::deque<std::vector<std::byte>> kept_;
  std::uint64_t seed_ = 0;
  ByteCount directBytes_ = 0;
};

TEST_F(RoundTrip, ByStaging) {
  StagingOnly staging(device());
  EXPECT_EQ(goThereAndBack(staging), 0U);
}

TEST_F(RoundTrip, ByDirectWrites) {
  FLUX_REQUIRE_CAPABILITY(Capability::DirectWrites);
  EXPECT_GT(goThereAndBack(device()), 0U);
}

}  // namespace
}  // namespace flux::test
