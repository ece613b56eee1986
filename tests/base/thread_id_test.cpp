#include "base/thread_id.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace flux {
namespace {

TEST(ThreadId, IsStableAndDiffersBetweenThreads) {
  const std::uint64_t here = currentThreadId();
  EXPECT_NE(here, 0U);
  EXPECT_EQ(currentThreadId(), here);
  std::uint64_t there = 0;
  std::jthread([&] { there = currentThreadId(); }).join();
  EXPECT_NE(there, 0U);
  EXPECT_NE(there, here);
}

}  // namespace
}  // namespace flux
