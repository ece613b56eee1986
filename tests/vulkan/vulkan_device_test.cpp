// What the Vulkan device adds to the promises of `Device`, which tests/conformance holds it to.

#include "vulkan/test_gpu.hpp"

#include <thread>

namespace flux::test {
namespace {

using VulkanDeviceTest = VulkanTest;

TEST_F(VulkanDeviceTest, CapsAreThoseOfTheDriver) {
  const DeviceCaps& caps = device().caps();
  const VkPhysicalDeviceLimits& limits = context().properties().limits;
  EXPECT_EQ(caps.deviceName, context().properties().deviceName);
  EXPECT_EQ(caps.queueCount, 2U);
  EXPECT_EQ(caps.maxAllocations, limits.maxMemoryAllocationCount);
  EXPECT_TRUE(caps.bufferAddresses);
  const auto alignment = [&](PartKind kind) { return caps.partAlignmentBytes[static_cast<std::size_t>(kind)]; };
  EXPECT_EQ(alignment(PartKind::Uniform) % limits.minUniformBufferOffsetAlignment, 0U);
  EXPECT_EQ(alignment(PartKind::Storage) % limits.minStorageBufferOffsetAlignment, 0U);
  EXPECT_EQ(alignment(PartKind::Texel) % limits.minTexelBufferOffsetAlignment, 0U);
  for (const std::uint32_t bytes : caps.partAlignmentBytes) EXPECT_GE(bytes, 4U);
}

TEST_F(VulkanDeviceTest, CopyAndDrawSubmissionsFromTwoThreadsShareTheQueue) {
  constexpr int kRounds = 100;
  constexpr ByteCount kBytes = 4096;
  const auto chunk = device().createChunk(ChunkIndex{0}, 4 * kBytes);
  ASSERT_TRUE(chunk);
  openPage(device(), StagingIndex{0}, patternBytes(kBytes, 6));
  const auto copyTo = [&](ByteOffset to) {
    const CopyPiece piece{StagingIndex{0}, ChunkIndex{0}, 0, to, kBytes};
    const auto value = device().submit({&piece, 1});
    EXPECT_TRUE(value);
    return value.value_or(0);
  };
  const TimelineValue copied = copyTo(0);
  const VkSemaphore copyTimeline = device().copyTimeline();
  std::jthread draws([&] {
    ChunkReader reader(context());
    for (int i = 0; i < kRounds; ++i) {
      reader.submit(ReadBy::Copy, vulkanBuffer(chunk->buffer), 0, kBytes, copyTimeline, copied);
    }
  });
  TimelineValue last = 0;
  for (int i = 0; i < kRounds; ++i) last = copyTo(2 * kBytes);
  draws.join();
  waitForCopies(device(), last);
}

}  // namespace
}  // namespace flux::test
