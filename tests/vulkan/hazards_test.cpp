// Plants missing synchronisation and expects the validation layer to say so: a driver that runs one queue in order
// gives the right picture anyway. Needs a layer that follows timeline semaphores (docs/validation.md).

#include "vulkan/test_gpu.hpp"

#include <algorithm>
#include <array>

namespace flux::test {
namespace {

constexpr ChunkIndex kChunk{0};
constexpr StagingIndex kPage{0};
constexpr ByteCount kBytes = 64 * kKiB;
constexpr CopyPiece kUpload{
    .source = static_cast<std::uint32_t>(kPage), .destination = kChunk, .sourceOffset = 0, .bytes = kBytes};

VKAPI_ATTR void VKAPI_CALL noBarrier(VkCommandBuffer, VkPipelineStageFlags, VkPipelineStageFlags, VkDependencyFlags,
                                     std::uint32_t, const VkMemoryBarrier*, std::uint32_t, const VkBufferMemoryBarrier*,
                                     std::uint32_t, const VkImageMemoryBarrier*) {}

class Hazards : public VulkanTest {
 protected:
  Hazards() {
    const auto made = device().createChunk(kChunk, 2 * kBytes);
    EXPECT_TRUE(made);
    if (made) buffer_ = vulkanBuffer(made->buffer);
    openPage(device(), kPage, patternBytes(kBytes, 1));
  }

  TimelineValue upload(Device& to) {
    const auto value = to.submit(std::array{kUpload});
    EXPECT_TRUE(value);
    return value.value_or(0);
  }

  void expectReported(const char* rule) {
    const std::vector<std::string> messages = takeMessages();
    const auto names = [rule](const std::string& text) { return text.find(rule) != std::string::npos; };
    EXPECT_TRUE(std::any_of(messages.begin(), messages.end(), names)) << "not reported: " << rule;
    for (const std::string& text : messages) EXPECT_TRUE(names(text)) << text;
  }

  VkBuffer buffer_ = VK_NULL_HANDLE;
};

class HazardsOfReading : public Hazards, public testing::WithParamInterface<ReadBy> {};

TEST_P(HazardsOfReading, NoneWhenTheReaderWaitsForTheCopy) {
  ChunkReader reader(context());
  const TimelineValue copied = upload(device());
  reader.submit(GetParam(), buffer_, 0, kBytes, device().copyTimeline(), copied);
  EXPECT_EQ(messages_.count(), 0U);
}

TEST_P(HazardsOfReading, ReadingWithoutWaitingForTheCopyIsReported) {
  ChunkReader reader(context());
  upload(device());
  reader.submit(GetParam(), buffer_, 0, kBytes, device().copyTimeline(), std::nullopt);
  expectReported("SYNC-HAZARD-READ-AFTER-WRITE");
}

TEST_P(HazardsOfReading, NoneWhenAPlaceIsOverwrittenAfterItsReadersWereSeenToFinish) {
  ChunkReader reader(context());
  const TimelineValue copied = upload(device());
  const TimelineValue read = reader.submit(GetParam(), buffer_, 0, kBytes, device().copyTimeline(), copied);
  while (device().completed(app::VulkanContext::kDrawQueue) < read) ASSERT_TRUE(device().poll());
  waitForCopies(device(), upload(device()));
  EXPECT_EQ(messages_.count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(By, HazardsOfReading, testing::Values(ReadBy::Copy, ReadBy::Compute, ReadBy::Vertices));

class HazardsOfOverwriting : public HazardsOfReading {};

TEST_P(HazardsOfOverwriting, OverwritingWhatADrawStillReadsIsReported) {
  ChunkReader reader(context());
  const TimelineValue copied = upload(device());
  reader.submit(GetParam(), buffer_, 0, kBytes, device().copyTimeline(), copied);
  upload(device());
  expectReported("SYNC-HAZARD-WRITE-AFTER-READ");
}

TEST_P(HazardsOfOverwriting, NoneWhenTheBatchWaitsForTheDraw) {
  ChunkReader reader(context());
  const TimelineValue copied = upload(device());
  const TimelineValue read = reader.submit(GetParam(), buffer_, 0, kBytes, device().copyTimeline(), copied);
  const QueueValue draw{app::VulkanContext::kDrawQueue, read};
  const auto value = device().submit(std::array{kUpload}, {&draw, 1});
  ASSERT_TRUE(value);
  reader.submit(GetParam(), buffer_, 0, kBytes, device().copyTimeline(), *value);
  waitForCopies(device(), *value);
  EXPECT_EQ(messages_.count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(By, HazardsOfOverwriting, testing::Values(ReadBy::Compute, ReadBy::Vertices));

TEST_F(Hazards, NoneBetweenBatches) {
  upload(device());
  upload(device());
  CopyPiece onwards{.from = CopyPiece::From::Chunk, .destination = kChunk, .destinationOffset = kBytes};
  onwards.bytes = kBytes;
  ASSERT_TRUE(device().submit(std::array{onwards}));
  EXPECT_EQ(messages_.count(), 0U);
}

class HazardsBetweenBatches : public Hazards {
 protected:
  HazardsBetweenBatches() : interceptor_(context().adoption().getInstanceProcAddr) {
    interceptor_.replace("vkCmdPipelineBarrier", &noBarrier);
    unordered_ = interceptedDevice();
    const auto made = unordered_->createChunk(kChunk, 2 * kBytes);
    EXPECT_TRUE(made);
    openPage(*unordered_, kPage, patternBytes(kBytes, 1));
  }

  Interceptor interceptor_;
  std::unique_ptr<VulkanDevice> unordered_;
};

TEST_F(HazardsBetweenBatches, WritingAPlaceTwiceWithoutABarrierIsReported) {
  upload(*unordered_);
  upload(*unordered_);
  expectReported("SYNC-HAZARD-WRITE-AFTER-WRITE");
}

TEST_F(HazardsBetweenBatches, CopyingOnWithoutABarrierIsReported) {
  upload(*unordered_);
  CopyPiece onwards{.from = CopyPiece::From::Chunk, .destination = kChunk, .destinationOffset = kBytes};
  onwards.bytes = kBytes;
  ASSERT_TRUE(unordered_->submit(std::array{onwards}));
  expectReported("SYNC-HAZARD-READ-AFTER-WRITE");
}

}  // namespace
}  // namespace flux::test
