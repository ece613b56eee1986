#include "alloc/index_lists.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace flux {
namespace {

std::vector<std::uint32_t> members(const IndexLists& lists, std::uint32_t list) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = lists.first(list); i != IndexLists::kNone; i = lists.next(i)) out.push_back(i);
  return out;
}

TEST(IndexLists, KeepTheOrderOfAppending) {
  IndexLists lists(2);
  EXPECT_TRUE(lists.empty(0));
  EXPECT_EQ(lists.listOf(7), IndexLists::kNone);
  lists.append(0, 7);
  lists.append(0, 2);
  lists.append(1, 5);
  lists.append(0, 9);
  EXPECT_EQ(members(lists, 0), (std::vector<std::uint32_t>{7, 2, 9}));
  EXPECT_EQ(lists.last(0), 9U);
  EXPECT_EQ(lists.listOf(5), 1U);
  lists.remove(9);
  lists.remove(9);
  lists.remove(100);
  EXPECT_EQ(lists.last(0), 2U);
  lists.remove(7);
  EXPECT_EQ(lists.first(0), 2U);
  EXPECT_FALSE(lists.empty(0));
}

TEST(IndexLists, EqualVectorsAfterRandomMoves) {
  constexpr std::uint32_t kLists = 5;
  IndexLists lists(kLists);
  std::vector<std::vector<std::uint32_t>> model(kLists);
  std::mt19937 random(11);
  for (int i = 0; i < 20000; ++i) {
    const auto index = static_cast<std::uint32_t>(random() % 40);
    const auto list = static_cast<std::uint32_t>(random() % (kLists + 1));
    lists.remove(index);
    for (auto& m : model) std::erase(m, index);
    if (list == kLists) continue;
    lists.append(list, index);
    model[list].push_back(index);
    ASSERT_EQ(lists.listOf(index), list);
    for (std::uint32_t l = 0; l < kLists; ++l) ASSERT_EQ(members(lists, l), model[l]);
  }
}

}  // namespace
}  // namespace flux
