#include "report.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace flux::app {
namespace {

std::string summaryOf(const RunReport& report) {
  std::ostringstream out;
  printSummary(report, out);
  return out.str();
}

TEST(ReportSummaryTest, WritesNumbersForPeople) {
  RunReport report;
  report.command = "view";
  report.backend = "host";
  report.device = "Host memory";
  report.drawsWanted = 1'234'567;
  report.drawsIssued = 999;
  report.meanLiveBytes = 100.0 * 1024 * 1024;
  report.meanReservedBytes = 125.0 * 1024 * 1024;
  report.renderThreads = 3;
  report.partImbalance = 1.0625;
  report.misses = 4321;
  const std::string text = summaryOf(report);
  EXPECT_NE(text.find("flux view on host: Host memory"), std::string::npos);
  EXPECT_NE(text.find("1,234,567 wanted"), std::string::npos);
  EXPECT_NE(text.find("999 issued"), std::string::npos);
  EXPECT_NE(text.find("100.0 MiB live"), std::string::npos);
  EXPECT_NE(text.find("(1.25 times)"), std::string::npos);
  EXPECT_NE(text.find("by 3 threads"), std::string::npos);
  EXPECT_NE(text.find("takes 1.06 times the mean"), std::string::npos);
  EXPECT_NE(text.find("4,321 missed"), std::string::npos);
}

TEST(ReportSummaryTest, DoesNotClaimWhatWasNotVerified) {
  RunReport report;
  EXPECT_NE(summaryOf(report).find("not verified"), std::string::npos);
  EXPECT_EQ(summaryOf(report).find("all right"), std::string::npos);
  report.verify = true;
  EXPECT_NE(summaryOf(report).find("all right"), std::string::npos);
  report.invalidDraws = 2;
  EXPECT_EQ(summaryOf(report).find("all right"), std::string::npos);
  EXPECT_NE(summaryOf(report).find("2 INVALID DRAWS"), std::string::npos);
}

}  // namespace
}  // namespace flux::app
