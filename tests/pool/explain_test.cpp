#include <flux/budget.hpp>

#include <gtest/gtest.h>

namespace flux {
namespace {

TEST(Explain, SaysWhatWouldLeaveAndWhatStays) {
  EvictionReport report;
  EXPECT_EQ(explain(report), "there is room");
  report.neededBytes = 20 * kKiB;
  EXPECT_EQ(explain(report), "20 KiB have to leave; nothing may");
  report.blocks.resize(1);
  report.evictedBytes = 16 * kKiB;
  report.drawnBytes = 512;
  EXPECT_EQ(explain(report),
            "20 KiB have to leave; 1 block of 16 KiB may, which is not enough; what stays: 512 bytes drawn by the last "
            "frames");
  report.blocks.resize(2);
  report.evictedBytes = 20 * kKiB;
  report.goingBytes = kMiB;
  report.pinnedBytes = 1000;
  report.longLivedBytes = 2048;
  report.changingBytes = 2;
  report.homelessBytes = 3 * kGiB / 2;
  EXPECT_EQ(
      explain(report),
      "20 KiB have to leave; 2 blocks of 20 KiB would, the coldest first; 1 MiB are on their way already; what stays: "
      "1000 bytes pinned, 2 KiB long-lived, 2 bytes changing, 512 bytes drawn by the last frames, 1.5 GiB with "
      "nothing in the store, which is full");
}

}  // namespace
}  // namespace flux
