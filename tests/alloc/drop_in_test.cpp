// The range allocator's two files, copied into a folder of their own: no include path, no library of Flux.
#include "range_allocator.hpp"

#include <gtest/gtest.h>

namespace {

TEST(RangeAllocatorDropIn, WorksAlone) {
  flux::RangeAllocator ranges;
  ASSERT_EQ(ranges.addSpace(0, 1000), flux::RangeStatus::Ok);
  const auto [status, range] = ranges.allocate(10, 7);
  ASSERT_EQ(status, flux::RangeStatus::Ok);
  EXPECT_EQ(range.offset % 7, 0U);
  EXPECT_EQ(ranges.free(range.id), flux::RangeStatus::Ok);
  EXPECT_EQ(ranges.free(range.id), flux::RangeStatus::StaleId);
  EXPECT_EQ(ranges.largestFree(), 1000U);
}

}  // namespace
