#include "transfer/staging_pages.hpp"

#include <flux/decorators.hpp>
#include <flux/host.hpp>

#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

constexpr ByteCount kPage = 4096;

struct Staging {
  explicit Staging(ByteCount limit = 4 * kPage) : pages(*faulty, kPage, limit) {}
  std::unique_ptr<HostDevice> host = HostDevice::create({.completion = HostDeviceDesc::Completion::Manual});
  std::unique_ptr<FaultyDevice> faulty = FaultyDevice::create(*host);
  StagingPages pages;
};

TEST(StagingPages, SpansAreDisjointAlignedAndInsideTheirPage) {
  Staging s;
  std::vector<StagingSpan> spans;
  for (ByteCount bytes : {1U, 15U, 16U, 17U, 1000U, 4096U, 5U}) spans.push_back(s.pages.reserve(bytes).value());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].offset % 16, 0U);
    EXPECT_LE(spans[i].offset + spans[i].bytes.size(), kPage);
    for (std::size_t j = 0; j < i; ++j) {
      if (spans[i].page != spans[j].page) continue;
      EXPECT_TRUE(spans[i].offset >= spans[j].offset + spans[j].bytes.size() ||
                  spans[j].offset >= spans[i].offset + spans[i].bytes.size());
    }
  }
}

TEST(StagingPages, NeverExceedsTheLimit) {
  Staging s;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(s.pages.reserve(kPage));
  const Result<StagingSpan> full = s.pages.reserve(1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::StagingFull);
  EXPECT_EQ(s.pages.reservedBytes(), 4 * kPage);
}

TEST(StagingPages, TheFirstPageIsLeftToTheStep) {
  Staging s;
  for (int i = 0; i < 3; ++i) ASSERT_NE(s.pages.reserveAhead(kPage).value().page, StagingIndex{0});
  const Result<StagingSpan> full = s.pages.reserveAhead(1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::StagingFull);
  EXPECT_EQ(s.pages.reserve(kPage).value().page, StagingIndex{0});
}

TEST(StagingPages, PageStartsOverOnlyWhenItsBatchIsDoneAndNoSpanIsOpen) {
  Staging s(kPage);
  const StagingSpan used = s.pages.reserve(2000).value();
  const StagingSpan open = s.pages.reserve(2000).value();
  s.pages.use(used);
  ASSERT_TRUE(s.pages.seal());
  s.pages.recycle(100);
  EXPECT_FALSE(s.pages.reserve(kPage)) << "the next batch reads it";
  s.pages.submitted(5);
  s.pages.recycle(4);
  EXPECT_FALSE(s.pages.reserve(kPage)) << "the batch is not done";
  s.pages.recycle(5);
  EXPECT_FALSE(s.pages.reserve(kPage)) << "a span is open";
  s.pages.release(open);
  s.pages.recycle(5);
  EXPECT_TRUE(s.pages.reserve(kPage));
}

TEST(StagingPages, SealsOnlyPagesThatTheNextBatchReadsAndOnlyOnce) {
  Staging s;
  const StagingSpan a = s.pages.reserve(kPage).value();
  ASSERT_TRUE(s.pages.reserve(kPage));
  s.pages.use(a);
  ASSERT_TRUE(s.pages.seal());
  ASSERT_TRUE(s.pages.seal());
  EXPECT_EQ(s.faulty->calls(DeviceCall::SealStaging), 1U);
}

TEST(StagingPages, FailedOpenAndSealAreReportedAndCanBeRepeated) {
  Staging s;
  s.faulty->failCall(DeviceCall::OpenStaging, 1, ErrorCode::OutOfDeviceMemory);
  EXPECT_EQ(s.pages.reserve(16).error().code, ErrorCode::OutOfDeviceMemory);
  EXPECT_EQ(s.pages.reservedBytes(), 0U);
  const StagingSpan span = s.pages.reserve(16).value();
  s.pages.use(span);
  s.faulty->failCall(DeviceCall::SealStaging, 1, ErrorCode::DriverError);
  EXPECT_FALSE(s.pages.seal());
  EXPECT_TRUE(s.pages.seal());
}

TEST(StagingPages, ShrinksToOnePageWhenIdle) {
  Staging s;
  for (int i = 0; i < 4; ++i) s.pages.release(s.pages.reserve(kPage).value());
  for (int i = 0; i < 2000; ++i) s.pages.recycle(0);
  EXPECT_EQ(s.pages.reservedBytes(), kPage);
}

TEST(StagingPages, PagesInSteadyUseStay) {
  Staging s;
  for (int i = 0; i < 2000; ++i) {
    for (int k = 0; k < 2; ++k) s.pages.release(s.pages.reserve(kPage).value());
    s.pages.recycle(0);
  }
  EXPECT_EQ(s.faulty->calls(DeviceCall::OpenStaging), 2U);
}

}  // namespace
}  // namespace flux
