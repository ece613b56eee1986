// Updates of ranges, and in place, as they reach the device: each frame's bytes are hashed there, two frames in flight,
// and compared with those of its version or, for what is overwritten, of the moment in which the frame was submitted.

#include "conformance/conformance.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

namespace flux::test {
namespace {

constexpr ByteCount kBytes = 96 * kKiB + 2;  // not a multiple of 4
constexpr PartId kPart{0};

class Updates : public ConformanceTest {
 protected:
  Updates() {
    PoolDesc desc;
    desc.chunkBytes = desc.firstChunkBytes = kMiB;
    desc.stagingPageBytes = 128 * kKiB;
    desc.stagingLimitBytes = 2 * kMiB;
    pool_ = std::move(Pool::create(device(), desc).value());
    const PartDesc part{PartKind::Storage, kBytes, Source::bytes(bytes_)};
    block_ = pool_->add({.name = "changing", .parts = {&part, 1}}).value();
    versions_[1] = bytes_;
    for (int i = 0; i < 200 && !pool_->beginFrame().find(block_).drawable(); ++i) frame();
  }
  ~Updates() override { finishAll(); }

  /// A few disjoint ranges with new bytes, in `bytes_` already.
  std::vector<PartUpdate> change() {
    std::vector<PartUpdate> updates;
    kept_.clear();
    ByteOffset at = 4 * below(kBytes / 8);
    while (at < kBytes && updates.size() < 6) {
      const ByteCount bytes = std::min<ByteCount>(kBytes - at, 4 + 4 * below(below(4) == 0 ? 4000 : 20));
      const auto& data = kept_.emplace_back(patternBytes(static_cast<std::size_t>(bytes), ++seed_));
      std::ranges::copy(data, bytes_.begin() + static_cast<std::ptrdiff_t>(at));
      updates.push_back({kPart, Source::bytes(data), at, bytes});
      at += bytes + 4 * below(3000);
    }
    return updates;
  }

  StepReport frame(bool overwritten = false) {
    const Result<StepReport> report = pool_->step();
    EXPECT_TRUE(report) << describe(report.error());
    pool_->publish();
    if (expected_.size() == app::ReplayTarget::kFramesInFlight) finishOldest();
    Frame frame = pool_->beginFrame();
    const PartLookup found = frame.find(block_, kPart);
    std::vector<Place> places;
    if (found.drawable()) places.push_back(found.place);
    expected_.push_back(!found.drawable() ? 0 : hashBytes(overwritten ? bytes_ : versions_[found.version]));
    const TimelineValue value = target().submit(places, frame.waits());
    frame.submitted(kDrawQueue, value);
    return report.value_or(StepReport{});
  }

  void finishOldest() {
    const auto found = target().finishOldest();
    if (expected_.front() != 0) {
      ASSERT_EQ(found.size(), 1U);
      EXPECT_EQ(found[0], expected_.front());
      ++verified_;
    }
    expected_.pop_front();
  }
  void finishAll() {
    while (!expected_.empty()) finishOldest();
  }

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  std::mt19937 random_{9};
  std::uint64_t seed_ = 0;
  std::vector<std::byte> bytes_ = patternBytes(kBytes, 0);
  std::map<ContentVersion, std::vector<std::byte>> versions_;
  std::deque<std::vector<std::byte>> kept_;
  std::unique_ptr<Pool> pool_;
  BlockHandle block_;
  std::deque<std::uint64_t> expected_;
  std::size_t verified_ = 0;
};

TEST_F(Updates, OfRangesKeepTheBytesBetweenThem) {
  for (int i = 0; i < 60; ++i) {
    const std::vector<PartUpdate> updates = change();
    const Result<ContentVersion> version = pool_->update(block_, updates);
    ASSERT_TRUE(version) << describe(version.error());
    versions_[*version] = bytes_;
    frame();
  }
  for (int i = 0; i < 200 && pool_->beginFrame().find(block_).version != pool_->requestedVersion(block_); ++i) frame();
  EXPECT_EQ(pool_->beginFrame().find(block_).version, 61U);
  frame();
  finishAll();
  EXPECT_GT(verified_, 60U);
}

TEST_F(Updates, InPlaceComeAfterTheFramesInFlightAndBeforeTheNext) {
  finishAll();
  const Place before = pool_->beginFrame().find(block_, kPart).place;
  for (int i = 0; i < 60; ++i) {
    const std::vector<PartUpdate> updates = change();
    ByteCount bytes = 0;
    for (const PartUpdate& update : updates) bytes += update.bytes;
    const Result<void> updated = pool_->updateInPlace(block_, updates);
    ASSERT_TRUE(updated) << describe(updated.error());
    const StepReport report = frame(true);
    EXPECT_EQ(report.uploadedBytes, bytes);
    EXPECT_EQ(report.copiedBytes, 0U);
  }
  finishAll();
  EXPECT_EQ(pool_->beginFrame().find(block_, kPart).place.offset, before.offset);
  EXPECT_GT(verified_, 59U);
}

}  // namespace
}  // namespace flux::test
