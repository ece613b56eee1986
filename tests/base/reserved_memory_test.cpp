#include "base/reserved_memory.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace flux {
namespace {

TEST(ReservedArray, GrowsWithoutMovingAndStartsAsZero) {
  ReservedArray<std::uint64_t> array(1U << 20U);
  ASSERT_TRUE(array.commit(1));
  const std::uint64_t* first = array.data();
  array[0] = 42;
  for (std::size_t count = 2; count <= array.capacity(); count *= 4) {
    ASSERT_TRUE(array.commit(count));
    EXPECT_EQ(array[count - 1], 0U);
    array[count - 1] = count;
  }
  EXPECT_EQ(array.data(), first);
  EXPECT_EQ(array[0], 42U);
  EXPECT_EQ(array[1], 2U);
}

TEST(ReservedArray, RefusesToGrowBeyondItsCapacity) {
  ReservedArray<std::uint32_t> array(1000);
  EXPECT_TRUE(array.commit(1000));
  EXPECT_FALSE(array.commit(1001));
  array[999] = 1;
}

TEST(ReservedArrayDeathTest, MemoryThatWasNotCommittedFaults) {
  ReservedArray<std::uint64_t> array(1U << 24U);
  ASSERT_TRUE(array.commit(1));
  volatile std::uint64_t* beyond = array.data() + (1U << 23U);
  EXPECT_DEATH(*beyond = 1, "");
}

TEST(ReservedArrayDeathTest, ProtectedMemoryFaultsWhenItIsWrittenAndCanStillGrow) {
  ReservedArray<std::uint64_t> array(1U << 20U);
  ASSERT_TRUE(array.commit(10));
  array[5] = 7;
  array.protect(true);
  EXPECT_EQ(array[5], 7U);
  volatile std::uint64_t* element = array.data() + 5;
  EXPECT_DEATH(*element = 1, "");
  ASSERT_TRUE(array.commit(1U << 19U));
  array[1U << 18U] = 3;
  array.protect(false);
  *element = 8;
  EXPECT_EQ(array[5], 8U);
}

}  // namespace
}  // namespace flux
