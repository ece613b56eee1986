#include "base/handle_reserve.hpp"

#include <array>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

BlockHandle one(HandleReserve& reserve) {
  BlockHandle handle;
  return reserve.take({&handle, 1}) == 1 ? handle : BlockHandle{};
}

TEST(HandleReserve, GivesEachIndexOnceUpToItsCapacity) {
  for (const std::uint32_t capacity : {1U, 63U, 64U, 65U}) {
    HandleReserve reserve(capacity);
    std::set<std::uint32_t> indices;
    for (std::uint32_t i = 0; i < capacity; ++i) {
      const BlockHandle handle = one(reserve);
      EXPECT_EQ(handle.generation, 1U);
      EXPECT_TRUE(indices.insert(handle.index).second);
    }
    EXPECT_FALSE(one(reserve)) << capacity;
    EXPECT_FALSE(indices.contains(0)) << "index 0 is the null handle's";
    EXPECT_LE(*indices.rbegin(), capacity);
  }
}

TEST(HandleReserve, TakesAsManyOfARunAsThereAre) {
  HandleReserve reserve(5);
  std::array<BlockHandle, 8> run;
  EXPECT_EQ(reserve.take(run), 5U);
  EXPECT_EQ(reserve.take(run), 0U);
  reserve.giveBack({run.data() + 1, 2});
  EXPECT_EQ(reserve.take(run), 2U);
}

TEST(HandleReserve, WhatWasNotUsedKeepsItsGeneration) {
  HandleReserve reserve(1);
  const BlockHandle first = one(reserve);
  reserve.giveBack({&first, 1});
  EXPECT_EQ(one(reserve), first);
}

TEST(HandleReserve, RecycledIndicesGetNewGenerationsThatStayOdd) {
  HandleReserve reserve(1);
  BlockHandle handle = one(reserve);
  for (int i = 0; i < 1 << 20; ++i) {
    reserve.recycle(handle);
    const BlockHandle next = one(reserve);
    ASSERT_EQ(next.index, handle.index);
    ASSERT_GT(next.generation, handle.generation);
    ASSERT_EQ(next.generation % 2, 1U);
    handle = next;
  }
}

TEST(HandleReserve, AnIndexWhoseGenerationWouldWrapIsNotUsedAgain) {
  HandleReserve reserve(1);
  const BlockHandle handle = one(reserve);
  reserve.recycle({handle.index, 0xFFFFFFFD});
  EXPECT_EQ(one(reserve), (BlockHandle{handle.index, 0xFFFFFFFF}));
  reserve.recycle({handle.index, 0xFFFFFFFF});
  EXPECT_FALSE(one(reserve));
}

TEST(HandleReserve, ThreadsNeverGetTheSameHandle) {
  constexpr std::uint32_t kThreads = 4;
  HandleReserve reserve(10'000);
  std::array<std::vector<BlockHandle>, kThreads> taken;
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::array<BlockHandle, 64> run;
        while (const std::size_t count = reserve.take(run)) {
          // Half of them are used and recycled, which gives new handles; half are kept.
          for (std::size_t i = 0; i < count; ++i) {
            if (taken[t].size() % 2 == 0 && run[i].generation == 1) reserve.recycle(run[i]);
            taken[t].push_back(run[i]);
          }
        }
      });
    }
  }
  std::set<BlockHandle> all;
  std::size_t count = 0;
  for (const auto& handles : taken) {
    all.insert(handles.begin(), handles.end());
    count += handles.size();
  }
  EXPECT_EQ(all.size(), count);
  EXPECT_GT(count, 10'000U);
}

}  // namespace
}  // namespace flux
