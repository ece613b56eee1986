// The WebGPU device on a real driver: what the conformance suite does not ask of every back end.

#include "webgpu/test_gpu.hpp"

#include <array>
#include <atomic>
#include <thread>

namespace flux::test {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;

class WebGpuDeviceTest : public WebGpuTest {};

TEST_F(WebGpuDeviceTest, TheDriverIsARealOne) {
  EXPECT_EQ(context().backendType(), WGPUBackendType_Vulkan);
  EXPECT_EQ(device().caps().backend, Backend::WebGPU);
  EXPECT_NE(device().caps().deviceName.find("SwiftShader"), std::string::npos) << device().caps().deviceName;
  EXPECT_TRUE(device().caps().unifiedMemory);
  EXPECT_EQ(device().caps().queueCount, 2U);
  EXPECT_GE(device().caps().maxChunkBytes, 256 * kMiB);
}

TEST_F(WebGpuDeviceTest, MovesInsideAChunkTakeTheBounceBuffer) {
  const WGPUBuffer buffer = makeChunk(0, kChunkBytes);
  const auto staged = patternBytes(kChunkBytes, 1);
  openPage(device(), StagingIndex{0}, staged);
  submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, kChunkBytes)});
  EXPECT_EQ(device().budget().usedBytes, kChunkBytes);

  // Two that do not touch, one down and one up.
  constexpr ByteCount kPiece = 4 * 1001;
  submit(std::array{fromChunk(ChunkIndex{0}, 12, ChunkIndex{0}, 100'000, kPiece),
                    fromChunk(ChunkIndex{0}, 200'000, ChunkIndex{0}, 8192, kPiece)});
  EXPECT_GT(device().budget().usedBytes, kChunkBytes) << "the bounce buffer counts";
  auto expected = staged;
  std::copy_n(staged.begin() + 12, kPiece, expected.begin() + 100'000);
  std::copy_n(staged.begin() + 200'000, kPiece, expected.begin() + 8192);
  expectContents(buffer, expected);
}

TEST_F(WebGpuDeviceTest, MovesLargerThanTheBounceBufferTakeTurns) {
  constexpr ByteCount kBytes = 24 * kMiB;
  const WGPUBuffer buffer = makeChunk(0, kBytes);
  const auto staged = patternBytes(kBytes, 2);
  openPage(device(), StagingIndex{0}, staged);
  submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, kBytes)});
  // 3 and 9 MiB: neither the first nor what is left of the second ends where the bounce buffer does.
  submit(std::array{fromChunk(ChunkIndex{0}, 0, ChunkIndex{0}, 12 * kMiB, 3 * kMiB),
                    fromChunk(ChunkIndex{0}, 3 * kMiB, ChunkIndex{0}, 15 * kMiB + 4, 9 * kMiB - 4)});
  auto expected = staged;
  std::copy_n(staged.begin(), 3 * kMiB, expected.begin() + 12 * kMiB);
  std::copy_n(staged.begin() + 3 * kMiB, 9 * kMiB - 4, expected.begin() + 15 * kMiB + 4);
  expectContents(buffer, expected);
}

TEST_F(WebGpuDeviceTest, OneBatchMayHaveEveryKindOfCopy) {
  const std::array buffers{makeChunk(0, kChunkBytes), makeChunk(1, kChunkBytes)};
  const auto first = patternBytes(kChunkBytes, 3);
  const auto second = patternBytes(kChunkBytes, 4);
  openPage(device(), StagingIndex{0}, first);
  openPage(device(), StagingIndex{1}, second);
  submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, kChunkBytes),
                    fromPage(StagingIndex{1}, 0, ChunkIndex{1}, 0, kChunkBytes)});
  submit(std::array{fromChunk(ChunkIndex{0}, 0, ChunkIndex{1}, 0, 4096),
                    fromPage(StagingIndex{1}, 4, ChunkIndex{0}, 8192, 4096),
                    fromChunk(ChunkIndex{0}, 4096, ChunkIndex{0}, 65536, 4096),
                    fromChunk(ChunkIndex{1}, 100'000, ChunkIndex{0}, 131072, 4)});
  auto expected = first;
  std::copy_n(second.begin() + 4, 4096, expected.begin() + 8192);
  std::copy_n(first.begin() + 4096, 4096, expected.begin() + 65536);
  std::copy_n(second.begin() + 100'000, 4, expected.begin() + 131072);
  expectContents(buffers[0], expected);
  expected = second;
  std::copy_n(first.begin(), 4096, expected.begin());
  expectContents(buffers[1], expected);
}

TEST_F(WebGpuDeviceTest, AStagingPageMayBeOverwrittenAsSoonAsItsBatchIsSubmitted) {
  const WGPUBuffer buffer = makeChunk(0, kChunkBytes);
  const auto staged = patternBytes(kChunkBytes, 5);
  const auto page = device().openStaging(StagingIndex{0}, kChunkBytes);
  ASSERT_TRUE(page);
  std::copy(staged.begin(), staged.end(), page->begin());
  submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, kChunkBytes)});
  std::fill(page->begin(), page->end(), std::byte{0});
  device().closeStaging(StagingIndex{0});
  expectContents(buffer, staged);
}

TEST_F(WebGpuDeviceTest, MarksFollowTheApplicationsSubmissions) {
  EXPECT_EQ(device().completed(WebGpuDevice::kApplicationQueue), 0U);
  EXPECT_EQ(device().markSubmitted(), 1U);
  EXPECT_EQ(device().markSubmitted(), 2U);
  EXPECT_EQ(device().completed(WebGpuDevice::kApplicationQueue), 0U) << "only a poll looks";
  ASSERT_TRUE(device().wait(WebGpuDevice::kApplicationQueue, 2, std::chrono::seconds{60}));
  EXPECT_EQ(device().completed(WebGpuDevice::kApplicationQueue), 2U);
  EXPECT_EQ(device().completed(kCopyQueue), 0U);
}

TEST_F(WebGpuDeviceTest, WaitEndsAtItsDeadlineAndRefusesUnknownQueues) {
  const auto late = device().wait(kCopyQueue, 1, std::chrono::milliseconds{1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::Timeout);
  const auto unknown = device().wait(QueueId{2}, 0, std::chrono::nanoseconds{0});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(device().completed(QueueId{2}), 0U);
}

TEST_F(WebGpuDeviceTest, ALargerChunkThanTheDeviceHasIsRefused) {
  const ByteCount tooLarge = device().caps().maxChunkBytes + 256;
  const auto made = device().createChunk(ChunkIndex{0}, tooLarge);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::OutOfDeviceMemory);
  EXPECT_EQ(made.error().numbers[0], tooLarge);
  makeChunk(0, kChunkBytes);
  EXPECT_EQ(device().budget().usedBytes, kChunkBytes);
}

TEST_F(WebGpuDeviceTest, WhatWebGpuRefusesIsToldInWords) {
  makeChunk(0, kChunkBytes);
  openPage(device(), StagingIndex{0}, patternBytes(4096, 8));
  const auto value = device().submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, kChunkBytes - 256, 4096)});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::DriverError);
  EXPECT_EQ(value.error().nativeCode, WGPUErrorType_Validation);
  ASSERT_EQ(messages_.count(), 1U);
  EXPECT_NE(messages_.first()[0].find("Flux chunk"), std::string::npos) << messages_.first()[0];
  messages_.clear();
}

TEST_F(WebGpuDeviceTest, ALostDeviceIsReportedByEveryCall) {
  makeChunk(0, kChunkBytes);
  openPage(device(), StagingIndex{0}, patternBytes(kChunkBytes, 6));
  const TimelineValue copied = submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, kChunkBytes)});
  app::webGpu().DeviceDestroy(context().webGpuDevice());
  const auto expectLost = [](const auto& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::DeviceLost);
  };
  expectLost(device().createChunk(ChunkIndex{1}, kChunkBytes));
  expectLost(device().submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, 4096)}));
  expectLost(device().poll());
  expectLost(device().wait(kCopyQueue, copied + 1, std::chrono::seconds{60}));
}

TEST_F(WebGpuDeviceTest, TheApplicationSubmitsFromAnotherThread) {
  constexpr TimelineValue kRounds = 200;
  const WGPUBuffer buffer = makeChunk(0, kChunkBytes);
  openPage(device(), StagingIndex{0}, patternBytes(4096, 7));
  submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, 4096)});
  std::atomic<bool> inOrder{true};
  std::jthread application([&] {
    for (TimelineValue i = 1; i <= kRounds; ++i) {
      const app::UniqueCommandEncoder encoder(
          app::webGpu().DeviceCreateCommandEncoder(context().webGpuDevice(), nullptr));
      const app::UniqueBuffer target = context().makeBuffer(WGPUBufferUsage_CopyDst, 4096);
      app::webGpu().CommandEncoderCopyBufferToBuffer(encoder.get(), buffer, 0, target.get(), 0, 4096);
      const app::UniqueCommandBuffer commands(app::webGpu().CommandEncoderFinish(encoder.get(), nullptr));
      const WGPUCommandBuffer list = commands.get();
      app::webGpu().QueueSubmit(context().queue(), 1, &list);
      if (device().markSubmitted() != i) inOrder = false;
    }
  });
  TimelineValue last = 0;
  for (TimelineValue i = 0; i < kRounds; ++i) {
    last = submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 8192, 4096),
                             fromChunk(ChunkIndex{0}, 0, ChunkIndex{0}, 16384, 4096)});
    EXPECT_TRUE(device().poll());
  }
  application.join();
  EXPECT_TRUE(inOrder);
  waitForCopies(device(), last);
  EXPECT_TRUE(device().wait(WebGpuDevice::kApplicationQueue, kRounds, std::chrono::seconds{60}));
}

}  // namespace
}  // namespace flux::test
