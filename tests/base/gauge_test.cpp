#include "base/gauge.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace flux {
namespace {

TEST(Gauge, IsTheNumberForItsWriter) {
  Gauge<std::uint32_t> gauge;
  EXPECT_EQ(gauge, 0U);
  ++gauge;
  gauge += 5;
  --gauge;
  gauge -= 2;
  EXPECT_EQ(gauge, 3U);
  gauge.raiseTo(2);
  EXPECT_EQ(gauge, 3U);
  gauge.raiseTo(9);
  EXPECT_EQ(gauge, 9U);
  gauge = 4;
  EXPECT_EQ(gauge, 4U);
}

/// Two halves that always agree are never seen to differ: no number is half written. Run under ThreadSanitizer, too.
TEST(Gauge, IsReadWholeOnOtherThreads) {
  constexpr std::uint64_t kBoth = 0x0000'0001'0000'0001;
  constexpr int kReads = 100'000;
  Gauge<std::uint64_t> gauge;
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) gauge += kBoth;
  });
  std::uint64_t before = 0;
  for (int i = 0; i < kReads; ++i) {
    const std::uint64_t now = gauge;
    ASSERT_EQ(now % kBoth, 0U);
    ASSERT_GE(now, before);
    before = now;
  }
}

}  // namespace
}  // namespace flux
