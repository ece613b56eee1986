// The file: what is in it, how it is cut and damaged, and what a replay makes of that.

#include "app/test_files.hpp"
#include "record/recording_tools.hpp"

#include <flux/decorators.hpp>
#include <flux/host.hpp>
#include <flux/pool.hpp>
#include <flux/recorder.hpp>
#include <flux/recording.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <sstream>

namespace flux {
namespace {

using test::changed;
using test::eventsOf;
using test::readerOf;

namespace fs = std::filesystem;
using Completion = HostDeviceDesc::Completion;

std::string bytesOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class RecordingTest : public testing::Test {
 protected:
  /// A few blocks, in blocks of the file of their own.
  std::string smallRecording() {
    const auto recorder = Recorder::create(file_).value();
    {
      const auto host = HostDevice::create({.completion = Completion::Immediate});
      PoolDesc desc;
      desc.journal = &recorder->journal();
      const auto pool = Pool::create(*host, desc).value();
      const std::vector<std::byte> bytes(1000);
      for (const char* const each : {"one", "two", "three"}) {
        const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
        BlockDesc block;
        block.name = each;
        block.parts = {&part, 1};
        blocks_.push_back(pool->add(block).value());
        EXPECT_TRUE(pool->step());
        pool->publish();
        Frame frame = pool->beginFrame("a frame");
        frame.submitted(QueueId{1}, host->submitReads(QueueId{1}, {}, frame.waits()));
      }
      EXPECT_TRUE(pool->remove(blocks_.front()));
      EXPECT_TRUE(pool->step());
    }
    EXPECT_TRUE(recorder->close());
    return bytesOf(file_);
  }

  struct Replay {
    Result<bool> end = false;
    std::optional<ReplayDifference> difference;
    bool truncated = false;
    std::uint64_t places = 0;
  };
  static Replay replay(const std::string& bytes) {
    const auto host = HostDevice::create({.completion = Completion::Manual});
    const auto player = RecordingPlayer::create(readerOf(bytes).value(), *host);
    Replay replay;
    if (!player) {
      replay.end = Unexpected(player.error());
      return replay;
    }
    while ((replay.end = (*player)->advance()) && *replay.end) {
    }
    replay.difference = (*player)->difference();
    replay.truncated = (*player)->truncated();
    replay.places = (*player)->places();
    return replay;
  }

  app::TestFolder folder_;
  const fs::path file_ = folder_.path() / "test.fluxrec";
  std::vector<BlockHandle> blocks_;
};

TEST_F(RecordingTest, HasCallsDeedsAndFrames) {
  RecordingReader reader = readerOf(smallRecording()).value();
  const std::vector<RecordedEvent> events = eventsOf(reader);
  EXPECT_FALSE(reader.truncated());
  const auto count = [&](RecordKind kind) { return std::ranges::count(events, kind, &RecordedEvent::kind); };
  EXPECT_EQ(events.front().kind, RecordKind::Device);
  EXPECT_EQ(events.front().text, "Host memory");
  EXPECT_EQ(events[1].kind, RecordKind::Pool);
  EXPECT_EQ(events[1].value("chunkBytes"), 16 * kMiB);
  EXPECT_GT(events[1].value("hardLimitBytes"), 0U) << "the one that counted";
  EXPECT_EQ(events.back().kind, RecordKind::End);
  EXPECT_EQ(count(RecordKind::Add), 3);
  EXPECT_EQ(count(RecordKind::PlaceTaken), 3);
  EXPECT_EQ(count(RecordKind::Step), 4) << "something happens in each";
  EXPECT_EQ(count(RecordKind::Stepped), 4);
  EXPECT_EQ(count(RecordKind::Published), 3);
  EXPECT_EQ(count(RecordKind::FrameBegan), 3);
  EXPECT_EQ(count(RecordKind::FrameSubmits), 3);
  EXPECT_EQ(count(RecordKind::FrameEnded), 3);
  const auto add = std::ranges::find(events, RecordKind::Add, &RecordedEvent::kind);
  EXPECT_EQ(add->text, "one");
  EXPECT_EQ(add->list[1], 1000U);
  const auto frame = std::ranges::find(events, RecordKind::FrameBegan, &RecordedEvent::kind);
  EXPECT_EQ(frame->text, "a frame");
  EXPECT_EQ(frame->value("snapshot"), 1U);
  const auto ended = std::ranges::find(events, RecordKind::FrameEnded, &RecordedEvent::kind);
  EXPECT_EQ(ended->list, (std::vector<std::uint64_t>{1, 1})) << "queue and value";
  EXPECT_GE(ended->value("time"), frame->value("time"));
}

TEST_F(RecordingTest, CutAnywhereItReplaysUpToThere) {
  const std::string bytes = smallRecording();
  RecordingReader whole = readerOf(bytes).value();
  const std::vector<RecordedEvent> all = eventsOf(whole);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    const std::string cut = bytes.substr(0, size);
    Result<RecordingReader> reader = readerOf(cut);
    if (size <= kRecordingMagic.size()) {
      ASSERT_FALSE(reader);
      EXPECT_EQ(reader.error().code, ErrorCode::InvalidArgument);
      continue;
    }
    const std::vector<RecordedEvent> events = eventsOf(*reader);
    ASSERT_TRUE(reader->truncated());
    ASSERT_LT(events.size(), all.size());
    const Replay found = replay(cut);
    if (events.size() < 2) {
      EXPECT_FALSE(found.end) << "no pool is in it";
      continue;
    }
    ASSERT_TRUE(found.end);
    EXPECT_TRUE(found.truncated);
    EXPECT_FALSE(found.difference);
  }
  const Replay found = replay(bytes);
  EXPECT_TRUE(found.end && !found.truncated && !found.difference);
  EXPECT_EQ(found.places, 3U);
}

TEST_F(RecordingTest, AReplayMayEndAfterAnyEvent) {
  const std::string bytes = smallRecording();
  RecordingReader reader = readerOf(bytes).value();
  const std::size_t all = eventsOf(reader).size();
  for (std::size_t kept = 2; kept + 1 < all; ++kept) {
    SCOPED_TRACE(kept);
    const Replay found = replay(changed(
        bytes, [](RecordedEvent&) {}, kept));
    ASSERT_TRUE(found.end) << describe(found.end.error());
    EXPECT_TRUE(found.truncated);
    EXPECT_FALSE(found.difference) << found.difference->found;
  }
}

TEST_F(RecordingTest, NoDamagedByteGoesUnnoticed) {
  const std::string bytes = smallRecording();
  RecordingReader whole = readerOf(bytes).value();
  const std::size_t all = eventsOf(whole).size();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    SCOPED_TRACE(at);
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    Result<RecordingReader> reader = readerOf(damaged);
    if (at <= kRecordingMagic.size()) {
      ASSERT_FALSE(reader);
      EXPECT_EQ(reader.error().code, at < kRecordingMagic.size() ? ErrorCode::InvalidArgument : ErrorCode::Unsupported);
      continue;
    }
    RecordedEvent event;
    std::size_t read = 0;
    Result<bool> more = true;
    while ((more = reader->next(event)) && *more) ++read;
    EXPECT_LT(read, all);
    EXPECT_TRUE(!more || reader->truncated());
  }
}

TEST_F(RecordingTest, TheFirstDifferenceIsReported) {
  const std::string other = changed(smallRecording(), [](RecordedEvent& event) {
    if (event.kind == RecordKind::PlaceTaken && event.number > 10) event.numbers[1] += 16;
  });
  const Replay found = replay(other);
  EXPECT_TRUE(found.end);
  ASSERT_TRUE(found.difference);
  EXPECT_EQ(found.places, 1U);
  EXPECT_EQ(found.difference->expected, "placeTaken chunk=1 offset=1024 bytes=1008 lifetime=0");
  EXPECT_EQ(found.difference->found, "placeTaken chunk=1 offset=1008 bytes=1008 lifetime=0");
}

TEST_F(RecordingTest, WhatNoPoolCanHaveBeenAskedIsRefused) {
  const std::string bytes = smallRecording();
  const auto refused = [&](RecordKind kind, std::size_t number, std::uint64_t value) {
    const Replay found = replay(changed(bytes, [&](RecordedEvent& event) {
      if (event.kind == kind) event.numbers[number] = value;
    }));
    return !found.end && found.end.error().code == ErrorCode::InvalidArgument;
  };
  EXPECT_TRUE(refused(RecordKind::Add, 1, 2)) << "lifetime";
  EXPECT_TRUE(refused(RecordKind::Device, 3, 9)) << "queues";
  EXPECT_TRUE(refused(RecordKind::Pool, 3, 0)) << "bytes of a staging page";
  EXPECT_TRUE(refused(RecordKind::Pool, 4, std::uint64_t{1} << 62U)) << "bytes of staging";
  const Replay found = replay(changed(bytes, [](RecordedEvent& event) {
    if (event.kind == RecordKind::Add) event.list[0] = kPartKindCount;
  }));
  EXPECT_FALSE(found.end);
}

TEST_F(RecordingTest, StepsInWhichNothingHappensAreCounted) {
  const auto recorder = Recorder::create(file_).value();
  {
    const auto host = HostDevice::create({.completion = Completion::Immediate});
    PoolDesc desc;
    desc.journal = &recorder->journal();
    const auto pool = Pool::create(*host, desc).value();
    const std::chrono::steady_clock::time_point begin{std::chrono::hours{1}};
    const auto stepUntil = [&](std::chrono::microseconds end, const StepQuota& quota = {}) {
      for (std::chrono::microseconds at{0}; at < end; at += std::chrono::microseconds{10}) {
        EXPECT_TRUE(pool->step(quota, begin + at));
      }
    };
    stepUntil(std::chrono::milliseconds{2});  // 2 different ones, and 198 as those
    stepUntil(std::chrono::microseconds{50}, {.uploadBytes = 7});
    EXPECT_TRUE(pool->reserve(kMiB));
    for (std::uint64_t i = 0; i < kMostIdleSteps + 10; ++i) EXPECT_TRUE(pool->step({}, begin));
  }
  ASSERT_TRUE(recorder->close());
  const std::string bytes = bytesOf(file_);
  RecordingReader reader = readerOf(bytes).value();
  std::vector<std::uint64_t> counts;
  std::uint64_t steps = 0;
  for (const RecordedEvent& event : eventsOf(reader)) {
    if (event.kind == RecordKind::Step) ++steps;
    if (event.kind != RecordKind::IdleSteps) continue;
    counts.push_back(event.value("count"));
    EXPECT_GE(event.value("took"), event.value("spent"));
  }
  EXPECT_EQ(steps, 5U) << "two milliseconds, another quota, more memory, and the first one that is too many to count";
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{99, 99, 4, kMostIdleSteps, 8}));
  const auto host = HostDevice::create();
  const auto player = RecordingPlayer::create(readerOf(bytes).value(), *host).value();
  std::uint64_t calls = 0;
  Result<bool> more = true;
  while ((more = player->advance()) && *more) {
    ++calls;
    EXPECT_EQ(player->steps(), calls > 205 ? calls - 1 : calls) << "one at a time; reserve is one more call";
  }
  EXPECT_TRUE(more && !player->difference());
  EXPECT_EQ(player->steps(), 205 + kMostIdleSteps + 10);
}

TEST_F(RecordingTest, IdleStepsThatCannotHaveBeenAreRefused) {
  const std::string bytes = smallRecording();
  const auto withIdleSteps = [&](std::uint64_t count, RecordKind before) {
    RecordingReader reader = readerOf(bytes).value();
    std::vector<RecordedEvent> events = eventsOf(reader);
    RecordedEvent idle;
    idle.kind = RecordKind::IdleSteps;
    idle.numbers[1] = count;
    events.insert(std::ranges::find(events, before, &RecordedEvent::kind), idle);
    return replay(test::written(events));
  };
  EXPECT_TRUE(withIdleSteps(3, RecordKind::End).end) << "the last step of these is no idle one";
  EXPECT_TRUE(withIdleSteps(3, RecordKind::End).difference);
  for (const std::uint64_t count : {std::uint64_t{0}, kMostIdleSteps + 1}) {
    EXPECT_EQ(withIdleSteps(count, RecordKind::End).end.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_EQ(withIdleSteps(1, RecordKind::Add).end.error().code, ErrorCode::InvalidArgument) << "as which step?";
}

TEST_F(RecordingTest, AHandleInUseIsNotGivenAgain) {
  const std::uint64_t first = 1ULL << 24U | 1;
  const Replay found = replay(changed(smallRecording(), [&](RecordedEvent& event) {
    if (event.kind == RecordKind::Handle) event.numbers[2] = first;
  }));
  EXPECT_TRUE(found.difference);
}

TEST_F(RecordingTest, ADeviceThatRefusesEndsTheReplay) {
  const std::string bytes = smallRecording();
  const auto host = HostDevice::create();
  const auto faulty = FaultyDevice::create(*host);
  faulty->failCall(DeviceCall::CreateChunk, 1, ErrorCode::OutOfDeviceMemory);
  const auto player = RecordingPlayer::create(readerOf(bytes).value(), *faulty).value();
  Result<bool> more = true;
  while ((more = player->advance()) && *more) {
  }
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::OutOfDeviceMemory);
}

TEST_F(RecordingTest, ContentsNeedADeviceThatTheHostReachesAsItDid) {
  const std::string bytes = changed(smallRecording(), [](RecordedEvent& event) {
    if (event.kind == RecordKind::Device) event.numbers[6] = 4096;
  });
  const auto host = HostDevice::create();
  ReplaySettings settings;
  settings.fill = [](std::uint64_t, ByteOffset, std::span<std::byte>) {};
  const auto player = RecordingPlayer::create(readerOf(bytes).value(), *host, settings);
  ASSERT_FALSE(player);
  EXPECT_EQ(player.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(player.error().resourceName(), "directWriteBytes");
}

TEST_F(RecordingTest, AFileThatCannotBeWrittenIsAnErrorAndThePoolGoesOn) {
  const auto none = Recorder::create(file_ / "no" / "such" / "folder");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::FileError);
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no disk that is always full";
  Result<std::unique_ptr<Recorder>> recorder = Recorder::create("/dev/full");
  if (!recorder) return;  // it noticed at once
  const auto host = HostDevice::create();
  {
    PoolDesc desc;
    desc.journal = &(*recorder)->journal();
    const auto pool = Pool::create(*host, desc).value();
    for (int i = 0; i < 50'000; ++i) ASSERT_TRUE(pool->step());
  }
  const Result<void> closed = (*recorder)->close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, ErrorCode::FileError);
  EXPECT_EQ((*recorder)->error()->code, ErrorCode::FileError);
}

TEST_F(RecordingTest, WhatIsNoRecordingIsSaidToBeNone) {
  EXPECT_EQ(readerOf("").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(readerOf("# gtrace 1 source=game\n").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(RecordingReader::open(file_).error().code, ErrorCode::FileError);
}

}  // namespace
}  // namespace flux
