#include "vulkan/test_gpu.hpp"

#include "vulkan/instance.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace flux::test {
namespace {

using app::checkVulkan;

constexpr std::uint32_t kComputeCode[] = {
#include "read_chunk.comp.inc"
};
constexpr std::uint32_t kVertexCode[] = {
#include "read_chunk.vert.inc"
};

template <std::size_t Size>
VkShaderModule shaderModule(VkDevice device, const std::uint32_t (&code)[Size]) {
  VkShaderModuleCreateInfo info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  info.codeSize = sizeof(code);
  info.pCode = code;
  VkShaderModule made = VK_NULL_HANDLE;
  checkVulkan(vkCreateShaderModule(device, &info, nullptr, &made), "vkCreateShaderModule");
  return made;
}

VkPipelineShaderStageCreateInfo stageInfo(VkShaderStageFlagBits stage, VkShaderModule code) {
  VkPipelineShaderStageCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO};
  info.stage = stage;
  info.module = code;
  info.pName = "main";
  return info;
}

}  // namespace

ChunkReader::ChunkReader(app::VulkanContext& context) : context_(context), device_(context.vulkanDevice()) {
  VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  pool.queueFamilyIndex = context.drawFamily();
  checkVulkan(vkCreateCommandPool(device_, &pool, nullptr, &commandPool_), "vkCreateCommandPool");
  // Others may have used the timeline before.
  checkVulkan(vkGetSemaphoreCounterValue(device_, context.drawTimeline(), &submitted_), "vkGetSemaphoreCounterValue");
  createResultBuffer();
  createComputePipeline();
  createVertexPipeline();
}

ChunkReader::~ChunkReader() {
  {
    // Not only for the timeline: lavapipe 22 still touches pipelines and semaphores after it has signalled.
    const std::scoped_lock lock(context_.drawQueueMutex());
    vkQueueWaitIdle(context_.drawQueue());
  }
  vkDestroyPipeline(device_, vertexPipeline_, nullptr);
  vkDestroyPipeline(device_, computePipeline_, nullptr);
  vkDestroyPipelineLayout(device_, pipelineLayout_, nullptr);
  vkDestroyDescriptorPool(device_, descriptorPool_, nullptr);
  vkDestroyDescriptorSetLayout(device_, setLayout_, nullptr);
  vkDestroyBuffer(device_, result_, nullptr);
  vkFreeMemory(device_, resultMemory_, nullptr);
  vkDestroyCommandPool(device_, commandPool_, nullptr);
}

void ChunkReader::createResultBuffer() {
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = kResultBytes;
  info.usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
  checkVulkan(vkCreateBuffer(device_, &info, nullptr, &result_), "vkCreateBuffer");
  VkMemoryRequirements requirements{};
  vkGetBufferMemoryRequirements(device_, result_, &requirements);
  VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
  allocate.allocationSize = requirements.size;
  allocate.memoryTypeIndex =
      chooseVulkanMemory(context_.memoryProperties(), requirements.memoryTypeBits).value().stagingType;
  checkVulkan(vkAllocateMemory(device_, &allocate, nullptr, &resultMemory_), "vkAllocateMemory");
  checkVulkan(vkBindBufferMemory(device_, result_, resultMemory_, 0), "vkBindBufferMemory");
  void* mapped = nullptr;
  checkVulkan(vkMapMemory(device_, resultMemory_, 0, VK_WHOLE_SIZE, 0, &mapped), "vkMapMemory");
  mapped_ = static_cast<const std::byte*>(mapped);
}

void ChunkReader::createComputePipeline() {
  std::array<VkDescriptorSetLayoutBinding, 2> bindings{};
  for (std::uint32_t i = 0; i < bindings.size(); ++i) {
    bindings[i] = {i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr};
  }
  VkDescriptorSetLayoutCreateInfo set{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
  set.bindingCount = static_cast<std::uint32_t>(bindings.size());
  set.pBindings = bindings.data();
  checkVulkan(vkCreateDescriptorSetLayout(device_, &set, nullptr, &setLayout_), "vkCreateDescriptorSetLayout");

  constexpr std::uint32_t kMaxSets = 256;
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 2 * kMaxSets};
  VkDescriptorPoolCreateInfo pool{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  pool.maxSets = kMaxSets;
  pool.poolSizeCount = 1;
  pool.pPoolSizes = &size;
  checkVulkan(vkCreateDescriptorPool(device_, &pool, nullptr, &descriptorPool_), "vkCreateDescriptorPool");

  VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  layout.setLayoutCount = 1;
  layout.pSetLayouts = &setLayout_;
  checkVulkan(vkCreatePipelineLayout(device_, &layout, nullptr, &pipelineLayout_), "vkCreatePipelineLayout");

  const VkShaderModule code = shaderModule(device_, kComputeCode);
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage = stageInfo(VK_SHADER_STAGE_COMPUTE_BIT, code);
  info.layout = pipelineLayout_;
  checkVulkan(vkCreateComputePipelines(device_, VK_NULL_HANDLE, 1, &info, nullptr, &computePipeline_),
              "vkCreateComputePipelines");
  vkDestroyShaderModule(device_, code, nullptr);
}

void ChunkReader::createVertexPipeline() {
  // Draws points and rasterises nothing: only the vertex fetch matters.
  const VkShaderModule code = shaderModule(device_, kVertexCode);
  const VkPipelineShaderStageCreateInfo stage = stageInfo(VK_SHADER_STAGE_VERTEX_BIT, code);
  const VkVertexInputBindingDescription binding{0, 16, VK_VERTEX_INPUT_RATE_VERTEX};
  const VkVertexInputAttributeDescription attribute{0, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 0};
  VkPipelineVertexInputStateCreateInfo input{VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
  input.vertexBindingDescriptionCount = 1;
  input.pVertexBindingDescriptions = &binding;
  input.vertexAttributeDescriptionCount = 1;
  input.pVertexAttributeDescriptions = &attribute;
  VkPipelineInputAssemblyStateCreateInfo assembly{VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO};
  assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
  VkPipelineRasterizationStateCreateInfo rasterization{VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO};
  rasterization.rasterizerDiscardEnable = VK_TRUE;
  rasterization.lineWidth = 1.0F;
  VkPipelineRenderingCreateInfo rendering{VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
  VkGraphicsPipelineCreateInfo info{VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO};
  info.pNext = &rendering;
  info.stageCount = 1;
  info.pStages = &stage;
  info.pVertexInputState = &input;
  info.pInputAssemblyState = &assembly;
  info.pRasterizationState = &rasterization;
  info.layout = pipelineLayout_;
  checkVulkan(vkCreateGraphicsPipelines(device_, VK_NULL_HANDLE, 1, &info, nullptr, &vertexPipeline_),
              "vkCreateGraphicsPipelines");
  vkDestroyShaderModule(device_, code, nullptr);
}

void ChunkReader::recordCompute(VkCommandBuffer commands, VkBuffer buffer, ByteOffset offset, ByteCount bytes) {
  VkDescriptorSetAllocateInfo allocate{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
  allocate.descriptorPool = descriptorPool_;
  allocate.descriptorSetCount = 1;
  allocate.pSetLayouts = &setLayout_;
  VkDescriptorSet set = VK_NULL_HANDLE;
  checkVulkan(vkAllocateDescriptorSets(device_, &allocate, &set), "vkAllocateDescriptorSets");
  const std::array<VkDescriptorBufferInfo, 2> buffers{{{buffer, offset, bytes}, {result_, 0, kResultBytes}}};
  VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
  write.dstSet = set;
  write.descriptorCount = static_cast<std::uint32_t>(buffers.size());
  write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
  write.pBufferInfo = buffers.data();
  vkUpdateDescriptorSets(device_, 1, &write, 0, nullptr);
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, computePipeline_);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipelineLayout_, 0, 1, &set, 0, nullptr);
  vkCmdDispatch(commands, 1, 1, 1);
}

void ChunkReader::recordVertices(VkCommandBuffer commands, VkBuffer buffer, ByteOffset offset, ByteCount bytes) {
  VkRenderingInfo rendering{VK_STRUCTURE_TYPE_RENDERING_INFO};
  rendering.renderArea.extent = {1, 1};
  rendering.layerCount = 1;
  vkCmdBeginRendering(commands, &rendering);
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, vertexPipeline_);
  vkCmdBindVertexBuffers(commands, 0, 1, &buffer, &offset);
  vkCmdDraw(commands, static_cast<std::uint32_t>(bytes / 16), 1, 0, 0);
  vkCmdEndRendering(commands);
}

TimelineValue ChunkReader::submit(ReadBy by, VkBuffer buffer, ByteOffset offset, ByteCount bytes,
                                  VkSemaphore copyTimeline, std::optional<TimelineValue> copied) {
  VkCommandBufferAllocateInfo allocate{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  allocate.commandPool = commandPool_;
  allocate.commandBufferCount = 1;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  checkVulkan(vkAllocateCommandBuffers(device_, &allocate, &commands), "vkAllocateCommandBuffers");
  VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  checkVulkan(vkBeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
  // Orders the reader's own writes to its result buffer, and says nothing about chunks.
  VkBufferMemoryBarrier barrier{VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER};
  barrier.srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT | VK_ACCESS_MEMORY_READ_BIT;
  barrier.dstAccessMask = barrier.srcAccessMask;
  barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.buffer = result_;
  barrier.size = VK_WHOLE_SIZE;
  const VkPipelineStageFlags writers = VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
  if (by == ReadBy::Copy) {
    vkCmdPipelineBarrier(commands, writers, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, nullptr, 1, &barrier, 0, nullptr);
    const VkBufferCopy region{offset, 0, bytes};
    vkCmdCopyBuffer(commands, buffer, result_, 1, &region);
    barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 0, nullptr, 1,
                         &barrier, 0, nullptr);
  } else if (by == ReadBy::Compute) {
    vkCmdPipelineBarrier(commands, writers, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 0, nullptr, 1, &barrier, 0,
                         nullptr);
    recordCompute(commands, buffer, offset, bytes);
  } else {
    recordVertices(commands, buffer, offset, bytes);
  }
  checkVulkan(vkEndCommandBuffer(commands), "vkEndCommandBuffer");

  const VkSemaphore drawTimeline = context_.drawTimeline();
  const TimelineValue signalled = ++submitted_;
  const TimelineValue waited = copied.value_or(0);
  const VkPipelineStageFlags waitStage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
  VkTimelineSemaphoreSubmitInfo timeline{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
  timeline.waitSemaphoreValueCount = copied ? 1 : 0;
  timeline.pWaitSemaphoreValues = &waited;
  timeline.signalSemaphoreValueCount = 1;
  timeline.pSignalSemaphoreValues = &signalled;
  VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO};
  info.pNext = &timeline;
  info.waitSemaphoreCount = timeline.waitSemaphoreValueCount;
  info.pWaitSemaphores = &copyTimeline;
  info.pWaitDstStageMask = &waitStage;
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  info.signalSemaphoreCount = 1;
  info.pSignalSemaphores = &drawTimeline;
  const std::scoped_lock lock(context_.drawQueueMutex());
  checkVulkan(vkQueueSubmit(context_.drawQueue(), 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
  return signalled;
}

std::vector<std::byte> ChunkReader::read(VkBuffer buffer, ByteOffset offset, ByteCount bytes, VkSemaphore copyTimeline,
                                         TimelineValue copied) {
  submit(ReadBy::Copy, buffer, offset, bytes, copyTimeline, copied);
  waitForAll();
  return {mapped_, mapped_ + bytes};
}

void ChunkReader::waitForAll() {
  const VkSemaphore timeline = context_.drawTimeline();
  VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &timeline;
  info.pValues = &submitted_;
  checkVulkan(vkWaitSemaphores(device_, &info, UINT64_MAX), "vkWaitSemaphores");
}

VulkanTest::VulkanTest() {
  // Keeps the driver and the layer loaded to the end, so that what they leak can be told from what we leak. Volatile,
  // because a pointer that nobody reads would not be kept, and what it points to would count as a leak.
  static const app::VulkanInstance* volatile loaded = new app::VulkanInstance(new app::DeviceMessages);
  (void)loaded;
  context_.emplace(app::VulkanContextDesc{.validate = true, .messages = &messages_});
}

VulkanTest::~VulkanTest() {
  context_.reset();
  EXPECT_EQ(messages_.count(), 0U);
  for (const std::string& text : messages_.first()) ADD_FAILURE() << text;
}

void WhenIdle::operator()(VulkanDevice* device) const {
  {
    const std::scoped_lock lock(context->drawQueueMutex());
    vkQueueWaitIdle(context->adoption().copyQueue);
  }
  delete device;
}

TestDevice VulkanTest::interceptedDevice(const VulkanCopyCrossover& crossover) {
  VulkanDeviceDesc desc = context().adoption();
  desc.getInstanceProcAddr = Interceptor::getInstanceProcAddr();
  desc.copyCrossover = crossover;
  auto made = VulkanDevice::create(desc);
  if (!made) {
    ADD_FAILURE() << describe(made.error());
    return {};
  }
  return whenIdle(std::move(*made));
}

std::vector<std::string> VulkanTest::takeMessages() {
  std::vector<std::string> texts = messages_.first();
  messages_.clear();
  return texts;
}

void openPage(Device& device, StagingIndex index, std::span<const std::byte> bytes) {
  const auto page = device.openStaging(index, bytes.size());
  ASSERT_TRUE(page) << describe(page.error());
  ASSERT_EQ(page->size(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), page->begin());
  const auto sealed = device.sealStaging(index, bytes.size());
  ASSERT_TRUE(sealed) << describe(sealed.error());
}

void waitForCopies(Device& device, TimelineValue value) {
  const auto waited = device.wait(kCopyQueue, value, std::chrono::seconds{30});
  ASSERT_TRUE(waited) << describe(waited.error());
  ASSERT_GE(device.completed(kCopyQueue), value);
}

}  // namespace flux::test
