#include "frame/usage_board.hpp"

#include <map>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

constexpr std::uint32_t kCount = 20'000;

std::map<std::uint32_t, Priority> take(UsageBoard& board) {
  std::map<std::uint32_t, Priority> misses;
  board.takeMisses(kCount, [&](std::uint32_t index, Priority priority) {
    EXPECT_TRUE(misses.emplace(index, priority).second) << "a miss is reported once";
  });
  return misses;
}

struct Board : UsageBoard {
  Board() : UsageBoard(kCount) { EXPECT_TRUE(commit(kCount)); }
};

TEST(UsageBoard, RemembersTheLastUse) {
  Board board;
  EXPECT_EQ(board.lastUsed(7), 0U);
  board.use(7, 3);
  board.use(7, 5);
  EXPECT_EQ(board.lastUsed(7), 5U);
  EXPECT_EQ(board.lastUsed(8), 0U);
  board.reset(7);
  EXPECT_EQ(board.lastUsed(7), 0U);
}

TEST(UsageBoard, MissesAreTakenOnceWithTheHighestPriority) {
  Board board;
  EXPECT_TRUE(take(board).empty());
  board.miss(0, Priority::Low);
  board.miss(4095, Priority::Normal);
  board.miss(4096, Priority::High);
  board.miss(4096, Priority::Low);
  board.miss(kCount - 1, Priority::Low);
  board.miss(kCount - 1, Priority::High);
  const auto misses = take(board);
  EXPECT_EQ(misses,
            (std::map<std::uint32_t, Priority>{
                {0, Priority::Low}, {4095, Priority::Normal}, {4096, Priority::High}, {kCount - 1, Priority::High}}));
  EXPECT_TRUE(take(board).empty());
  board.miss(5, Priority::Low);
  board.reset(5);
  EXPECT_TRUE(take(board).empty()) << "an index that gets a new block has not been missed";
}

TEST(UsageBoard, NoMissGetsLostBetweenThreads) {
  Board board;
  constexpr std::uint32_t kThreads = 3;
  std::map<std::uint32_t, Priority> seen;
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&board, t] {
        for (std::uint32_t i = t; i < kCount; i += kThreads) {
          board.use(i, i + 1);
          board.miss(i, Priority::Normal);
        }
      });
    }
    for (int i = 0; i < 50; ++i) seen.merge(take(board));
  }
  seen.merge(take(board));
  EXPECT_EQ(seen.size(), kCount);
  for (std::uint32_t i = 0; i < kCount; ++i) ASSERT_EQ(board.lastUsed(i), i + 1);
}

}  // namespace
}  // namespace flux
