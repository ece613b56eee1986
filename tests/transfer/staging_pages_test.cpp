#include "transfer/staging_pages.hpp"

#include <flux/decorators.hpp>
#include <flux/host.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>
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
  StagingPages::Filling filling{pages};
};

TEST(StagingPages, SpansAreDisjointAlignedAndInsideTheirPage) {
  Staging s;
  std::vector<StagedBytes> held;
  std::vector<StagingSpan> spans;
  for (ByteCount bytes : {1U, 15U, 16U, 17U, 1000U, 4096U, 5U}) {
    held.push_back(s.pages.reserve(bytes).value());
    spans.push_back(s.pages.use(held.back()));
    EXPECT_EQ(spans.back().bytes.size(), bytes);
    EXPECT_EQ(spans.back().bytes.data(), held.back().bytes().data());
  }
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
  std::vector<StagedBytes> held;
  for (int i = 0; i < 4; ++i) held.push_back(s.pages.reserve(kPage).value());
  const Result<StagedBytes> full = s.pages.reserve(1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::StagingFull);
  EXPECT_EQ(s.pages.reservedBytes(), 4 * kPage);
}

TEST(StagingPages, TheFirstPageIsLeftToTheStep) {
  Staging s;
  std::vector<StagedBytes> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(s.pages.reserveAhead(kPage).value());
    EXPECT_NE(s.pages.use(held.back()).page, StagingIndex{0});
  }
  for (const Result<StagedBytes>& full : {s.pages.reserveAhead(1), s.pages.reserveOnAnyThread(1, s.filling)}) {
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::StagingFull);
  }
  held.push_back(s.pages.reserve(kPage).value());
  EXPECT_EQ(s.pages.use(held.back()).page, StagingIndex{0});
}

TEST(StagingPages, PageStartsOverOnlyWhenItsBatchIsDoneAndNobodyHoldsASpan) {
  Staging s(kPage);
  StagedBytes used = s.pages.reserve(2000).value();
  StagedBytes open = s.pages.reserve(2000).value();
  s.pages.use(used);
  used = {};
  ASSERT_TRUE(s.pages.seal());
  ASSERT_TRUE(s.pages.recycle(100));
  EXPECT_FALSE(s.pages.reserve(kPage)) << "the next batch reads it";
  s.pages.submitted(5);
  ASSERT_TRUE(s.pages.recycle(4));
  EXPECT_FALSE(s.pages.reserve(kPage)) << "the batch is not done";
  ASSERT_TRUE(s.pages.recycle(5));
  EXPECT_FALSE(s.pages.reserve(kPage)) << "a span is open";
  StagedBytes copy = open;
  open = {};
  ASSERT_TRUE(s.pages.recycle(5));
  EXPECT_FALSE(s.pages.reserve(kPage)) << "a copy holds the span";
  copy = {};
  ASSERT_TRUE(s.pages.recycle(5));
  EXPECT_TRUE(s.pages.reserve(kPage));
}

TEST(StagingPages, ASpanThatIsHeldDelaysItsOwnPageOnly) {
  Staging s;
  const StagedBytes slow = s.pages.reserveAhead(16).value();
  for (TimelineValue step = 1; step < 100; ++step) {
    for (int i = 0; i < 2; ++i) {
      const Result<StagedBytes> quick = s.pages.reserveAhead(kPage);
      ASSERT_TRUE(quick) << "step " << step;
      s.pages.use(*quick);
    }
    s.pages.submitted(step);
    ASSERT_TRUE(s.pages.recycle(step));
  }
  EXPECT_EQ(s.pages.openPages(), 3U);
}

TEST(StagingPages, SealsOnlyPagesThatTheNextBatchReadsAndOnlyOnce) {
  Staging s;
  const StagedBytes a = s.pages.reserve(kPage).value();
  const StagedBytes b = s.pages.reserve(kPage).value();
  s.pages.use(a);
  ASSERT_TRUE(s.pages.seal());
  ASSERT_TRUE(s.pages.seal());
  EXPECT_EQ(s.faulty->calls(DeviceCall::SealStaging), 1U);
}

// Its owner may have written it after the page was sealed for bytes that lie behind it.
TEST(StagingPages, SealsAgainForASpanThatWasReservedBeforeTheLastSeal) {
  Staging s;
  const StagedBytes slow = s.pages.reserve(16).value();
  const StagedBytes quick = s.pages.reserve(16).value();
  s.pages.use(quick);
  ASSERT_TRUE(s.pages.seal());
  s.pages.use(slow);
  ASSERT_TRUE(s.pages.seal());
  EXPECT_EQ(s.faulty->calls(DeviceCall::SealStaging), 2U);
}

TEST(StagingPages, FailedOpenAndSealAreReportedAndCanBeRepeated) {
  Staging s;
  s.faulty->failCall(DeviceCall::OpenStaging, 1, ErrorCode::OutOfDeviceMemory);
  EXPECT_EQ(s.pages.reserve(16).error().code, ErrorCode::OutOfDeviceMemory);
  EXPECT_EQ(s.pages.reservedBytes(), 0U);
  const StagedBytes staged = s.pages.reserve(16).value();
  s.pages.use(staged);
  s.faulty->failCall(DeviceCall::SealStaging, 1, ErrorCode::DriverError);
  EXPECT_FALSE(s.pages.seal());
  EXPECT_TRUE(s.pages.seal());
}

TEST(StagingPages, ShrinksToOnePageWhenIdle) {
  Staging s;
  {
    std::vector<StagedBytes> held;
    for (int i = 0; i < 4; ++i) held.push_back(s.pages.reserve(kPage).value());
  }
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(s.pages.recycle(0));
  EXPECT_EQ(s.pages.reservedBytes(), kPage);
}

TEST(StagingPages, PagesInSteadyUseStay) {
  Staging s;
  for (int i = 0; i < 2000; ++i) {
    {
      const StagedBytes first = s.pages.reserve(kPage).value();
      const StagedBytes second = s.pages.reserve(kPage).value();
      ASSERT_NE(first.bytes().data(), second.bytes().data());
    }
    ASSERT_TRUE(s.pages.recycle(0));
  }
  EXPECT_EQ(s.faulty->calls(DeviceCall::OpenStaging), 2U);
}

// ---- Other threads -----------------------------------------------------------------------------------------

TEST(StagingPages, AnotherThreadOpensNoPageButTheNextRecycleDoes) {
  Staging s;
  EXPECT_EQ(s.pages.reserveOnAnyThread(16, s.filling).error().code, ErrorCode::StagingFull);
  EXPECT_EQ(s.faulty->calls(DeviceCall::OpenStaging), 0U);
  s.faulty->failCall(DeviceCall::OpenStaging, 1, ErrorCode::OutOfDeviceMemory);
  EXPECT_EQ(s.pages.recycle(0).error().code, ErrorCode::OutOfDeviceMemory);
  ASSERT_TRUE(s.pages.recycle(0)) << "the wish is not forgotten";
  EXPECT_TRUE(s.pages.reserveOnAnyThread(kPage, s.filling));
  EXPECT_EQ(s.pages.openPages(), 1U);
}

TEST(StagingPages, ThreadsFillPagesOfTheirOwnWhateverOthersFilledBefore) {
  Staging s(4 * kPage);
  {
    const StagedBytes all[] = {s.pages.reserveAhead(kPage).value(), s.pages.reserveAhead(kPage).value(),
                               s.pages.reserveAhead(kPage).value()};
  }
  ASSERT_TRUE(s.pages.recycle(0));
  const auto pageOf = [&](StagingPages::Filling& filling) {
    return StagingPages::spanOf(s.pages.reserveOnAnyThread(16, filling).value()).page;
  };
  // One has ended, two have nothing to do: the pages are for others.
  std::optional<StagingPages::Filling> ended(std::in_place, s.pages);
  StagingPages::Filling idle(s.pages);
  StagingPages::Filling alsoIdle(s.pages);
  EXPECT_NE(pageOf(*ended), pageOf(idle));
  EXPECT_NE(pageOf(idle), pageOf(alsoIdle));
  ended.reset();
  StagingPages::Filling first(s.pages);
  StagingPages::Filling second(s.pages);
  EXPECT_NE(pageOf(first), pageOf(idle));
  EXPECT_NE(pageOf(first), pageOf(alsoIdle));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(s.pages.recycle(0));
  EXPECT_NE(pageOf(first), pageOf(second));
}

TEST(StagingPages, SeveralSpansAreTakenFromOnePageAndHoldItOneByOne) {
  Staging s(2 * kPage);
  (void)s.pages.reserveOnAnyThread(1, s.filling);
  ASSERT_TRUE(s.pages.recycle(0));
  std::array<StagedBytes, 3> staged;
  ASSERT_TRUE(s.pages.reserveOnAnyThread(std::array<ByteCount, 3>{5, 1000, kPage - 16 - 1008}, staged, s.filling));
  ByteOffset at = 0;
  for (const StagedBytes& each : staged) {
    EXPECT_EQ(StagingPages::spanOf(each).page, StagingPages::spanOf(staged[0]).page);
    EXPECT_EQ(StagingPages::spanOf(each).offset, at);
    EXPECT_EQ(each.bytes().data(), staged[0].bytes().data() + at);
    at = (at + each.bytes().size() + 15) / 16 * 16;
  }
  EXPECT_EQ(at, kPage);
  for (StagedBytes& each : staged) {
    ASSERT_TRUE(s.pages.recycle(0));
    EXPECT_EQ(s.pages.reserveOnAnyThread(16, s.filling).error().code, ErrorCode::StagingFull) << "a span is open";
    each = {};
  }
  ASSERT_TRUE(s.pages.recycle(0));
  EXPECT_TRUE(s.pages.reserveOnAnyThread(std::array<ByteCount, 2>{kPage / 2, kPage / 2}, staged, s.filling));
  const auto refused = [&](std::array<ByteCount, 2> sizes) {
    std::array<StagedBytes, 2> none;
    const Result<void> taken = s.pages.reserveOnAnyThread(sizes, none, s.filling);
    EXPECT_FALSE(none[0] || none[1]);
    return taken.error().code;
  };
  EXPECT_EQ(refused({16, 16}), ErrorCode::StagingFull);
  EXPECT_EQ(refused({16, 0}), ErrorCode::InvalidArgument);
  EXPECT_EQ(refused({1, kPage - 15}), ErrorCode::InvalidArgument);
}

TEST(StagingPages, ImpossibleSizesAreRefusedOnAnyThread) {
  Staging s;
  EXPECT_EQ(s.pages.reserveOnAnyThread(0, s.filling).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(s.pages.reserveOnAnyThread(kPage + 1, s.filling).error().code, ErrorCode::InvalidArgument);
}

TEST(StagingPages, WaitingTimesOutAndEndsWhenThereIsRoom) {
  Staging s(2 * kPage);
  EXPECT_FALSE(s.pages.waitForRoom(16, std::chrono::nanoseconds{1}));
  std::thread waiter([&] { EXPECT_TRUE(s.pages.waitForRoom(kPage, std::chrono::hours{1})); });
  ASSERT_TRUE(s.pages.recycle(0));
  waiter.join();
}

// Several threads fill, one submits and recycles: every span holds what its owner wrote until the "device" has read it.
TEST(StagingPages, ManyThreadsFillWhileTheGeometryThreadRecycles) {
  constexpr int kThreads = 4;
  constexpr int kSpans = 3000;
  Staging s;
  struct Handed {
    StagedBytes staged;
    std::byte pattern;
  };
  std::mutex mutex;
  std::vector<Handed> handed;
  std::atomic<int> left{kThreads};

  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t) + 1);
      StagingPages::Filling filling(s.pages);
      for (int i = 0; i < kSpans;) {
        const ByteCount bytes = 1 + random() % 1500;
        Result<StagedBytes> staged = s.pages.reserveOnAnyThread(bytes, filling);
        if (!staged) {
          (void)s.pages.waitForRoom(bytes, std::chrono::milliseconds{20});
          continue;
        }
        const auto pattern = static_cast<std::byte>(random());
        std::memset(staged->bytes().data(), static_cast<int>(pattern), bytes);
        if (++i % 7 == 0) continue;  // dropped, unread
        const std::lock_guard lock(mutex);
        handed.push_back({std::move(*staged), pattern});
      }
      --left;
    });
  }

  std::vector<Handed> inFlight;
  TimelineValue value = 0;
  std::size_t seen = 0;
  for (bool last = false; !last;) {
    last = left == 0;
    ASSERT_TRUE(s.pages.recycle(value));
    std::vector<Handed> batch;
    {
      const std::lock_guard lock(mutex);
      batch.swap(handed);
    }
    std::vector<std::pair<StagingSpan, std::byte>> copies;
    for (Handed& each : batch) copies.emplace_back(s.pages.use(each.staged), each.pattern);
    batch.clear();
    if (copies.empty()) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_TRUE(s.pages.seal());
    s.pages.submitted(value + 1);
    ASSERT_TRUE(s.pages.recycle(value));  // the batch is not done: nobody may overwrite what it reads
    for (const auto& [span, pattern] : copies) {
      seen += 1;
      ASSERT_TRUE(std::ranges::all_of(span.bytes, [&](std::byte byte) { return byte == pattern; }));
    }
    ++value;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen, std::size_t{kThreads} * (kSpans - kSpans / 7));
}

}  // namespace
}  // namespace flux
