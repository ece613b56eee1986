// How batches become commands: what the kernel copies, what plain copies do, and what an application's list gets.

#include "vulkan/test_gpu.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace flux::test {
namespace {

constexpr ChunkIndex kChunk{0};
constexpr ChunkIndex kOther{1};
constexpr StagingIndex kPage{0};
constexpr ByteCount kChunkBytes = 512 * kKiB;

// What the replacements below saw and do; reset by the fixture.
struct Seen {
  std::uint32_t dispatches = 0;
  std::uint32_t barriers = 0;
  std::uint32_t barriersToHostWrites = 0;
  std::vector<ByteCount> regions;  // sizes
  std::uint32_t timestamps = 0;
  std::uint32_t barrierLeftOut = 0;  // which one, from 1
};
Seen seen;

VKAPI_ATTR void VKAPI_CALL countDispatch(VkCommandBuffer commands, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  ++seen.dispatches;
  Interceptor::real<PFN_vkCmdDispatch>("vkCmdDispatch")(commands, x, y, z);
}

VKAPI_ATTR void VKAPI_CALL rememberRegions(VkCommandBuffer commands, VkBuffer source, VkBuffer destination,
                                           std::uint32_t count, const VkBufferCopy* regions) {
  for (std::uint32_t i = 0; i < count; ++i) seen.regions.push_back(regions[i].size);
  Interceptor::real<PFN_vkCmdCopyBuffer>("vkCmdCopyBuffer")(commands, source, destination, count, regions);
}

VKAPI_ATTR void VKAPI_CALL countBarrier(VkCommandBuffer commands, VkPipelineStageFlags before,
                                        VkPipelineStageFlags after, VkDependencyFlags flags, std::uint32_t memoryCount,
                                        const VkMemoryBarrier* memory, std::uint32_t bufferCount,
                                        const VkBufferMemoryBarrier* buffers, std::uint32_t imageCount,
                                        const VkImageMemoryBarrier* images) {
  if ((after & VK_PIPELINE_STAGE_HOST_BIT) != 0 && memory->dstAccessMask == VK_ACCESS_HOST_WRITE_BIT &&
      (memory->srcAccessMask & VK_ACCESS_TRANSFER_WRITE_BIT) != 0) {
    ++seen.barriersToHostWrites;
  }
  if (++seen.barriers == seen.barrierLeftOut) return;
  Interceptor::real<PFN_vkCmdPipelineBarrier>("vkCmdPipelineBarrier")(commands, before, after, flags, memoryCount,
                                                                      memory, bufferCount, buffers, imageCount, images);
}

VKAPI_ATTR void VKAPI_CALL countTimestamp(VkCommandBuffer commands, VkPipelineStageFlagBits stage, VkQueryPool pool,
                                          std::uint32_t query) {
  ++seen.timestamps;
  Interceptor::real<PFN_vkCmdWriteTimestamp>("vkCmdWriteTimestamp")(commands, stage, pool, query);
}

VKAPI_ATTR void VKAPI_CALL discrete(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties) {
  Interceptor::real<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(device, properties);
  properties->properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

VKAPI_ATTR void VKAPI_CALL copiesOnly(VkPhysicalDevice device, std::uint32_t* count,
                                      VkQueueFamilyProperties* families) {
  Interceptor::real<PFN_vkGetPhysicalDeviceQueueFamilyProperties>("vkGetPhysicalDeviceQueueFamilyProperties")(
      device, count, families);
  for (std::uint32_t i = 0; families != nullptr && i < *count; ++i) families[i].queueFlags = VK_QUEUE_TRANSFER_BIT;
}

VKAPI_ATTR void VKAPI_CALL noTimestamps(VkPhysicalDevice device, std::uint32_t* count,
                                        VkQueueFamilyProperties* families) {
  Interceptor::real<PFN_vkGetPhysicalDeviceQueueFamilyProperties>("vkGetPhysicalDeviceQueueFamilyProperties")(
      device, count, families);
  for (std::uint32_t i = 0; families != nullptr && i < *count; ++i) families[i].timestampValidBits = 0;
}

VKAPI_ATTR VkDeviceAddress VKAPI_CALL farAddress(VkDevice, const VkBufferDeviceAddressInfo*) {
  return VkDeviceAddress{1} << 56U;
}

class BatchCopies : public VulkanTest {
 protected:
  BatchCopies() : interceptor_(context().adoption().getInstanceProcAddr) {
    seen = {};
    interceptor_.replace("vkCmdDispatch", &countDispatch);
    interceptor_.replace("vkCmdCopyBuffer", &rememberRegions);
    interceptor_.replace("vkCmdPipelineBarrier", &countBarrier);
    interceptor_.replace("vkCmdWriteTimestamp", &countTimestamp);
  }

  TestDevice measuredDevice() {
    VulkanDeviceDesc desc = context().adoption();
    desc.getInstanceProcAddr = Interceptor::getInstanceProcAddr();
    desc.copyCrossover = std::nullopt;
    auto made = VulkanDevice::create(desc);
    EXPECT_TRUE(made);
    return made ? whenIdle(std::move(*made)) : TestDevice();
  }

  void makeDevice(const VulkanCopyCrossover& crossover) { take(interceptedDevice(crossover)); }

  /// Gives it two chunks, and a page with pattern 1.
  void take(TestDevice device) {
    device_ = std::move(device);
    for (const ChunkIndex index : {kChunk, kOther}) {
      const auto made = device_->createChunk(index, kChunkBytes);
      ASSERT_TRUE(made);
      chunks_[static_cast<std::size_t>(index)] = vulkanBuffer(made->buffer);
    }
    openPage(*device_, kPage, staged_);
    seen.barriers = 0;
  }

  TimelineValue submit(std::span<const CopyPiece> batch) {
    const auto value = device_->submit(batch);
    EXPECT_TRUE(value);
    return value.value_or(0);
  }

  std::vector<std::byte> read(ChunkIndex chunk, TimelineValue copied) {
    ChunkReader reader(context());
    return reader.read(chunks_[static_cast<std::size_t>(chunk)], 0, kChunkBytes, device_->copyTimeline(), copied);
  }

  Interceptor interceptor_;
  TestDevice device_;
  std::array<VkBuffer, 2> chunks_{};
  std::vector<std::byte> staged_ = patternBytes(kChunkBytes, 1);
};

TEST_F(BatchCopies, ABatchEndsWithABarrierToTheHostWhereThatWritesChunks) {
  for (const ByteCount direct : {ByteCount{0}, kAllBytes}) {
    VulkanDeviceDesc desc = context().adoption();
    desc.getInstanceProcAddr = Interceptor::getInstanceProcAddr();
    desc.copyCrossover = kVulkanPlainCopies;
    desc.directWriteBytes = direct;
    auto made = VulkanDevice::create(desc);
    ASSERT_TRUE(made);
    take(whenIdle(std::move(*made)));
    EXPECT_EQ(device_->caps().directWriteBytes, direct);
    seen.barriersToHostWrites = 0;
    const std::array batch{fromPage(kPage, 0, kChunk, 0, 4096)};
    EXPECT_EQ(submit(batch), 1U);
    EXPECT_EQ(seen.barriersToHostWrites, direct != 0 ? 1U : 0U);
    EXPECT_EQ(seen.barriers, direct != 0 ? 2U : 1U);
  }
}

TEST_F(BatchCopies, ThousandsOfPiecesAreOneDispatchBehindOneBarrier) {
  makeDevice(kVulkanKernelCopies);
  std::vector<CopyPiece> batch;
  for (ByteOffset i = 0; i < 4096; ++i) batch.push_back(fromPage(kPage, 128 * (4095 - i), kChunk, 128 * i, 128));
  const TimelineValue copied = submit(batch);
  EXPECT_EQ(seen.dispatches, 1U);
  EXPECT_EQ(seen.barriers - seen.barriersToHostWrites, 1U);
  EXPECT_TRUE(seen.regions.empty());
  std::vector<std::byte> expected(kChunkBytes);
  for (const CopyPiece& piece : batch) {
    std::copy_n(staged_.begin() + static_cast<std::ptrdiff_t>(piece.sourceOffset), piece.bytes,
                expected.begin() + static_cast<std::ptrdiff_t>(piece.destinationOffset));
  }
  EXPECT_EQ(read(kChunk, copied), expected);
}

TEST_F(BatchCopies, PiecesOverTheCrossoverArePlainInTheSameBatch) {
  makeDevice({.uploadUpToBytes = 4096, .moveUpToBytes = 1024});
  const TimelineValue filled = submit(std::array{fromPage(kPage, 0, kOther, 0, kChunkBytes)});
  EXPECT_EQ(seen.regions, std::vector{kChunkBytes});
  EXPECT_EQ(seen.dispatches, 0U);
  seen = {};
  const std::array batch{fromPage(kPage, 4, kChunk, 0, 4096), fromPage(kPage, 8, kChunk, 4096, 4100),
                         fromChunk(kOther, 4, kChunk, 16384, 1024), fromChunk(kOther, 12, kChunk, 32768, 1028)};
  const TimelineValue copied = submit(batch);
  EXPECT_GT(copied, filled);
  EXPECT_EQ(seen.dispatches, 1U);
  EXPECT_EQ(seen.barriers - seen.barriersToHostWrites, 1U);
  std::sort(seen.regions.begin(), seen.regions.end());
  EXPECT_EQ(seen.regions, (std::vector<ByteCount>{1028, 4100}));
  const auto found = read(kChunk, copied);
  for (const CopyPiece& piece : batch) {
    EXPECT_TRUE(std::equal(found.begin() + static_cast<std::ptrdiff_t>(piece.destinationOffset),
                           found.begin() + static_cast<std::ptrdiff_t>(piece.destinationOffset + piece.bytes),
                           staged_.begin() + static_cast<std::ptrdiff_t>(piece.sourceOffset)))
        << piece.bytes;
  }
}

TEST_F(BatchCopies, PlainCopiesUseNoKernel) {
  makeDevice(kVulkanPlainCopies);
  submit(std::array{fromPage(kPage, 0, kChunk, 0, 16), fromPage(kPage, 16, kChunk, 16, 16)});
  EXPECT_EQ(seen.regions, std::vector<ByteCount>{32});
  EXPECT_EQ(seen.dispatches, 0U);
  EXPECT_EQ(device_->copyCrossover(), kVulkanPlainCopies);
}

TEST_F(BatchCopies, EverySizeArrivesHoweverSourceAndDestinationLie) {
  makeDevice(kVulkanKernelCopies);
  // Around the bounds of quads and of segments, at all four words of a quad on both sides.
  std::vector<ByteCount> sizes(40);
  std::iota(sizes.begin(), sizes.end(), ByteCount{1});
  for (const ByteCount bound : {ByteCount{512}, ByteCount{1024}, ByteCount{2048}, ByteCount{3072}}) {
    for (ByteCount words = bound - 5; words <= bound + 5; ++words) sizes.push_back(words);
  }
  auto expected = staged_;
  for (ByteOffset shift = 0; shift < 16; ++shift) {
    TimelineValue copied = submit(std::array{fromPage(kPage, 0, kChunk, 0, kChunkBytes)});
    std::vector<CopyPiece> batch;
    ByteOffset at = 0;
    expected = staged_;
    for (const ByteCount words : sizes) {
      const ByteOffset to = at + 4 * (shift % 4);
      const ByteOffset from = kChunkBytes - 16384 + 4 * (shift / 4);
      batch.push_back(fromPage(kPage, from, kChunk, to, 4 * words));
      std::copy_n(staged_.begin() + static_cast<std::ptrdiff_t>(from), 4 * words,
                  expected.begin() + static_cast<std::ptrdiff_t>(to));
      at = (to + 4 * words + 47) / 16 * 16;
    }
    ASSERT_LT(at, kChunkBytes);
    copied = submit(batch);
    ASSERT_EQ(read(kChunk, copied), expected) << shift;
  }
}

TEST_F(BatchCopies, MoreSegmentsThanAListHoldsAreSeveralDispatchesOfOneSubmission) {
  makeDevice(kVulkanKernelCopies);
  constexpr ByteCount kWords = kChunkBytes / 4;
  std::vector<ByteOffset> sources(kWords);
  std::iota(sources.begin(), sources.end(), ByteOffset{0});
  std::mt19937 random(3);
  std::shuffle(sources.begin(), sources.end(), random);
  std::vector<CopyPiece> batch;
  std::vector<std::byte> expected(kChunkBytes);
  for (ByteOffset i = 0; i < kWords; ++i) {
    batch.push_back(fromPage(kPage, 4 * sources[i], kChunk, 4 * i, 4));
    std::copy_n(staged_.begin() + static_cast<std::ptrdiff_t>(4 * sources[i]), 4,
                expected.begin() + static_cast<std::ptrdiff_t>(4 * i));
  }
  const std::uint64_t before = interceptor_.calls("vkQueueSubmit");
  const TimelineValue copied = submit(batch);
  EXPECT_EQ(seen.dispatches, 2U);
  EXPECT_EQ(seen.barriers - seen.barriersToHostWrites, 1U);
  EXPECT_EQ(interceptor_.calls("vkQueueSubmit"), before + 1);
  EXPECT_EQ(read(kChunk, copied), expected);
}

TEST_F(BatchCopies, ListsAreUsedAgainAndNeverWhileTheyAreInFlight) {
  makeDevice(kVulkanKernelCopies);
  std::vector<CopyPiece> batch;
  for (ByteOffset i = 0; i < 50'000; ++i) batch.push_back(fromPage(kPage, 8 * i, kChunk, 8 * i, 4));
  waitForCopies(*device_, submit(batch));
  const std::uint64_t before = interceptor_.calls("vkAllocateMemory");
  for (int i = 0; i < 5; ++i) waitForCopies(*device_, submit(batch));
  EXPECT_EQ(interceptor_.calls("vkAllocateMemory"), before);
  // Five batches without news of completion: 250,000 segments, each in a place of its own.
  TimelineValue last = 0;
  for (int i = 0; i < 5; ++i) last = submit(batch);
  EXPECT_EQ(interceptor_.calls("vkAllocateMemory"), before + 3);
  waitForCopies(*device_, last);
  EXPECT_EQ(messages_.count(), 0U);
}

TEST_F(BatchCopies, ListsOverTheKeptOnesAreGivenBack) {
  makeDevice(kVulkanKernelCopies);
  std::vector<CopyPiece> batch;
  for (ByteOffset i = 0; i < 60'000; ++i) batch.push_back(fromPage(kPage, 8 * i, kChunk, 8 * i, 4));
  TimelineValue last = 0;
  for (int i = 0; i < 10; ++i) last = submit(batch);
  waitForCopies(*device_, last);
  // One goes with each batch until four are left: the next burst has to make the others again.
  for (int i = 0; i < 10; ++i) waitForCopies(*device_, submit({}));
  const std::uint64_t before = interceptor_.calls("vkAllocateMemory");
  for (int i = 0; i < 10; ++i) last = submit(batch);
  EXPECT_EQ(interceptor_.calls("vkAllocateMemory"), before + 6);
  waitForCopies(*device_, last);
}

TEST_F(BatchCopies, ThereIsNoKernelWithoutAddressesOrComputeOrWithin50Bits) {
  VkPhysicalDeviceVulkan12Features features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  features.timelineSemaphore = VK_TRUE;
  VkPhysicalDeviceFeatures2 chain{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  chain.pNext = &features;
  VulkanDeviceDesc desc = context().adoption();
  desc.getInstanceProcAddr = Interceptor::getInstanceProcAddr();
  desc.copyCrossover = kVulkanKernelCopies;
  desc.enabledFeatures = &chain;
  const auto withoutAddresses = VulkanDevice::create(desc);
  ASSERT_TRUE(withoutAddresses);
  EXPECT_EQ((*withoutAddresses)->copyCrossover(), kVulkanPlainCopies);

  interceptor_.replace("vkGetPhysicalDeviceQueueFamilyProperties", &copiesOnly);
  EXPECT_EQ(interceptedDevice(kVulkanKernelCopies)->copyCrossover(), kVulkanPlainCopies);
  interceptor_.replace(
      "vkGetPhysicalDeviceQueueFamilyProperties",
      Interceptor::real<PFN_vkGetPhysicalDeviceQueueFamilyProperties>("vkGetPhysicalDeviceQueueFamilyProperties"));

  interceptor_.replace("vkGetBufferDeviceAddress", &farAddress);
  makeDevice(kVulkanKernelCopies);
  const TimelineValue copied = submit(std::array{fromPage(kPage, 0, kChunk, 0, kChunkBytes)});
  EXPECT_EQ(seen.dispatches, 0U);
  EXPECT_EQ(read(kChunk, copied), staged_);
}

TEST_F(BatchCopies, TheCrossoverIsMeasuredUnlessItIsGiven) {
  EXPECT_EQ(measuredDevice()->copyCrossover(), kVulkanPlainCopies);  // a CPU
  EXPECT_EQ(seen.timestamps, 0U);
  interceptor_.replace("vkGetPhysicalDeviceProperties2", &discrete);
  VulkanCopyCrossover measured;
  {
    take(measuredDevice());
    EXPECT_GT(seen.timestamps, 0U);
    EXPECT_GT(seen.dispatches, 0U);
    EXPECT_FALSE(seen.regions.empty());
    measured = device_->copyCrossover();
    const auto plausible = [](ByteCount bytes) {
      return bytes <= kMiB || bytes == std::numeric_limits<ByteCount>::max();
    };
    EXPECT_TRUE(plausible(measured.uploadUpToBytes)) << measured.uploadUpToBytes;
    EXPECT_TRUE(plausible(measured.moveUpToBytes)) << measured.moveUpToBytes;
    const TimelineValue copied = submit(std::array{fromPage(kPage, 0, kChunk, 0, kChunkBytes)});
    EXPECT_EQ(read(kChunk, copied), staged_);
  }
  seen = {};
  EXPECT_EQ(interceptedDevice(measured)->copyCrossover(), measured);
  EXPECT_EQ(seen.timestamps, 0U);

  interceptor_.replace("vkGetPhysicalDeviceQueueFamilyProperties", &noTimestamps);
  EXPECT_EQ(measuredDevice()->copyCrossover(), kVulkanKernelCopies);
  EXPECT_EQ(seen.timestamps, 0U);
}

/// Lists of the application: of the draw queue's family, which is the copy queue's on the drivers here.
class ApplicationLists : public BatchCopies, public testing::WithParamInterface<VulkanCopyCrossover> {
 protected:
  ApplicationLists() {
    VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
    pool.queueFamilyIndex = context().adoption().copyQueueFamily;
    EXPECT_EQ(vkCreateCommandPool(context().vulkanDevice(), &pool, nullptr, &pool_), VK_SUCCESS);
    VkCommandBufferAllocateInfo allocate{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
    allocate.commandPool = pool_;
    allocate.commandBufferCount = 1;
    EXPECT_EQ(vkAllocateCommandBuffers(context().vulkanDevice(), &allocate, &list_), VK_SUCCESS);
    VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    EXPECT_EQ(vkBeginCommandBuffer(list_, &begin), VK_SUCCESS);
    makeDevice(GetParam());
  }
  ~ApplicationLists() override {
    waitUntilIdle();
    vkDestroyCommandPool(context().vulkanDevice(), pool_, nullptr);
  }

  /// The application's own copies: a part of a chunk to another place.
  void copyInList(ChunkIndex from, ByteOffset at, ChunkIndex to, ByteOffset place) {
    const VkBufferCopy region{at, place, 4096};
    vkCmdCopyBuffer(list_, chunks_[static_cast<std::size_t>(from)], chunks_[static_cast<std::size_t>(to)], 1, &region);
  }

  /// The list waits for the copies up to `copied`, as it would for `Frame::waits()`, and signals `value`.
  void submitList(TimelineValue copied, TimelineValue value) {
    ASSERT_EQ(vkEndCommandBuffer(list_), VK_SUCCESS);
    const VkSemaphore semaphore = device_->copyTimeline();
    VkTimelineSemaphoreSubmitInfo timeline{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
    timeline.waitSemaphoreValueCount = 1;
    timeline.pWaitSemaphoreValues = &copied;
    timeline.signalSemaphoreValueCount = 1;
    timeline.pSignalSemaphoreValues = &value;
    const VkPipelineStageFlags waits = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO};
    info.pNext = &timeline;
    info.waitSemaphoreCount = 1;
    info.pWaitSemaphores = &semaphore;
    info.pWaitDstStageMask = &waits;
    info.commandBufferCount = 1;
    info.pCommandBuffers = &list_;
    info.signalSemaphoreCount = 1;
    info.pSignalSemaphores = &semaphore;
    const std::scoped_lock lock(context().drawQueueMutex());
    ASSERT_EQ(vkQueueSubmit(context().adoption().copyQueue, 1, &info, VK_NULL_HANDLE), VK_SUCCESS);
  }

  VkCommandPool pool_ = VK_NULL_HANDLE;
  VkCommandBuffer list_ = VK_NULL_HANDLE;
};

TEST_P(ApplicationLists, GetBatchesBetweenWhatTheyDoThemselves) {
  const TimelineValue filled = submit(std::array{fromPage(kPage, 0, kOther, 0, kChunkBytes)});
  const std::uint64_t submissions = interceptor_.calls("vkQueueSubmit");
  EXPECT_EQ(device_->recordInto(list_), 0U);
  copyInList(kOther, 4096, kChunk, 0);
  const TimelineValue first = submit(std::array{fromChunk(kChunk, 0, kChunk, 8192, 4096)});
  copyInList(kChunk, 8192, kChunk, 16384);
  const TimelineValue second = submit(std::array{fromChunk(kChunk, 16384, kOther, 0, 4096)});
  EXPECT_EQ(first, filled + 1);
  EXPECT_EQ(second, filled + 2);
  EXPECT_EQ(device_->recordInto(VK_NULL_HANDLE), second);
  EXPECT_EQ(interceptor_.calls("vkQueueSubmit"), submissions);
  submitList(filled, second);
  const TimelineValue own = submit(std::array{fromChunk(kOther, 0, kChunk, 32768, 4096)});
  EXPECT_EQ(own, second + 1);
  EXPECT_EQ(interceptor_.calls("vkQueueSubmit"), submissions + 1);
  const auto found = read(kChunk, own);
  for (const std::ptrdiff_t place : {0, 8192, 16384, 32768}) {
    EXPECT_TRUE(std::equal(found.begin() + place, found.begin() + place + 4096, staged_.begin() + 4096)) << place;
  }
  EXPECT_EQ(messages_.count(), 0U);
  EXPECT_EQ(device_->recordInto(VK_NULL_HANDLE), 0U);
}

INSTANTIATE_TEST_SUITE_P(With, ApplicationLists, testing::Values(kVulkanPlainCopies, kVulkanKernelCopies));

class ApplicationListHazards : public ApplicationLists {};

TEST_P(ApplicationListHazards, WithoutTheBarrierBeforeABatchAreReported) {
  const TimelineValue filled = submit(std::array{fromPage(kPage, 0, kOther, 0, kChunkBytes)});
  seen = {.barrierLeftOut = 1};
  (void)device_->recordInto(list_);
  copyInList(kOther, 4096, kChunk, 0);
  submit(std::array{fromChunk(kChunk, 0, kChunk, 8192, 4096)});
  submitList(filled, device_->recordInto(VK_NULL_HANDLE));
  EXPECT_FALSE(takeMessages().empty());
}

TEST_P(ApplicationListHazards, WithoutTheBarrierAfterABatchAreReported) {
  const TimelineValue filled = submit(std::array{fromPage(kPage, 0, kOther, 0, kChunkBytes)});
  seen = {.barrierLeftOut = 2};
  (void)device_->recordInto(list_);
  submit(std::array{fromChunk(kOther, 0, kChunk, 8192, 4096)});
  copyInList(kChunk, 8192, kChunk, 16384);
  submitList(filled, device_->recordInto(VK_NULL_HANDLE));
  EXPECT_FALSE(takeMessages().empty());
}

INSTANTIATE_TEST_SUITE_P(With, ApplicationListHazards, testing::Values(kVulkanPlainCopies));

}  // namespace
}  // namespace flux::test
