// Plants missing synchronisation and expects the validation layer to say so: a driver that runs one queue in order
// gives the right picture anyway. Needs a layer that follows timeline semaphores (docs/validation.md).

#include "vulkan/bound_kernel.hpp"
#include "vulkan/test_gpu.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace flux::test {
namespace {

constexpr ChunkIndex kChunk{0};
constexpr StagingIndex kPage{0};
constexpr ByteCount kBytes = 64 * kKiB;
constexpr CopyPiece kUpload{.source = kPage, .destination = kChunk, .sourceOffset = 0, .bytes = kBytes};

enum class Way { Plain, Kernel };

VKAPI_ATTR void VKAPI_CALL noBarrier(VkCommandBuffer, VkPipelineStageFlags, VkPipelineStageFlags, VkDependencyFlags,
                                     std::uint32_t, const VkMemoryBarrier*, std::uint32_t, const VkBufferMemoryBarrier*,
                                     std::uint32_t, const VkImageMemoryBarrier*) {}

class Hazards : public VulkanTest {
 protected:
  Hazards() : interceptor_(context().adoption().getInstanceProcAddr) {}

  /// Makes the device under test, which has a chunk and a full page.
  void makeDevice(Way way) {
    if (way == Way::Kernel) kernel_.emplace(context(), interceptor_);
    device_ = interceptedDevice(way == Way::Kernel ? kVulkanKernelCopies : kVulkanPlainCopies);
    const auto made = device_->createChunk(kChunk, 2 * kBytes);
    ASSERT_TRUE(made);
    buffer_ = vulkanBuffer(made->buffer);
    openPage(*device_, kPage, patternBytes(kBytes, 1));
  }

  TimelineValue upload() {
    const auto value = device_->submit(std::array{kUpload});
    EXPECT_TRUE(value);
    return value.value_or(0);
  }

  void copyOnwards() {
    CopyPiece onwards{.source = kChunk, .destination = kChunk, .destinationOffset = kBytes};
    onwards.bytes = kBytes;
    ASSERT_TRUE(device_->submit(std::array{onwards}));
  }

  void expectNone() {
    EXPECT_EQ(messages_.count(), 0U);
    EXPECT_TRUE(!kernel_ || BoundKernel::dispatches() != 0);
  }

  void expectReported(const char* rule) {
    const std::vector<std::string> messages = takeMessages();
    const auto names = [rule](const std::string& text) { return text.find(rule) != std::string::npos; };
    EXPECT_TRUE(std::any_of(messages.begin(), messages.end(), names)) << "not reported: " << rule;
    for (const std::string& text : messages) EXPECT_TRUE(names(text)) << text;
  }

  Interceptor interceptor_;
  std::optional<BoundKernel> kernel_;
  TestDevice device_;
  VkBuffer buffer_ = VK_NULL_HANDLE;
};

class HazardsOfReading : public Hazards, public testing::WithParamInterface<std::tuple<Way, ReadBy>> {
 protected:
  HazardsOfReading() { makeDevice(std::get<Way>(GetParam())); }

  TimelineValue read(ChunkReader& reader, std::optional<TimelineValue> copied) {
    return reader.submit(std::get<ReadBy>(GetParam()), buffer_, 0, kBytes, device_->copyTimeline(), copied);
  }
};

TEST_P(HazardsOfReading, NoneWhenTheReaderWaitsForTheCopy) {
  ChunkReader reader(context());
  read(reader, upload());
  expectNone();
}

TEST_P(HazardsOfReading, ReadingWithoutWaitingForTheCopyIsReported) {
  ChunkReader reader(context());
  upload();
  read(reader, std::nullopt);
  expectReported("SYNC-HAZARD-READ-AFTER-WRITE");
}

TEST_P(HazardsOfReading, NoneWhenAPlaceIsOverwrittenAfterItsReadersWereSeenToFinish) {
  ChunkReader reader(context());
  const TimelineValue finished = read(reader, upload());
  while (device_->completed(app::VulkanContext::kDrawQueue) < finished) ASSERT_TRUE(device_->poll());
  waitForCopies(*device_, upload());
  expectNone();
}

INSTANTIATE_TEST_SUITE_P(By, HazardsOfReading,
                         testing::Combine(testing::Values(Way::Plain, Way::Kernel),
                                          testing::Values(ReadBy::Copy, ReadBy::Compute, ReadBy::Vertices)));

class HazardsOfOverwriting : public HazardsOfReading {};

TEST_P(HazardsOfOverwriting, OverwritingWhatADrawStillReadsIsReported) {
  ChunkReader reader(context());
  read(reader, upload());
  upload();
  expectReported("SYNC-HAZARD-WRITE-AFTER-READ");
}

TEST_P(HazardsOfOverwriting, NoneWhenTheBatchWaitsForTheDraw) {
  ChunkReader reader(context());
  const QueueValue draw{app::VulkanContext::kDrawQueue, read(reader, upload())};
  const auto value = device_->submit(std::array{kUpload}, {&draw, 1});
  ASSERT_TRUE(value);
  read(reader, *value);
  waitForCopies(*device_, *value);
  expectNone();
}

// Plain copies after copies are left out: the barrier between batches happens to order them (docs/validation.md). The
// kernel's orders what compute shaders read as well.
INSTANTIATE_TEST_SUITE_P(Plain, HazardsOfOverwriting,
                         testing::Combine(testing::Values(Way::Plain),
                                          testing::Values(ReadBy::Compute, ReadBy::Vertices)));
INSTANTIATE_TEST_SUITE_P(Kernel, HazardsOfOverwriting,
                         testing::Combine(testing::Values(Way::Kernel), testing::Values(ReadBy::Vertices)));

class HazardsOfBatches : public Hazards, public testing::WithParamInterface<Way> {
 protected:
  /// The device's barriers do nothing.
  void makeDeviceWithoutBarriers() {
    interceptor_.replace("vkCmdPipelineBarrier", &noBarrier);
    makeDevice(GetParam());
  }
};

TEST_P(HazardsOfBatches, NoneBetweenThem) {
  makeDevice(GetParam());
  upload();
  upload();
  copyOnwards();
  expectNone();
}

TEST_P(HazardsOfBatches, NoneWhereAPageIsReadBackTwice) {
  constexpr StagingIndex kBack{1};
  makeDevice(GetParam());
  ASSERT_TRUE(device_->openStaging(kBack, kBytes, StagingUse::Readback));
  const std::array back{CopyPiece{kChunk, kBack, 0, 0, kBytes}};
  upload();
  ASSERT_TRUE(device_->submit(back));
  upload();
  const auto value = device_->submit(back);
  ASSERT_TRUE(value);
  waitForCopies(*device_, *value);
  expectNone();
}

TEST_P(HazardsOfBatches, WritingAPlaceTwiceWithoutABarrierIsReported) {
  makeDeviceWithoutBarriers();
  upload();
  upload();
  expectReported("SYNC-HAZARD-WRITE-AFTER-WRITE");
}

TEST_P(HazardsOfBatches, CopyingOnWithoutABarrierIsReported) {
  makeDeviceWithoutBarriers();
  upload();
  copyOnwards();
  // The layer takes everything that is bound to the kernel as both read and written.
  expectReported(GetParam() == Way::Kernel ? "SYNC-HAZARD-WRITE-AFTER-WRITE" : "SYNC-HAZARD-READ-AFTER-WRITE");
}

INSTANTIATE_TEST_SUITE_P(By, HazardsOfBatches, testing::Values(Way::Plain, Way::Kernel));

}  // namespace
}  // namespace flux::test
