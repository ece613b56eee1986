#include "frame/retirement.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

/// Drives a retirement by hand.
struct Bench {
  Retirement<int> retirement;
  FrameGate::Progress progress;
  QueueValues completed{};
  std::vector<int> freed;

  void reclaim() {
    retirement.reclaim(
        progress, [this](QueueId q) { return completed[static_cast<std::uint32_t>(q)]; },
        [this](int item) { freed.push_back(item); });
  }
};

TEST(Retirement, WaitsUntilEverySnapshotThatNamedItIsClosed) {
  Bench b;
  b.retirement.retire(1, 5, 0);
  for (b.progress.oldestOpen = 0; b.progress.oldestOpen <= 5; ++b.progress.oldestOpen) {
    b.reclaim();
    EXPECT_TRUE(b.freed.empty()) << b.progress.oldestOpen;
  }
  b.progress.oldestOpen = 6;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
  EXPECT_TRUE(b.retirement.empty());
}

TEST(Retirement, WaitsForEveryQueueThatUsedIt) {
  Bench b;
  b.retirement.retire(1, 5, 0);
  b.progress.oldestOpen = 6;
  b.progress.tags[1] = 10;
  b.progress.tags[2] = 20;
  b.completed[1] = 10;
  b.completed[2] = 19;
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  b.completed[2] = 20;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
}

TEST(Retirement, TagsAreSampledWhenStageOnePasses) {
  Bench b;
  b.progress.oldestOpen = 5;
  b.progress.tags[1] = 10;
  b.retirement.retire(1, 5, 0);
  b.reclaim();
  // A frame of snapshot 5 submits and ends after the retirement: its value counts.
  b.progress.tags[1] = 12;
  b.progress.oldestOpen = 6;
  b.completed[1] = 10;
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  // Values of later frames do not: they cannot name it.
  b.progress.tags[1] = 99;
  b.completed[1] = 12;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
}

TEST(Retirement, WaitsForTheCopyQueuesOwnUse) {
  Bench b;
  b.retirement.retire(1, 0, 7);
  b.progress.oldestOpen = 1;
  b.completed[0] = 6;
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  b.completed[0] = 7;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
}

TEST(Retirement, FreesInOrderAndShowsWhatWaits) {
  Bench b;
  b.retirement.retire(1, 1, 0);
  b.retirement.retire(2, 2, 0);
  b.retirement.retire(3, 3, 0);
  b.progress.oldestOpen = 2;
  b.progress.tags[1] = 1;
  b.reclaim();
  EXPECT_EQ(b.retirement.waitingForQueues(), 1U);
  EXPECT_EQ(b.retirement.waitingForFrames(), 2U);
  std::vector<int> waiting;
  b.retirement.forEach([&](int item) { waiting.push_back(item); });
  EXPECT_EQ(waiting, (std::vector{1, 2, 3}));
  b.progress.oldestOpen = 10;
  b.completed[1] = 1;
  b.reclaim();
  EXPECT_EQ(b.freed, (std::vector{1, 2, 3}));
}

}  // namespace
}  // namespace flux
