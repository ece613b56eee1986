#include "alloc/heap_count.hpp"
#include "transfer/range_set.hpp"

#include <gtest/gtest.h>

#include <random>

// Marking must not touch the heap.

namespace flux {
namespace {

TEST(RangeSetSteadyState, MarkingAllocatesNothingOnTheHeap) {
  RangeSet set(1 << 20);
  std::mt19937 random(3);
  const std::size_t before = test::heapAllocations();
  EXPECT_GT(before, 0U) << "the count must work";
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(set.mark(random() % (1 << 20) & ~63U, 64));
    if (i % 1000 == 0) set.clear();
  }
  EXPECT_EQ(test::heapAllocations(), before);
}

}  // namespace
}  // namespace flux
