// The Vulkan device against the contract of `Device`, on a real driver under validation.

#include "vulkan/test_gpu.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <random>
#include <thread>

namespace flux::test {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;

class VulkanDeviceTest : public VulkanTest {
 protected:
  VkBuffer makeChunk(std::uint32_t index, ByteCount bytes = kChunkBytes) {
    const auto made = device().createChunk(ChunkIndex{index}, bytes);
    EXPECT_TRUE(made);
    return made ? vulkanBuffer(made->buffer) : VkBuffer{VK_NULL_HANDLE};
  }

  TimelineValue submit(std::span<const CopyPiece> batch) {
    const auto value = device().submit(batch);
    EXPECT_TRUE(value);
    return value.value_or(0);
  }

  void expectContents(VkBuffer buffer, std::span<const std::byte> expected, TimelineValue copied) {
    ChunkReader reader(context());
    const auto found = reader.read(buffer, 0, expected.size(), device().copyTimeline(), copied);
    const auto [a, b] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
    EXPECT_EQ(a, expected.end()) << "first difference at byte " << a - expected.begin();
  }

  CopyPiece fromPage(std::uint32_t page, ByteOffset from, std::uint32_t chunk, ByteOffset to, ByteCount bytes) {
    return {CopyPiece::From::Staging, page, ChunkIndex{chunk}, from, to, bytes};
  }
  CopyPiece fromChunk(std::uint32_t source, ByteOffset from, std::uint32_t chunk, ByteOffset to, ByteCount bytes) {
    return {CopyPiece::From::Chunk, source, ChunkIndex{chunk}, from, to, bytes};
  }
};

TEST_F(VulkanDeviceTest, ManyPiecesArriveAtOddPlacesOfSeveralChunks) {
  const std::array buffers{makeChunk(0), makeChunk(1)};
  const auto staged = patternBytes(kChunkBytes, 1);
  openPage(device(), StagingIndex{0}, staged);
  openPage(device(), StagingIndex{1}, std::vector<std::byte>(kChunkBytes));
  // Whole chunks of zeros first, so that bytes between the pieces are seen too.
  TimelineValue copied = submit(std::array{fromPage(1, 0, 0, 0, kChunkBytes), fromPage(1, 0, 1, 0, kChunkBytes)});

  std::mt19937 random(7);
  std::array<std::vector<std::byte>, 2> expected;
  expected.fill(std::vector<std::byte>(kChunkBytes));
  std::vector<CopyPiece> batch;
  for (std::uint32_t chunk = 0; chunk < 2; ++chunk) {
    for (ByteOffset to = 4; to + 1024 < kChunkBytes;) {
      const ByteCount bytes = 4 * (1 + random() % 200);
      const ByteOffset from = 4 * (random() % ((kChunkBytes - bytes) / 4));
      batch.push_back(fromPage(0, from, chunk, to, bytes));
      std::copy_n(staged.begin() + static_cast<std::ptrdiff_t>(from), bytes,
                  expected[chunk].begin() + static_cast<std::ptrdiff_t>(to));
      to += bytes + 4 * (random() % 3);
    }
  }
  std::shuffle(batch.begin(), batch.end(), random);
  ASSERT_GT(batch.size(), 1000U);
  copied = submit(batch);
  expectContents(buffers[0], expected[0], copied);
  expectContents(buffers[1], expected[1], copied);
}

TEST_F(VulkanDeviceTest, PiecesMoveInsideAChunkAndBetweenChunks) {
  const std::array buffers{makeChunk(0), makeChunk(1)};
  const auto staged = patternBytes(kChunkBytes, 2);
  openPage(device(), StagingIndex{0}, staged);
  submit(std::array{fromPage(0, 0, 0, 0, kChunkBytes), fromPage(0, 0, 1, 0, kChunkBytes)});
  constexpr ByteCount kPiece = 4 * 1001;
  const TimelineValue copied =
      submit(std::array{fromChunk(0, 12, 0, 100'000, kPiece), fromChunk(0, 12, 1, 2000, kPiece)});

  auto expected = staged;
  std::copy_n(staged.begin() + 12, kPiece, expected.begin() + 100'000);
  expectContents(buffers[0], expected, copied);
  expected = staged;
  std::copy_n(staged.begin() + 12, kPiece, expected.begin() + 2000);
  expectContents(buffers[1], expected, copied);
}

TEST_F(VulkanDeviceTest, ABatchSeesWhatEarlierBatchesWrote) {
  const VkBuffer buffer = makeChunk(0);
  const auto staged = patternBytes(4096, 3);
  openPage(device(), StagingIndex{0}, staged);
  submit(std::array{fromPage(0, 0, 0, 0, 4096)});
  TimelineValue copied = 0;
  for (ByteOffset place = 0; place + 8192 <= kChunkBytes; place += 4096) {
    copied = submit(std::array{fromChunk(0, place, 0, place + 4096, 4096)});
  }
  EXPECT_EQ(copied, kChunkBytes / 4096);
  std::vector<std::byte> expected;
  while (expected.size() < kChunkBytes) expected.insert(expected.end(), staged.begin(), staged.end());
  expectContents(buffer, expected, copied);
}

TEST_F(VulkanDeviceTest, AnEmptyBatchCompletesToo) {
  waitForCopies(device(), submit({}));
}

TEST_F(VulkanDeviceTest, ChunksHaveTheBufferAndAddressThatAreReported) {
  const auto first = device().createChunk(ChunkIndex{5}, kChunkBytes);
  const auto second = device().createChunk(ChunkIndex{2}, 512);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->bytes, kChunkBytes);
  EXPECT_EQ(second->bytes, 512U);
  EXPECT_NE(first->buffer, second->buffer);
  EXPECT_EQ(first->address != 0, device().caps().bufferAddresses);
  EXPECT_EQ(first->address != second->address, device().caps().bufferAddresses);
  device().destroyChunk(ChunkIndex{5});
  EXPECT_TRUE(device().createChunk(ChunkIndex{5}, 256));
}

TEST_F(VulkanDeviceTest, CapsAreThoseOfTheDriver) {
  const DeviceCaps& caps = device().caps();
  const VkPhysicalDeviceLimits& limits = context().properties().limits;
  EXPECT_EQ(caps.backend, Backend::Vulkan);
  EXPECT_EQ(caps.deviceName, context().properties().deviceName);
  EXPECT_FALSE(caps.driverName.empty());
  EXPECT_EQ(caps.queueCount, 2U);
  EXPECT_EQ(caps.maxAllocations, limits.maxMemoryAllocationCount);
  EXPECT_GE(caps.maxChunkBytes, 16 * kMiB);
  EXPECT_TRUE(caps.bufferAddresses);
  const auto alignment = [&](PartKind kind) { return caps.partAlignmentBytes[static_cast<std::size_t>(kind)]; };
  EXPECT_EQ(alignment(PartKind::Uniform) % limits.minUniformBufferOffsetAlignment, 0U);
  EXPECT_EQ(alignment(PartKind::Storage) % limits.minStorageBufferOffsetAlignment, 0U);
  EXPECT_EQ(alignment(PartKind::Texel) % limits.minTexelBufferOffsetAlignment, 0U);
  for (const std::uint32_t bytes : caps.partAlignmentBytes) EXPECT_TRUE(bytes >= 4 && (bytes & (bytes - 1)) == 0);
}

TEST_F(VulkanDeviceTest, ProgressOfTheApplicationsQueueIsSeen) {
  const VkBuffer buffer = makeChunk(0);
  openPage(device(), StagingIndex{0}, patternBytes(4096, 4));
  const TimelineValue copied = submit(std::array{fromPage(0, 0, 0, 0, 4096)});
  ChunkReader reader(context());
  EXPECT_EQ(device().completed(app::VulkanContext::kDrawQueue), 0U);
  const TimelineValue read = reader.submit(ReadBy::Copy, buffer, 0, 4096, device().copyTimeline(), copied);
  ASSERT_TRUE(device().wait(app::VulkanContext::kDrawQueue, read, std::chrono::seconds{30}));
  EXPECT_EQ(device().completed(app::VulkanContext::kDrawQueue), read);
  EXPECT_EQ(device().completed(kCopyQueue), copied);
}

TEST_F(VulkanDeviceTest, OtherThreadsSeeProgressThatNeverGoesBack) {
  constexpr TimelineValue kBatches = 200;
  makeChunk(0);
  openPage(device(), StagingIndex{0}, patternBytes(4096, 5));
  std::atomic<bool> wentBack{false};
  std::jthread observer([&] {
    for (TimelineValue last = 0; last < kBatches;) {
      const TimelineValue seen = device().completed(kCopyQueue);
      if (seen < last) wentBack = true;
      last = std::max(last, seen);
      std::this_thread::yield();
    }
  });
  for (TimelineValue i = 1; i <= kBatches; ++i) {
    EXPECT_EQ(submit(std::array{fromPage(0, 0, 0, 0, 4096)}), i);
    EXPECT_TRUE(device().poll());
  }
  waitForCopies(device(), kBatches);
  observer.join();
  EXPECT_FALSE(wentBack);
}

TEST_F(VulkanDeviceTest, WaitEndsAtItsDeadlineAndRefusesUnknownQueues) {
  const auto late = device().wait(kCopyQueue, 1, std::chrono::milliseconds{1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::Timeout);
  const auto unknown = device().wait(QueueId{2}, 0, std::chrono::nanoseconds{0});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(device().completed(QueueId{2}), 0U);
}

TEST_F(VulkanDeviceTest, BudgetCoversTheChunks) {
  const MemoryBudget before = device().budget();
  EXPECT_GT(before.budgetBytes, 0U);
  makeChunk(0, 16 * kMiB);
  const MemoryBudget after = device().budget();
  if (!after.fromSystem) {
    EXPECT_GE(after.usedBytes, before.usedBytes + 16 * kMiB);
    device().destroyChunk(ChunkIndex{0});
    EXPECT_EQ(device().budget().usedBytes, before.usedBytes);
  }
}

TEST_F(VulkanDeviceTest, CopyAndDrawSubmissionsFromTwoThreadsShareTheQueue) {
  constexpr int kRounds = 100;
  const VkBuffer buffer = makeChunk(0);
  openPage(device(), StagingIndex{0}, patternBytes(4096, 6));
  const TimelineValue copied = submit(std::array{fromPage(0, 0, 0, 0, 4096)});
  const VkSemaphore copyTimeline = device().copyTimeline();
  std::jthread draws([&] {
    ChunkReader reader(context());
    for (int i = 0; i < kRounds; ++i) reader.submit(ReadBy::Copy, buffer, 0, 4096, copyTimeline, copied);
  });
  TimelineValue last = 0;
  for (int i = 0; i < kRounds; ++i) last = submit(std::array{fromPage(0, 0, 0, 8192, 4096)});
  draws.join();
  waitForCopies(device(), last);
}

}  // namespace
}  // namespace flux::test
