// The mirrors of the records as they reach the device: each frame's mirror is hashed there, two frames in flight, and
// compared with the tables that the frame's own lookups read.

#include "conformance/conformance.hpp"
#include "pool/pool_test_tools.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

namespace flux::test {
namespace {

class Records : public ConformanceTest {
 protected:
  Records() {
    PoolDesc desc;
    desc.chunkBytes = desc.firstChunkBytes = kMiB;
    desc.stagingPageBytes = 128 * kKiB;
    desc.stagingLimitBytes = 2 * kMiB;
    desc.recordMirrors = 3 + app::ReplayTarget::kFramesInFlight;
    pool_ = std::move(Pool::create(device(), desc).value());
  }
  ~Records() override { finishAll(); }

  void add() {
    const std::vector<std::byte> bytes = patternBytes(4 + below(400), blocks_.size());
    const std::span<const std::byte> all(bytes);
    const std::array parts{PartDesc{PartKind::Vertex, bytes.size(), Source::bytes(all)},
                           PartDesc{PartKind::Index, 4, Source::bytes(all.first(4))}};
    const Result<BlockHandle> added = pool_->add({.name = "block", .parts = parts});
    ASSERT_TRUE(added) << describe(added.error());
    blocks_.push_back(*added);
  }

  void update() {
    const BlockHandle block = blocks_[below(blocks_.size())];
    const std::vector<std::byte> bytes = patternBytes(4, random_());
    const PartUpdate update{PartId{1}, Source::bytes(bytes)};
    ASSERT_TRUE(pool_->update(block, {&update, 1}));
  }

  void remove() {
    const std::size_t index = below(blocks_.size());
    ASSERT_TRUE(pool_->remove(blocks_[index]));
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void frame() {
    const Result<StepReport> report = pool_->step();
    ASSERT_TRUE(report) << describe(report.error());
    PublishReport published = pool_->publish();
    if (published.deferred) published = publishWhenAllIsDone();
    EXPECT_FALSE(published.deferred) << "all mirrors but the published one are free";
    EXPECT_FALSE(published.error) << describe(*published.error);
    if (inFlight_.size() == app::ReplayTarget::kFramesInFlight) finishOldest();
    Frame frame = pool_->beginFrame();
    const Place& mirror = frame.records();
    ASSERT_EQ(mirror.bytes != 0, frame.snapshot() != 0);
    EXPECT_EQ(mirror.address != 0, mirror.bytes != 0 && device().caps().bufferAddresses);
    inFlight_.push_back(mirror.bytes != 0 ? hashOfExpectedRecords(frame) : 0);
    for (const QueueValue& wait : frame.waits()) waits_[static_cast<std::size_t>(wait.queue)] = wait.value;
    const TimelineValue value = target().submit({&mirror, mirror.bytes != 0 ? 1U : 0U}, frame.waits());
    frame.submitted(kDrawQueue, value);
    waits_[static_cast<std::size_t>(kDrawQueue)] = value;
  }

  /// There is a mirror for each frame, but a device may tell late that a frame is done.
  PublishReport publishWhenAllIsDone() {
    finishAll();
    for (std::uint32_t q = 0; q < waits_.size(); ++q) {
      if (waits_[q] != 0) waitFor(QueueId{q}, waits_[q]);
    }
    EXPECT_TRUE(pool_->step());
    return pool_->publish();
  }

  void finishOldest() {
    const auto found = target().finishOldest();
    if (inFlight_.front() != 0) {
      ASSERT_EQ(found.size(), 1U);
      EXPECT_EQ(found[0], inFlight_.front());
      ++verified_;
    }
    inFlight_.pop_front();
  }
  void finishAll() {
    while (!inFlight_.empty()) finishOldest();
  }

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  std::mt19937 random_{11};
  std::unique_ptr<Pool> pool_;
  std::vector<BlockHandle> blocks_;
  std::deque<std::uint64_t> inFlight_;             ///< What each unfinished frame should find.
  std::array<TimelineValue, kMaxQueues> waits_{};  ///< Of each queue the last value that a frame knew.
  std::size_t verified_ = 0;
};

TEST_F(Records, EveryFrameReadsTheMirrorOfItsSnapshot) {  // G1, G4
  for (int i = 0; i < 120 && !HasFailure(); ++i) {
    // So many that the mirrors grow several times.
    for (std::size_t n = below(25); n > 0; --n) add();
    for (std::size_t n = below(6); n > 0 && !blocks_.empty(); --n) update();
    for (std::size_t n = below(8); n > 0 && blocks_.size() > 10; --n) remove();
    frame();
  }
  for (int i = 0; i < 8; ++i) frame();
  finishAll();
  EXPECT_GT(verified_, 100U);
  EXPECT_GT(blocks_.size(), 600U);
}

TEST_F(Records, WithNothingToPublishNothingIsCopied) {  // G3
  add();
  for (int i = 0; i < 6; ++i) frame();
  (void)publishWhenAllIsDone();  // the block has arrived, and is published
  for (int i = 0; i < 6; ++i) frame();
  const std::uint64_t mirrored = pool_->stats().mirroredRecords;
  for (int i = 0; i < 6; ++i) frame();
  EXPECT_EQ(pool_->stats().mirroredRecords, mirrored);
  finishAll();
}

}  // namespace
}  // namespace flux::test
