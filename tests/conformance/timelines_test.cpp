// Progress: values, polls, waits, and readers on the device that wait for copies.

#include "conformance/conformance.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace flux::test {
namespace {

using namespace std::chrono_literals;

constexpr ByteCount kChunkBytes = 256 * kKiB;

class Timelines : public ConformanceTest {
 protected:
  Timelines() {
    makeChunk(kChunk, kChunkBytes);
    openPage(kPage, bytes_);
  }

  TimelineValue copyAll() { return submit(std::array{fromPage(kPage, 0, kChunk, 0, kChunkBytes)}); }

  std::vector<std::byte> bytes_ = patternBytes(kChunkBytes, 1);
};

TEST_F(Timelines, EachBatchHasTheNextValueEmptyOnesToo) {
  EXPECT_EQ(submit({}), 1U);
  EXPECT_EQ(copyAll(), 2U);
  EXPECT_EQ(submit({}), 3U);
  waitFor(kCopyQueue, 3);
  EXPECT_EQ(device().completed(kCopyQueue), 3U);
}

TEST_F(Timelines, ProgressIsSeenByPollAndWaitOnly) {
  const TimelineValue value = copyAll();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(device().completed(kCopyQueue), 0U);
  waitFor(kCopyQueue, value);
  EXPECT_EQ(device().completed(kCopyQueue), value);
}

TEST_F(Timelines, PollsSeeTheDrawsOfTheApplication) {
  const QueueValue copied{kCopyQueue, copyAll()};
  EXPECT_EQ(device().completed(kDrawQueue), 0U);
  const Place read = place(kChunk, 0, kChunkBytes);
  for (TimelineValue value = 1; value <= 5; ++value) {
    EXPECT_EQ(target().submit({&read, 1}, {&copied, 1}), value);
    EXPECT_EQ(target().finishOldest().front(), hashBytes(bytes_));
    pollUntil(kDrawQueue, value);
    EXPECT_EQ(device().completed(kDrawQueue), value);
  }
  EXPECT_EQ(device().completed(kCopyQueue), copied.value) << "a draw that waited for it is done";
}

TEST_F(Timelines, OtherThreadsSeeProgressThatNeitherGoesBackNorAhead) {  // D3
  constexpr TimelineValue kBatches = 200;
  std::atomic<TimelineValue> submitted{0};
  std::atomic<bool> wentBack{false};
  std::atomic<bool> wentAhead{false};
  std::jthread observer([&] {
    for (TimelineValue last = 0; last < kBatches;) {
      const TimelineValue seen = device().completed(kCopyQueue);
      if (seen < last) wentBack = true;
      if (seen > submitted) wentAhead = true;
      last = std::max(last, seen);
      std::this_thread::yield();
    }
  });
  for (TimelineValue i = 1; i <= kBatches; ++i) {
    submitted = i;
    EXPECT_EQ(submit(std::array{fromPage(kPage, 0, kChunk, 0, 4096)}), i);
    EXPECT_TRUE(device().poll());
  }
  waitFor(kCopyQueue, kBatches);
  observer.join();
  EXPECT_FALSE(wentBack);
  EXPECT_FALSE(wentAhead);
}

TEST_F(Timelines, AWaitEndsAtItsDeadline) {
  const TimelineValue value = copyAll();
  const auto late = device().wait(kCopyQueue, value + 1, 1ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::Timeout) << describe(late.error());
  const auto draws = device().wait(kDrawQueue, 1, 0ns);
  ASSERT_FALSE(draws);
  EXPECT_EQ(draws.error().code, ErrorCode::Timeout) << describe(draws.error());
}

TEST_F(Timelines, AWaitForWhatIsReachedNeedsNoTime) {
  const TimelineValue value = copyAll();
  ASSERT_TRUE(device().wait(kCopyQueue, value, std::chrono::nanoseconds::max()));
  EXPECT_TRUE(device().wait(kCopyQueue, value, 0ns));
  EXPECT_TRUE(device().wait(kCopyQueue, 0, 0ns));
  EXPECT_TRUE(device().wait(kDrawQueue, 0, 0ns));
}

TEST_F(Timelines, UnknownQueuesAreRefused) {
  const AssertLog misuse;  // where the device is checked, that is reported too
  for (const QueueId queue : {QueueId{device().caps().queueCount}, QueueId{kMaxQueues}, QueueId{~0U}}) {
    EXPECT_EQ(device().completed(queue), 0U);
    const auto refused = device().wait(queue, 0, 0ns);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument) << describe(refused.error());
  }
}

TEST_F(Timelines, ReadersOnTheDeviceSeeTheCopiesThatTheyWaitFor) {
  // The host waits for the frame before the last only: between copy and read there is nothing but the device's wait.
  constexpr std::size_t kRounds = 60;
  constexpr ByteCount kBytes = 32 * kKiB;
  std::vector<std::uint64_t> expected;
  std::size_t finished = 0;
  for (std::size_t i = 0; i < kRounds; ++i) {
    const ByteOffset from = 4 * i;
    const ByteOffset to = kBytes * (i % 4);  // not written again before the frame that reads it has finished
    if (i >= app::ReplayTarget::kFramesInFlight) {
      ASSERT_EQ(target().finishOldest().front(), expected[finished++]) << i;
    }
    const QueueValue copied{kCopyQueue, submit(std::array{fromPage(kPage, from, kChunk, to, kBytes)})};
    expected.push_back(hashBytes(std::span(bytes_).subspan(from, kBytes)));
    const Place read = place(kChunk, to, kBytes);
    (void)target().submit({&read, 1}, {&copied, 1});
  }
  while (finished < kRounds) ASSERT_EQ(target().finishOldest().front(), expected[finished++]);
}

TEST_F(Timelines, BatchesOverwriteWhatDrawsReadOnlyAfterTheDrawsThatTheyWaitFor) {
  constexpr std::size_t kRounds = 60;
  constexpr ByteCount kBytes = 128 * kKiB;
  std::vector<std::uint64_t> expected;
  std::size_t finished = 0;
  QueueValue drawn{kDrawQueue, 0};
  const Place read = place(kChunk, 0, kBytes);
  for (std::size_t i = 0; i < kRounds; ++i) {
    if (i >= app::ReplayTarget::kFramesInFlight) {
      ASSERT_EQ(target().finishOldest().front(), expected[finished++]) << i;
    }
    const ByteOffset from = 4 * i;
    const auto batch = std::array{fromPage(kPage, from, kChunk, 0, kBytes)};
    const auto value = device().submit(batch, std::span(&drawn, drawn.value == 0 ? 0 : 1));
    ASSERT_TRUE(value) << describe(value.error());
    const QueueValue copied{kCopyQueue, *value};
    expected.push_back(hashBytes(std::span(bytes_).subspan(from, kBytes)));
    drawn.value = target().submit({&read, 1}, {&copied, 1});
  }
  while (finished < kRounds) ASSERT_EQ(target().finishOldest().front(), expected[finished++]);
}

TEST_F(Timelines, ManyPlacesAreReadAtOnce) {
  const TimelineValue copied = copyAll();
  std::vector<Place> places;
  for (ByteOffset at = 0; at + 64 <= kChunkBytes; at += 68) places.push_back(place(kChunk, at, 1 + at % 64));
  ASSERT_GT(places.size(), 3000U);
  const std::vector<std::uint64_t> found = hashes(places, copied);
  for (std::size_t i = 0; i < places.size(); ++i) {
    ASSERT_EQ(found[i], hashBytes(std::span(bytes_).subspan(places[i].offset, places[i].bytes))) << i;
  }
}

}  // namespace
}  // namespace flux::test
