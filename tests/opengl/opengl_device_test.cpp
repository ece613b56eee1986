// The OpenGL device on a real driver: what the conformance suite does not ask of every back end.

#include "opengl/test_gpu.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <utility>

namespace flux::test {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;
constexpr ChunkIndex kChunk{0};
constexpr StagingIndex kPage{0};

class OpenGlDeviceTest : public OpenGlTest {
 protected:
  NativeHandle makeChunk(ChunkIndex index = kChunk) {
    const auto made = device().createChunk(index, kChunkBytes);
    EXPECT_TRUE(succeeds(made));
    return made ? made->buffer : 0;
  }
  TimelineValue submit(std::span<const CopyPiece> batch) {
    const auto value = device().submit(batch);
    EXPECT_TRUE(succeeds(value));
    return value.value_or(0);
  }
};

TEST_F(OpenGlDeviceTest, ErrorsFromBeforeAreReportedAndNotTakenForFluxs) {
  app::gl().glEnable(0xFFFF);
  messages_.clear();  // What the debug context said.
  makeChunk();
  ASSERT_EQ(messages_.count(), 1U);
  EXPECT_EQ(messages_.first()[0], "OpenGL error 0x0500 from before a call of Flux");
  messages_.clear();
}

TEST_F(OpenGlDeviceTest, WhatTheDriverRefusesIsTyped) {
  makeChunk();
  const auto bytes = patternBytes(4096, 1);
  openPage(device(), kPage, bytes);
  const auto refused = device().submit(std::array{fromPage(kPage, 0, kChunk, kChunkBytes - 256, 4096)});
  ASSERT_TRUE(failsWith(refused, ErrorCode::DriverError));
  EXPECT_EQ(refused.error().nativeCode, GL_INVALID_VALUE);
  EXPECT_EQ(refused.error().resourceName(), "glCopyNamedBufferSubData");
  messages_.clear();
  EXPECT_EQ(submit(std::array{fromPage(kPage, 0, kChunk, 0, 4096)}), 1U);
}

TEST_F(OpenGlDeviceTest, APageThatNobodyHasMemoryForIsTyped) {
  const auto refused = device().openStaging(kPage, ByteCount{1} << 40U);
  ASSERT_TRUE(failsWith(refused, ErrorCode::OutOfDeviceMemory));
  EXPECT_EQ(refused.error().nativeCode, GL_OUT_OF_MEMORY);
  EXPECT_EQ(refused.error().numbers[0], ByteCount{1} << 40U);
  messages_.clear();
}

TEST_F(OpenGlDeviceTest, ChunksHaveTheirNames) {
  const NativeHandle buffer = makeChunk();
  device().setName(kChunk, "terrain");
  std::array<char, 32> label{};
  app::gl().glGetObjectLabel(GL_BUFFER, openGlBuffer(buffer), label.size(), nullptr, label.data());
  EXPECT_STREQ(label.data(), "terrain");
}

TEST_F(OpenGlDeviceTest, PiecesThatContinueEachOtherAreOneCopy) {
  makeChunk();
  openPage(device(), kPage, patternBytes(4096, 1));
  std::vector<CopyPiece> batch;
  for (ByteOffset place = 4096; place != 0; place -= 256) {
    batch.push_back(fromPage(kPage, place - 256, kChunk, place - 256, 256));
  }
  submit(batch);
  EXPECT_EQ(interceptor_.calls("glCopyNamedBufferSubData"), 1U);
  submit(std::array{fromPage(kPage, 0, kChunk, 0, 256), fromPage(kPage, 256, kChunk, 512, 256)});
  EXPECT_EQ(interceptor_.calls("glCopyNamedBufferSubData"), 3U);
}

TEST_F(OpenGlDeviceTest, EverythingThatWasMadeIsDeleted) {
  const std::array buffers{makeChunk(), makeChunk(ChunkIndex{1})};
  openPage(device(), kPage, patternBytes(4096, 1));
  submit(std::array{fromPage(kPage, 0, kChunk, 0, 4096)});
  device().destroyChunk(kChunk);
  EXPECT_FALSE(app::gl().glIsBuffer(openGlBuffer(buffers[0])));
  submit({});
  ASSERT_TRUE(succeeds(device().markSubmitted()));
  device_.reset();  // With fences that nobody has looked at.
  EXPECT_FALSE(app::gl().glIsBuffer(openGlBuffer(buffers[1])));
  EXPECT_EQ(interceptor_.calls("glDeleteBuffers"), 3U);
  EXPECT_EQ(interceptor_.calls("glFenceSync"), 3U);
  EXPECT_EQ(interceptor_.calls("glDeleteSync"), 3U);
}

// What the next test saw.
GLsync madeFence = nullptr;
GLsync waitedFor = nullptr;
GLsync APIENTRY rememberMade(GLenum condition, GLbitfield flags) {
  return madeFence = app::gl().glFenceSync(condition, flags);
}
void APIENTRY rememberWaited(GLsync fence, GLbitfield, GLuint64) {
  waitedFor = fence;
}

TEST_F(OpenGlDeviceTest, TheDeviceWaitsForTheFenceOfTheValueAsLongAsItMustBeWaitedFor) {
  interceptor_.replace("glFenceSync", &rememberMade);
  interceptor_.replace("glWaitSync", &rememberWaited);
  device_.reset();
  auto made = adopt();
  ASSERT_TRUE(succeeds(made));
  device_ = std::move(*made);
  waitedFor = nullptr;
  std::array<GLsync, 3> fences{};
  for (GLsync& fence : fences) {
    submit({});
    fence = madeFence;
  }
  for (const TimelineValue value : std::array<TimelineValue, 3>{2, 1, 3}) {
    device().waitForCopies(value);
    EXPECT_EQ(waitedFor, fences[value - 1]);
  }
  waitedFor = nullptr;
  ASSERT_TRUE(succeeds(device().wait(kCopyQueue, 3, std::chrono::seconds{60})));
  device().waitForCopies(3);
  EXPECT_EQ(waitedFor, nullptr) << "it has been reached, and its fence is gone";
}

TEST_F(OpenGlDeviceTest, EveryFenceIsFlushedByItsContext) {
  submit({});
  EXPECT_EQ(interceptor_.calls("glFlush"), 1U);
  ASSERT_TRUE(succeeds(device().markSubmitted()));
  EXPECT_EQ(interceptor_.calls("glFlush"), 2U);
}

TEST_F(OpenGlDeviceTest, MarksFollowTheApplicationsCommands) {
  EXPECT_EQ(device().markSubmitted().value_or(0), 1U);
  EXPECT_EQ(device().markSubmitted().value_or(0), 2U);
  EXPECT_EQ(device().completed(OpenGlDevice::kApplicationQueue), 0U) << "only a poll looks";
  ASSERT_TRUE(succeeds(device().wait(OpenGlDevice::kApplicationQueue, 2, std::chrono::seconds{60})));
  EXPECT_EQ(device().completed(OpenGlDevice::kApplicationQueue), 2U);
  EXPECT_EQ(device().completed(kCopyQueue), 0U);
}

TEST_F(OpenGlDeviceTest, CallsOfAThreadThatTheContextWasNotMovedToAreNoticed) {
  AssertLog log;
  std::thread([&] {
    const app::CurrentContext current = otherContext();
    EXPECT_TRUE(succeeds(device().poll()));
    EXPECT_EQ(log.take().size(), 1U);
    device().contextMoved();
    EXPECT_TRUE(succeeds(device().poll()));
    EXPECT_TRUE(log.take().empty());
  }).join();
  EXPECT_TRUE(succeeds(device().poll()));
  EXPECT_EQ(log.take().size(), 1U);
  device().contextMoved();
}

TEST_F(OpenGlDeviceTest, CopiesThatWereNotSubmittedCannotBeWaitedFor) {
  AssertLog log;
  submit({});
  device().waitForCopies(1);
  device().waitForCopies(0);
  EXPECT_TRUE(log.take().empty());
  device().waitForCopies(2);
  EXPECT_EQ(log.take().size(), 1U);
}

TEST_F(OpenGlDeviceTest, AnotherThreadsContextReadsWhatWasCopiedWhileTheDeviceGoesOn) {
  constexpr TimelineValue kRounds = 200;
  constexpr ByteCount kBytes = 4096;
  const NativeHandle buffer = makeChunk();
  const auto bytes = patternBytes(kBytes * 2, 7);
  openPage(device(), kPage, bytes);
  std::atomic<TimelineValue> copied{0};
  std::atomic<std::uint64_t> wrong{0};
  std::jthread application([&] {
    const app::CurrentContext current = otherContext();
    for (TimelineValue i = 1; i <= kRounds; ++i) {
      copied.wait(i - 1);
      device().waitForCopies(i);
      // Each round's copy has a place of its own.
      const auto found = readBuffer(buffer, (i % 64) * kBytes, kBytes);
      if (!std::ranges::equal(found, std::span(bytes).subspan(4 * i, kBytes))) ++wrong;
      if (device().markSubmitted().value_or(0) != i) ++wrong;
    }
  });
  for (TimelineValue i = 1; i <= kRounds; ++i) {
    // A place is written again once its reader is done.
    if (i > 32) {
      ASSERT_TRUE(succeeds(device().wait(OpenGlDevice::kApplicationQueue, i - 32, std::chrono::seconds{60})));
    }
    EXPECT_EQ(submit(std::array{fromPage(kPage, 4 * i, kChunk, (i % 64) * kBytes, kBytes)}), i);
    copied = i;
    copied.notify_one();
    EXPECT_TRUE(succeeds(device().poll()));
  }
  application.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_TRUE(succeeds(device().wait(OpenGlDevice::kApplicationQueue, kRounds, std::chrono::seconds{60})));
}

}  // namespace
}  // namespace flux::test
