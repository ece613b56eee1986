#include <flux/assert.hpp>

#include <string>

#include <gtest/gtest.h>

namespace flux {
namespace {

std::string gSeen;

TEST(Assert, CallsTheHandlerWithTheInvariantOnlyWhenBroken) {
  gSeen.clear();
  const AssertHandler before = setAssertHandler([](const char* invariant, const char*, int) { gSeen = invariant; });
  FLUX_ASSERT(1 + 1 == 2, "arithmetic holds");
  EXPECT_TRUE(gSeen.empty());
  FLUX_ASSERT(1 + 1 == 3, "arithmetic is broken");
  EXPECT_EQ(gSeen, "arithmetic is broken");
  setAssertHandler(before);
}

TEST(AssertDeathTest, DefaultHandlerPrintsTheInvariantAndAborts) {
  EXPECT_DEATH(FLUX_ASSERT(false, "planted breach"), "contract broken: planted breach .*assert_test");
}

}  // namespace
}  // namespace flux
