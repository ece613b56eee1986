#include "flux_panel_text.hpp"

#include <gtest/gtest.h>

namespace flux::test {
namespace {

TEST(PanelText, BytesHaveFourDigitsAtMost) {
  EXPECT_EQ(bytesText(0), "0 B");
  EXPECT_EQ(bytesText(999), "999 B");
  EXPECT_EQ(bytesText(1000), "1.0 KiB");
  EXPECT_EQ(bytesText(41 * kMiB), "41.0 MiB");
  EXPECT_EQ(bytesText(1000 * kMiB), "1.0 GiB");
  EXPECT_EQ(bytesText(kAllBytes), "16777216.0 TiB");
}

TEST(PanelText, CountsHaveCommas) {
  EXPECT_EQ(countText(7), "7");
  EXPECT_EQ(countText(999), "999");
  EXPECT_EQ(countText(1000), "1,000");
  EXPECT_EQ(countText(1234567), "1,234,567");
}

TEST(PanelText, DurationsHaveTheUnitThatSuits) {
  EXPECT_EQ(durationText(std::chrono::nanoseconds(800)), "0.8 us");
  EXPECT_EQ(durationText(std::chrono::microseconds(12)), "12 us");
  EXPECT_EQ(durationText(std::chrono::microseconds(3400)), "3.4 ms");
  EXPECT_EQ(durationText(std::chrono::milliseconds(2100)), "2.1 s");
}

TEST(PanelText, ABlockSaysWhatItWaitsFor) {
  PanelData data;
  data.moves.push_back({.gatheredBytes = 1000, .allBytes = 3 * kMiB});
  PanelBlock block;
  EXPECT_EQ(waitText(data, block), "nothing");
  block.move = 0;
  EXPECT_EQ(waitText(data, block), "its turn: 1.0 KiB of 3.0 MiB copied");
  data.moves[0].submitted = true;
  data.moves[0].copyValue = 1234;
  block.waitingParts = 1;
  block.waitingBytes = 80;
  EXPECT_EQ(waitText(data, block), "copies of 3.0 MiB, copy value 1,234; then new contents of 1 part, 80 B");
}

}  // namespace
}  // namespace flux::test
