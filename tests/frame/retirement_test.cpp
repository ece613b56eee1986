#include "frame/retirement.hpp"

#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

/// Drives a retirement by hand.
struct Bench {
  Retirement<int> retirement;
  std::uint64_t now = 0;
  std::vector<std::uint64_t> held;
  QueueValues tags{};
  QueueValues completed{};
  std::vector<int> freed;

  void reclaim() {
    retirement.reclaim(
        {now, held, tags}, [this](QueueId q) { return completed[static_cast<std::uint32_t>(q)]; },
        [this](int item) { freed.push_back(item); });
  }
};

TEST(Retirement, WaitsUntilTheMomentsThatNamedItHavePassed) {
  Bench b;
  b.retirement.retire(1, 3, 5, 0);
  for (b.now = 0; b.now <= 5; ++b.now) {
    b.reclaim();
    EXPECT_TRUE(b.freed.empty()) << b.now;
  }
  b.now = 6;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
  EXPECT_TRUE(b.retirement.empty());
}

TEST(Retirement, WaitsForFramesThatCanNameIt) {
  for (const std::uint64_t moment : {3U, 4U, 5U}) {
    Bench b;
    b.retirement.retire(1, 3, 5, 0);
    b.now = 9;
    b.held = {moment};
    b.reclaim();
    b.now = 100;
    b.reclaim();
    EXPECT_TRUE(b.freed.empty()) << moment;
    EXPECT_EQ(b.retirement.waitingForFrames(), 1U);
    b.held.clear();
    b.reclaim();
    EXPECT_EQ(b.freed, std::vector{1}) << moment;
  }
}

TEST(Retirement, DoesNotWaitForFramesThatCannotNameIt) {
  for (const std::uint64_t moment : {2U, 6U}) {
    Bench b;
    b.retirement.retire(1, 3, 5, 0);
    b.now = 9;
    b.held = {moment};
    b.reclaim();
    EXPECT_EQ(b.freed, std::vector{1}) << moment;
  }
}

TEST(Retirement, GoesFromTheHandsOfOneFrameIntoThoseOfAnother) {
  Bench b;
  b.retirement.retire(1, 2, 7, 0);
  b.now = 9;
  b.held = {3, 6};
  b.reclaim();
  b.held = {6};
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  b.held = {};
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
}

TEST(Retirement, WaitsForEveryQueueThatUsedIt) {
  Bench b;
  b.retirement.retire(1, 1, 5, 0);
  b.now = 6;
  b.tags[1] = 10;
  b.tags[2] = 20;
  b.completed[1] = 10;
  b.completed[2] = 19;
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  ASSERT_NE(b.retirement.nextUse(), nullptr);
  EXPECT_EQ((*b.retirement.nextUse())[2], 20U);
  b.completed[2] = 20;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
  EXPECT_EQ(b.retirement.nextUse(), nullptr);
}

TEST(Retirement, TagsAreSampledWhenStageOnePasses) {
  Bench b;
  b.now = 5;
  b.tags[1] = 10;
  b.retirement.retire(1, 1, 5, 0);
  b.reclaim();
  // A frame of snapshot 5 submits and ends after the retirement: its value counts.
  b.tags[1] = 12;
  b.now = 6;
  b.completed[1] = 10;
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  // Values of later frames do not: they cannot name it.
  b.tags[1] = 99;
  b.completed[1] = 12;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
}

TEST(Retirement, TagsOfAFrameThatHeldItCount) {
  Bench b;
  b.retirement.retire(1, 1, 5, 0);
  b.now = 6;
  b.held = {5};
  b.reclaim();
  b.tags[1] = 12;  // the frame ends
  b.held = {};
  b.completed[1] = 11;
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  b.completed[1] = 12;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
}

TEST(Retirement, WaitsForTheCopyQueuesOwnUse) {
  Bench b;
  b.retirement.retire(1, 1, 0, 7);
  b.now = 1;
  b.completed[0] = 6;
  b.reclaim();
  EXPECT_TRUE(b.freed.empty());
  b.completed[0] = 7;
  b.reclaim();
  EXPECT_EQ(b.freed, std::vector{1});
}

TEST(Retirement, FreesInOrderAndShowsWhatWaits) {
  Bench b;
  b.retirement.retire(1, 1, 1, 0, 100);
  b.retirement.retire(2, 2, 2, 0, 20);
  b.retirement.retire(3, 2, 3, 0, 3);
  b.now = 3;
  b.held = {2};
  b.tags[1] = 1;
  b.reclaim();
  EXPECT_EQ(b.retirement.waitingForQueues(), 1U);
  EXPECT_EQ(b.retirement.waitingForFrames(), 2U);
  EXPECT_EQ(b.retirement.bytesWaitingForQueues(), 100U);
  EXPECT_EQ(b.retirement.bytesWaitingForFrames(), 23U);
  std::vector<int> waiting;
  std::vector<std::uint64_t> heldBy;
  b.retirement.forEach([&](int item, const auto& wait) {
    waiting.push_back(item);
    heldBy.push_back(wait.heldBy);
    ASSERT_EQ(wait.lastUse != nullptr, item == 1);
    const std::uint64_t passed = wait.lastUse != nullptr ? (*wait.lastUse)[1] : wait.last;
    EXPECT_EQ(passed, static_cast<std::uint64_t>(item)) << "queue 1 by its tag, the others by their last snapshot";
  });
  EXPECT_EQ(waiting, (std::vector{1, 2, 3}));
  EXPECT_EQ(heldBy, (std::vector<std::uint64_t>{0, 2, 0})) << "the last one waits for a newer moment";
  b.now = 10;
  b.held.clear();
  b.completed[1] = 1;
  b.reclaim();
  EXPECT_EQ(b.freed, (std::vector{1, 2, 3}));
  EXPECT_EQ(b.retirement.bytesWaitingForFrames() + b.retirement.bytesWaitingForQueues(), 0U);
}

/// Against a plain model, which looks at everything each time.
TEST(Retirement, FreesExactlyWhatNobodyCanUse) {
  std::mt19937 random(5);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  struct Item {
    std::uint64_t first, last;
    bool named = true;
    TimelineValue tag = 0;
  };
  Bench b;
  std::vector<Item> model;
  std::set<int> waiting;
  b.now = 1;
  for (int round = 0; round < 20'000; ++round) {
    switch (below(6)) {
      case 0:
        ++b.now;
        break;
      case 1:  // a frame begins, on the newest moment
        if (b.held.size() < 2) b.held.push_back(b.now++);
        break;
      case 2:  // a frame ends
        if (!b.held.empty()) {
          b.held.erase(b.held.begin() + static_cast<std::ptrdiff_t>(below(b.held.size())));
          b.tags[1] += below(2);
        }
        break;
      case 3:
        b.completed[1] = std::min<TimelineValue>(b.tags[1], b.completed[1] + below(3));
        break;
      default: {
        const std::uint64_t first = b.now - below(b.now);
        b.retirement.retire(static_cast<int>(model.size()), first, b.now, 0);
        waiting.insert(static_cast<int>(model.size()));
        model.push_back({first, b.now});
      }
    }
    b.freed.clear();
    b.reclaim();
    for (const int i : b.freed) {
      Item& item = model[static_cast<std::size_t>(i)];
      ASSERT_TRUE(waiting.erase(i));
      ASSERT_LT(item.last, b.now);
      for (const std::uint64_t held : b.held) ASSERT_FALSE(held >= item.first && held <= item.last);
      ASSERT_TRUE(item.named ? b.tags[1] <= b.completed[1] : item.tag <= b.completed[1]);
    }
    for (const int i : waiting) {
      Item& item = model[static_cast<std::size_t>(i)];
      bool canName = item.last >= b.now;
      for (const std::uint64_t held : b.held) canName = canName || (held >= item.first && held <= item.last);
      if (item.named && !canName) {
        item.named = false;
        item.tag = b.tags[1];
      }
      ASSERT_TRUE(canName || item.tag > b.completed[1]) << "nobody can use it, and it was not freed";
    }
  }
}

}  // namespace
}  // namespace flux
