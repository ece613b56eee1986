// What the device does with what it adopts, seen from the calls that it makes.

#include "vulkan/test_gpu.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace flux::test {
namespace {

constexpr ChunkIndex kChunk{0};
constexpr StagingIndex kPage{0};

// What the replacements below saw and give; reset by the fixture.
struct Seen {
  std::string name;
  std::vector<VkSharingMode> sharing;
  std::vector<std::uint32_t> families;
  std::vector<std::pair<VkPipelineStageFlags, VkAccessFlags>> barriers;  // what they let see
  int lockDepth = 0;
  std::vector<int> lockDepthAtSubmit;
  std::uint32_t freedCommandBuffers = 0;
  std::vector<std::pair<VkDeviceMemory, float>> priorities;
};
Seen seen;

VKAPI_ATTR VkResult VKAPI_CALL rememberName(VkDevice, const VkDebugUtilsObjectNameInfoEXT* info) {
  seen.name = info->pObjectName;
  return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL rememberSharing(VkDevice device, const VkBufferCreateInfo* info,
                                               const VkAllocationCallbacks* allocator, VkBuffer* buffer) {
  seen.sharing.push_back(info->sharingMode);
  if (info->sharingMode == VK_SHARING_MODE_CONCURRENT) {
    seen.families.assign(info->pQueueFamilyIndices, info->pQueueFamilyIndices + info->queueFamilyIndexCount);
  }
  // The driver has one family only.
  VkBufferCreateInfo exclusive = *info;
  exclusive.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
  return Interceptor::real<PFN_vkCreateBuffer>("vkCreateBuffer")(device, &exclusive, allocator, buffer);
}

VKAPI_ATTR void VKAPI_CALL incoherentMemory(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties* properties) {
  Interceptor::real<PFN_vkGetPhysicalDeviceMemoryProperties>("vkGetPhysicalDeviceMemoryProperties")(device, properties);
  for (VkMemoryType& type : properties->memoryTypes)
    type.propertyFlags &= ~VkMemoryPropertyFlags{VK_MEMORY_PROPERTY_HOST_COHERENT_BIT};
}

VKAPI_ATTR void VKAPI_CALL rememberBarrier(VkCommandBuffer commands, VkPipelineStageFlags before,
                                           VkPipelineStageFlags after, VkDependencyFlags flags, std::uint32_t count,
                                           const VkMemoryBarrier* barriers, std::uint32_t bufferCount,
                                           const VkBufferMemoryBarrier* buffers, std::uint32_t imageCount,
                                           const VkImageMemoryBarrier* images) {
  for (std::uint32_t i = 0; i < count; ++i) seen.barriers.emplace_back(after, barriers[i].dstAccessMask);
  Interceptor::real<PFN_vkCmdPipelineBarrier>("vkCmdPipelineBarrier")(commands, before, after, flags, count, barriers,
                                                                      bufferCount, buffers, imageCount, images);
}

VKAPI_ATTR VkResult VKAPI_CALL rememberLock(VkQueue queue, std::uint32_t count, const VkSubmitInfo* infos,
                                            VkFence fence) {
  seen.lockDepthAtSubmit.push_back(seen.lockDepth);
  return Interceptor::real<PFN_vkQueueSubmit>("vkQueueSubmit")(queue, count, infos, fence);
}

VKAPI_ATTR void VKAPI_CALL countFreed(VkDevice device, VkCommandPool pool, std::uint32_t count,
                                      const VkCommandBuffer* buffers) {
  seen.freedCommandBuffers += count;
  Interceptor::real<PFN_vkFreeCommandBuffers>("vkFreeCommandBuffers")(device, pool, count, buffers);
}

VKAPI_ATTR void VKAPI_CALL fewAllocations(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties) {
  Interceptor::real<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(device, properties);
  properties->properties.limits.maxMemoryAllocationCount = 2;
}

VKAPI_ATTR void VKAPI_CALL oldDriver(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties) {
  Interceptor::real<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(device, properties);
  properties->properties.apiVersion = VK_API_VERSION_1_1;
}

VKAPI_ATTR void VKAPI_CALL rememberPriority(VkDevice, VkDeviceMemory memory, float priority) {
  seen.priorities.emplace_back(memory, priority);
}

VKAPI_ATTR void VKAPI_CALL systemBudget(VkPhysicalDevice, VkPhysicalDeviceMemoryProperties2* properties) {
  auto& budget = *static_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(properties->pNext);
  budget.heapBudget[0] = 123 * kMiB;
  budget.heapUsage[0] = 45 * kMiB;
}

class AdoptionTest : public VulkanTest {
 protected:
  AdoptionTest() : interceptor_(context().adoption().getInstanceProcAddr), desc_(context().adoption()) {
    seen = {};
    desc_.getInstanceProcAddr = Interceptor::getInstanceProcAddr();
  }

  TestDevice adopt() {
    auto made = VulkanDevice::create(desc_);
    EXPECT_TRUE(made);
    return made ? whenIdle(std::move(*made)) : TestDevice();
  }

  void expectRefused(ErrorCode code, std::string_view name) {
    const auto made = VulkanDevice::create(desc_);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code, code) << name;
    EXPECT_NE(made.error().resourceName().find(name), std::string_view::npos) << made.error().resourceName();
  }

  Interceptor interceptor_;
  VulkanDeviceDesc desc_;
};

TEST_F(AdoptionTest, EveryMissingFieldIsNamed) {
  const VulkanDeviceDesc whole = desc_;
  const auto without = [&](auto VulkanDeviceDesc::*field, std::string_view name) {
    desc_ = whole;
    desc_.*field = {};
    expectRefused(ErrorCode::InvalidArgument, name);
  };
  without(&VulkanDeviceDesc::getInstanceProcAddr, "getInstanceProcAddr");
  without(&VulkanDeviceDesc::instance, "instance");
  without(&VulkanDeviceDesc::physicalDevice, "physicalDevice");
  without(&VulkanDeviceDesc::device, "device");
  without(&VulkanDeviceDesc::enabledFeatures, "enabledFeatures");
  without(&VulkanDeviceDesc::copyQueue, "copyQueue");

  desc_ = whole;
  const std::vector<VkSemaphore> tooMany(kMaxQueues, context().drawTimeline());
  desc_.timelines = tooMany;
  expectRefused(ErrorCode::InvalidArgument, "timelines");
  const std::array<VkSemaphore, 1> null{};
  desc_.timelines = null;
  expectRefused(ErrorCode::InvalidArgument, "timelines");
  desc_ = whole;
  desc_.copyQueueLock = {[](void*) {}, nullptr, nullptr};
  expectRefused(ErrorCode::InvalidArgument, "copyQueueLock");
}

TEST_F(AdoptionTest, ADeviceWithoutTimelineSemaphoresIsRefused) {
  const VkPhysicalDeviceFeatures2 none{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  desc_.enabledFeatures = &none;
  expectRefused(ErrorCode::Unsupported, "timelineSemaphore");
}

TEST_F(AdoptionTest, ADriverThatIsTooOldIsRefused) {
  interceptor_.replace("vkGetPhysicalDeviceProperties2", &oldDriver);
  expectRefused(ErrorCode::Unsupported, "Vulkan 1.2");
}

TEST_F(AdoptionTest, AMissingFunctionIsNamed) {
  interceptor_.replace("vkWaitSemaphores", PFN_vkWaitSemaphores{nullptr});
  expectRefused(ErrorCode::Unsupported, "vkWaitSemaphores");
}

TEST_F(AdoptionTest, AddressesAreUsedOnlyWhereTheyAreEnabled) {
  VkPhysicalDeviceVulkan12Features features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  features.timelineSemaphore = VK_TRUE;
  VkPhysicalDeviceFeatures2 chain{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  chain.pNext = &features;
  desc_.enabledFeatures = &chain;
  const auto adopted = adopt();
  EXPECT_FALSE(adopted->caps().bufferAddresses);
  const auto chunk = adopted->createChunk(kChunk, 4096);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->address, 0U);
}

TEST_F(AdoptionTest, ChunksAreSharedByAllFamiliesThatUseThemAndStagingIsNot) {
  interceptor_.replace("vkCreateBuffer", &rememberSharing);
  const std::array<std::uint32_t, 3> readers{7, context().drawFamily(), 7};
  desc_.readerQueueFamilies = readers;
  const auto adopted = adopt();
  seen = {};
  ASSERT_TRUE(adopted->createChunk(kChunk, 4096));
  EXPECT_EQ(seen.sharing, std::vector{VK_SHARING_MODE_CONCURRENT});
  EXPECT_EQ(seen.families, (std::vector<std::uint32_t>{context().drawFamily(), 7}));
  ASSERT_TRUE(adopted->openStaging(kPage, 4096));
  EXPECT_EQ(seen.sharing.back(), VK_SHARING_MODE_EXCLUSIVE);
}

TEST_F(AdoptionTest, ChunksOfOneFamilyBelongToIt) {
  interceptor_.replace("vkCreateBuffer", &rememberSharing);
  const auto adopted = adopt();
  ASSERT_TRUE(adopted->createChunk(kChunk, 4096));
  EXPECT_EQ(std::count(seen.sharing.begin(), seen.sharing.end(), VK_SHARING_MODE_CONCURRENT), 0);
}

TEST_F(AdoptionTest, ChunksAreNamedWhereDebugUtilsAreEnabled) {
  interceptor_.replace("vkSetDebugUtilsObjectNameEXT", &rememberName);
  const auto adopted = adopt();
  ASSERT_TRUE(adopted->createChunk(kChunk, 4096));
  adopted->setName(kChunk, std::string_view("streaming 0 and more").substr(0, 11));
  EXPECT_EQ(seen.name, "streaming 0");
  adopted->setName(kChunk, std::string(200, 'x'));
  EXPECT_EQ(seen.name, std::string(63, 'x'));

  seen = {};
  desc_.debugUtilsEnabled = false;
  const auto silent = adopt();
  ASSERT_TRUE(silent->createChunk(kChunk, 4096));
  silent->setName(kChunk, "streaming 0");
  EXPECT_EQ(seen.name, "");
}

TEST_F(AdoptionTest, WithoutCoherentMemoryNothingIsAdopted) {
  interceptor_.replace("vkGetPhysicalDeviceMemoryProperties", &incoherentMemory);
  expectRefused(ErrorCode::Unsupported, "coherent memory for buffers");
}

TEST_F(AdoptionTest, WhatIsReadBackIsMadeVisibleToTheHost) {
  interceptor_.replace("vkCmdPipelineBarrier", &rememberBarrier);
  desc_.directWriteBytes = 0;  // else the host is in every barrier
  const auto adopted = adopt();
  ASSERT_TRUE(adopted->createChunk(kChunk, 4096));
  ASSERT_TRUE(adopted->openStaging(kPage, 4096, StagingUse::Readback));
  ASSERT_TRUE(adopted->openStaging(StagingIndex{1}, 4096));
  ASSERT_TRUE(adopted->sealStaging(StagingIndex{1}, 4096));
  const std::array upload{CopyPiece{StagingIndex{1}, kChunk, 0, 0, 4096}};
  waitForCopies(*adopted, adopted->submit(upload).value());
  seen = {};
  const std::array readback{CopyPiece{kChunk, kPage, 0, 0, 64}, CopyPiece{kChunk, kPage, 64, 64, 64}};
  waitForCopies(*adopted, adopted->submit(readback).value());
  ASSERT_EQ(seen.barriers.size(), 2U);
  EXPECT_EQ(seen.barriers[1].first, VkPipelineStageFlags{VK_PIPELINE_STAGE_HOST_BIT});
  EXPECT_EQ(seen.barriers[1].second, VkAccessFlags{VK_ACCESS_HOST_READ_BIT});
  waitForCopies(*adopted, adopted->submit(upload).value());
  EXPECT_EQ(seen.barriers.size(), 3U) << "a batch that reads nothing back has one barrier";
}

TEST_F(AdoptionTest, TheLimitOnAllocationsIsKept) {
  interceptor_.replace("vkGetPhysicalDeviceProperties2", &fewAllocations);
  desc_.copyCrossover = kVulkanPlainCopies;  // the kernel's lists count too
  const auto adopted = adopt();
  EXPECT_EQ(adopted->caps().maxAllocations, 2U);
  ASSERT_TRUE(adopted->createChunk(kChunk, 4096));
  ASSERT_TRUE(adopted->openStaging(kPage, 4096));
  const auto third = adopted->createChunk(ChunkIndex{1}, 4096);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::TooManyChunks);
  adopted->closeStaging(kPage);
  EXPECT_TRUE(adopted->createChunk(ChunkIndex{1}, 4096));
}

TEST_F(AdoptionTest, TheSystemsBudgetIsReportedWhereItsExtensionIsEnabled) {
  interceptor_.replace("vkGetPhysicalDeviceMemoryProperties2", &systemBudget);
  const std::array<const char*, 1> extensions{VK_EXT_MEMORY_BUDGET_EXTENSION_NAME};
  desc_.enabledExtensions = extensions;
  const MemoryBudget fromSystem = adopt()->budget();
  EXPECT_TRUE(fromSystem.fromSystem);
  EXPECT_EQ(fromSystem.budgetBytes, 123 * kMiB);
  EXPECT_EQ(fromSystem.usedBytes, 45 * kMiB);

  desc_.enabledExtensions = {};
  const MemoryBudget estimated = adopt()->budget();
  EXPECT_FALSE(estimated.fromSystem);
  const ByteCount heapBytes = context().memoryProperties().memoryHeaps[0].size;
  EXPECT_GT(estimated.budgetBytes, heapBytes / 2);
  EXPECT_LT(estimated.budgetBytes, heapBytes);
}

TEST_F(AdoptionTest, APriorityIsRaisedWhereItsExtensionIsEnabled) {
  interceptor_.replace("vkSetDeviceMemoryPriorityEXT", &rememberPriority);
  for (const bool enabled : {false, true}) {
    const std::array<const char*, 1> extensions{VK_EXT_PAGEABLE_DEVICE_LOCAL_MEMORY_EXTENSION_NAME};
    desc_.enabledExtensions = std::span(extensions).first(enabled ? 1 : 0);
    const auto adopted = adopt();
    ASSERT_TRUE(adopted->createChunk(kChunk, 4096));
    adopted->raisePriority(kChunk);
    ASSERT_EQ(seen.priorities.size(), enabled ? 1U : 0U);
  }
  EXPECT_TRUE(seen.priorities[0].first != VK_NULL_HANDLE);
  EXPECT_EQ(seen.priorities[0].second, 1.0F);
}

TEST_F(AdoptionTest, TheQueueIsOnlyUsedUnderItsLock) {
  interceptor_.replace("vkQueueSubmit", &rememberLock);
  desc_.copyQueueLock.lock = [](void* depth) { ++*static_cast<int*>(depth); };
  desc_.copyQueueLock.unlock = [](void* depth) { --*static_cast<int*>(depth); };
  desc_.copyQueueLock.context = &seen.lockDepth;
  const auto adopted = adopt();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(adopted->submit({}));
  EXPECT_EQ(seen.lockDepthAtSubmit, (std::vector{1, 1, 1}));
  EXPECT_EQ(seen.lockDepth, 0);
}

TEST_F(AdoptionTest, SubmittingNeverWaitsAndUsesCommandBuffersAgain) {
  const auto adopted = adopt();
  openPage(*adopted, kPage, patternBytes(4096, 1));
  ASSERT_TRUE(adopted->createChunk(kChunk, 4096));
  const CopyPiece piece{.destination = kChunk, .bytes = 4096};
  for (int i = 0; i < 20; ++i) {
    const auto value = adopted->submit(std::span(&piece, 1));
    ASSERT_TRUE(value);
    EXPECT_EQ(interceptor_.calls("vkWaitSemaphores"), static_cast<std::uint64_t>(i));
    waitForCopies(*adopted, *value);
  }
  EXPECT_EQ(interceptor_.calls("vkAllocateCommandBuffers"), 1U);
  // Without news of completion none may be used again.
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(adopted->submit(std::span(&piece, 1)));
  EXPECT_EQ(interceptor_.calls("vkAllocateCommandBuffers"), 5U);
}

TEST_F(AdoptionTest, AFailedSubmissionGivesItsCommandBufferBack) {
  interceptor_.replace("vkFreeCommandBuffers", &countFreed);
  const auto adopted = adopt();
  // vkAllocateCommandBuffers, vkBeginCommandBuffer, vkEndCommandBuffer, vkQueueSubmit: the first leaves nothing to
  // free.
  for (std::uint64_t k = 1; k <= 4; ++k) {
    interceptor_.failCall(k, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_FALSE(adopted->submit({}));
    EXPECT_EQ(seen.freedCommandBuffers, k - 1) << interceptor_.failedCall();
  }
}

}  // namespace
}  // namespace flux::test
