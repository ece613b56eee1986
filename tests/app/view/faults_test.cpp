// Faults that are planted below the pool, each of which --verify must see.

#include "app/flipping_device.hpp"
#include "app/view_options.hpp"
#include "device/staging_only.hpp"

#include <flux/passing_device.hpp>

#include <atomic>
#include <deque>
#include <sstream>
#include <utility>
#include <vector>

namespace flux::app {
namespace {

/// A range is reused too early: the application's queue seems to be always done.
class EagerDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  TimelineValue completed(QueueId queue) const noexcept override {
    return queue == kCopyQueue ? inner_.completed(queue) : ~TimelineValue{0};
  }
};

/// A publish before the copy: a batch goes by the value of the one that was copied last, and is copied itself some
/// steps later, so it is taken for done too early and frames wait for too little. All bytes go through staging:
/// what the host writes itself is there before any frame.
class HastyDevice final : public test::StagingOnly {
 public:
  using StagingOnly::StagingOnly;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    constexpr std::size_t kLate = 4;
    late_.emplace_back(batch.begin(), batch.end());
    if (late_.size() > kLate) {
      const Result<TimelineValue> value = inner_.submit(late_.front(), waits);
      if (!value) return value;
      late_.pop_front();
      copied_ = *value;
    }
    return copied_;
  }
  // What a late batch would copy from or to can go before: then it is never copied.
  void destroyChunk(ChunkIndex index) noexcept override {
    late_.clear();
    inner_.destroyChunk(index);
  }
  void closeStaging(StagingIndex index) noexcept override {
    late_.clear();
    inner_.closeStaging(index);
  }

 private:
  std::deque<std::vector<CopyPiece>> late_;
  TimelineValue copied_ = 0;
};

/// An update that never arrives: once many batches have completed, no further one seems to.
class StallingDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  TimelineValue completed(QueueId queue) const noexcept override {
    constexpr TimelineValue kLast = 20;
    const TimelineValue value = inner_.completed(queue);
    return queue == kCopyQueue && !ending_ ? std::min(value, kLast) : value;
  }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    ending_ = true;  // the pool shuts down
    return inner_.wait(queue, value, timeout);
  }

 private:
  std::atomic<bool> ending_{false};
};

template <class Fault>
RunReport runWith() {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.frames = 120;
  ViewHooks hooks;
  hooks.wrapDevice = [](Device& inner) { return std::make_unique<Fault>(inner); };
  std::ostringstream progress;
  return runView(options, progress, hooks);
}

TEST(FaultsTest, WithoutAFaultNothingIsFound) {
  const RunReport report = runWith<PassingDevice>();
  EXPECT_EQ(failureOf(report), "");
  EXPECT_EQ(report.verifiedBlocks, report.wantedBlocks);
}

TEST(FaultsTest, ARangeThatIsReusedTooEarlyIsSeen) {
  EXPECT_GT(runWith<EagerDevice>().invalidDraws, 0U);
}

TEST(FaultsTest, APublishBeforeTheCopyIsSeen) {
  EXPECT_GT(runWith<HastyDevice>().invalidDraws, 0U);
}

TEST(FaultsTest, AnUpdateThatNeverArrivesIsSeen) {
  const RunReport report = runWith<StallingDevice>();
  EXPECT_GT(report.invalidDraws, 0U);
  ASSERT_FALSE(report.firstInvalid.empty());
  EXPECT_EQ(report.firstInvalid.front().part, "version");
}

TEST(FaultsTest, OneWrongByteIsSeen) {
  EXPECT_GT(runWith<FlippingDevice>().invalidDraws, 0U);
}

}  // namespace
}  // namespace flux::app
