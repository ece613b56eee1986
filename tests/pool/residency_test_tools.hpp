#pragma once

/// Pools that have more blocks than room.

#include "pool/pool_test_tools.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace flux::test {

using Completion = HostDeviceDesc::Completion;

inline constexpr ByteCount kBlockBytes = 20'000;
inline constexpr ByteCount kLimitBytes = kMiB;
inline constexpr std::size_t kVisible = 30;  ///< 0.6 MiB of 1.
inline constexpr std::size_t kFit = 47;      ///< Below the soft limit, 0.9 MiB.

inline PoolDesc smallMemory(ByteCount storeBytes = 64 * kMiB) {
  PoolDesc desc = smallPool();
  desc.readbackLimitBytes = 4 * desc.stagingPageBytes;
  desc.stagingLimitBytes = 4 * kMiB;
  desc.shadowLimitBytes = 64 * kMiB;
  desc.hardLimitBytes = kLimitBytes;
  desc.evicts = true;
  desc.storeLimitBytes = storeBytes;
  return desc;
}

struct Thing {
  BlockHandle block;
  std::vector<std::byte> bytes;
  std::uint32_t asked = 0;  ///< Its source, if it is a function.
  static bool fill(void* context, const FillRequest& request) {
    auto& thing = *static_cast<Thing*>(context);
    if (thing.bytes.empty()) return false;
    ++thing.asked;
    std::copy_n(thing.bytes.begin() + static_cast<std::ptrdiff_t>(request.offset), request.destination.size(),
                request.destination.begin());
    return true;
  }
};

/// In which way the bytes are given.
enum class Given : std::uint8_t { Now, Owned, Kept, Lasting, Once };

class PoolResidency : public testing::TestWithParam<Completion> {
 protected:
  Pool& pool() { return *fixture_->pool; }
  void make(const PoolDesc& desc, Completion completion = Completion::Immediate) {
    fixture_ = std::make_unique<PoolFixture>(completion, desc);
  }

  Thing& add(Given given, ByteCount size = kBlockBytes, Tag tag = kUntagged) {
    auto& thing = *things_.emplace_back(std::make_unique<Thing>());
    thing.bytes = pattern(static_cast<std::uint32_t>(things_.size()), 0, 1, size);
    PartDesc part{PartKind::Vertex, size, Source::bytes(thing.bytes), given == Given::Kept};
    if (given == Given::Owned) {
      const std::shared_ptr<std::byte[]> copy(new std::byte[size]);
      std::ranges::copy(thing.bytes, copy.get());
      part.source = Source::owned(copy, size);
    }
    if (given == Given::Once) part.source = Source::callback(Thing::fill, &thing);
    if (given == Given::Lasting) part.source = Source::callback(Thing::fill, &thing).lasting();
    BlockDesc desc = blockDesc("thing", {&part, 1});
    desc.tag = tag;
    const Result<BlockHandle> added = pool().add(desc);
    EXPECT_TRUE(added) << describe(added.error());
    thing.block = added.value_or(BlockHandle{});
    return thing;
  }

  /// A frame that draws [first, first + count) of the things, and misses those that are not there. Returns how many of
  /// them it drew; each had its bytes.
  std::size_t draw(std::size_t first, std::size_t count) {
    Frame frame = pool().beginFrame();
    std::vector<HostRead> reads;
    std::vector<std::uint64_t> hashes(count);
    std::vector<std::uint64_t> expected;
    for (std::size_t i = first; i < first + count; ++i) {
      const Thing& thing = *things_[i % things_.size()];
      const PartLookup found = frame.find(thing.block, PartId{0});
      frame.use(thing.block);
      if (!found.drawable()) {
        EXPECT_EQ(found.status, FindStatus::Absent);
        frame.miss(thing.block, Priority::Normal);
        continue;
      }
      reads.push_back({found.place.chunk, found.place.offset, found.place.bytes, &hashes[reads.size()]});
      expected.push_back(hashBytes(thing.bytes));
    }
    const TimelineValue value = fixture_->host->submitReads(kDrawQueue, reads, frame.waits());
    frame.submitted(kDrawQueue, value);
    frame.end();
    EXPECT_TRUE(fixture_->host->wait(kDrawQueue, value, std::chrono::seconds{1}));
    hashes.resize(expected.size());
    EXPECT_EQ(hashes, expected);
    return expected.size();
  }

  StepReport step() {
    const Result<StepReport> report = pool().step();
    EXPECT_TRUE(report) << describe(report.error());
    EXPECT_TRUE(pool().errors().empty());
    pool().publish();
    EXPECT_LE(pool().stats().reservedBytes, pool().stats().hardLimitBytes);
    EXPECT_LE(pool().stats().storeBytes, pool().desc().storeLimitBytes);
    return report.value_or(StepReport{});
  }

  /// Draws the same things until all of them are there. Returns the frames that it took.
  int drawAll(std::size_t first, std::size_t count) {
    for (int frames = 0; frames < 200; ++frames) {
      if (draw(first, count) == count) return frames;
      step();
    }
    return 200;
  }
  [[nodiscard]] bool resident(const Thing& thing) {
    return pool().beginFrame().find(thing.block, PartId{0}).status == FindStatus::Resident;
  }

  std::unique_ptr<PoolFixture> fixture_;
  std::vector<std::unique_ptr<Thing>> things_;
};

class PoolEviction : public PoolResidency {
 protected:
  /// A pool that is full, of blocks that no frame draws; and one that wants to be there.
  void fill(Given given, const PoolDesc& desc = smallMemory()) {
    make(desc);
    for (std::size_t i = 0; i < kFit; ++i) add(given);
    for (int i = 0; i < 20; ++i) step();
    EXPECT_EQ(draw(0, kFit), kFit);
    for (int i = 0; i < 12; ++i) {  // they have been drawn some time ago
      (void)pool().beginFrame();
      step();
    }
  }
  /// A new thing that is missed, until it is there, or for so many frames.
  bool press(int frames = 40) {
    add(Given::Now);
    step();
    for (int i = 0; i < frames; ++i) {
      if (draw(things_.size() - 1, 1) == 1) return true;
      step();
    }
    return false;
  }
  [[nodiscard]] std::size_t residents() {
    return static_cast<std::size_t>(
        std::ranges::count_if(things_, [this](const auto& thing) { return resident(*thing); }));
  }
};

}  // namespace flux::test
