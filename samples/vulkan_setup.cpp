#define VOLK_IMPLEMENTATION
#include "vulkan_setup.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>

namespace sample {
namespace {

constexpr std::uint32_t kVertexShader[] = {
#include "triangle.vert.inc"
};
constexpr std::uint32_t kFragmentShader[] = {
#include "triangle.frag.inc"
};

void check(VkResult result, const char* call) {
  if (result != VK_SUCCESS) throw std::runtime_error(std::string(call) + " failed: " + std::to_string(result));
}

}  // namespace

Vulkan::Vulkan() {
  check(volkInitialize(), "volkInitialize (is a Vulkan loader installed?)");
  VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo instanceInfo{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  instanceInfo.pApplicationInfo = &application;
  check(vkCreateInstance(&instanceInfo, nullptr, &instance), "vkCreateInstance (is a Vulkan driver installed?)");
  volkLoadInstance(instance);
  std::uint32_t count = 1;
  vkEnumeratePhysicalDevices(instance, &count, &physicalDevice);
  if (count == 0) throw std::runtime_error("no Vulkan device");

  vkGetPhysicalDeviceQueueFamilyProperties(physicalDevice, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(physicalDevice, &count, families.data());
  while (queueFamily < count && (families[queueFamily].queueFlags & VK_QUEUE_GRAPHICS_BIT) == 0) ++queueFamily;
  if (queueFamily == count) throw std::runtime_error("the Vulkan device cannot draw");

  features12.timelineSemaphore = VK_TRUE;
  features13.dynamicRendering = VK_TRUE;
  features.pNext = &features12;
  features12.pNext = &features13;
  const float priority = 1.0F;
  VkDeviceQueueCreateInfo queueInfo{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queueInfo.queueFamilyIndex = queueFamily;
  queueInfo.queueCount = 1;
  queueInfo.pQueuePriorities = &priority;
  VkDeviceCreateInfo deviceInfo{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
  deviceInfo.pNext = &features;
  deviceInfo.queueCreateInfoCount = 1;
  deviceInfo.pQueueCreateInfos = &queueInfo;
  check(vkCreateDevice(physicalDevice, &deviceInfo, nullptr, &device), "vkCreateDevice");
  vkGetDeviceQueue(device, queueFamily, 0, &queue);

  VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
  type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
  VkSemaphoreCreateInfo semaphoreInfo{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
  semaphoreInfo.pNext = &type;
  check(vkCreateSemaphore(device, &semaphoreInfo, nullptr, &timeline), "vkCreateSemaphore");
}

Vulkan::~Vulkan() {
  vkDestroySemaphore(device, timeline, nullptr);
  vkDestroyDevice(device, nullptr);
  vkDestroyInstance(instance, nullptr);
}

std::uint64_t Vulkan::submit(VkCommandBuffer commands, const std::vector<VkSemaphore>& semaphores,
                             const std::vector<std::uint64_t>& values) {
  const std::vector<VkPipelineStageFlags> stages(semaphores.size(), VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
  const std::uint64_t value = ++submitted;
  VkTimelineSemaphoreSubmitInfo timelines{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
  timelines.waitSemaphoreValueCount = static_cast<std::uint32_t>(values.size());
  timelines.pWaitSemaphoreValues = values.data();
  timelines.signalSemaphoreValueCount = 1;
  timelines.pSignalSemaphoreValues = &value;
  VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO};
  info.pNext = &timelines;
  info.waitSemaphoreCount = static_cast<std::uint32_t>(semaphores.size());
  info.pWaitSemaphores = semaphores.data();
  info.pWaitDstStageMask = stages.data();
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  info.signalSemaphoreCount = 1;
  info.pSignalSemaphores = &timeline;
  const std::scoped_lock lock(queueMutex);
  check(vkQueueSubmit(queue, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
  return value;
}

void Vulkan::wait(std::uint64_t value) const {
  VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &timeline;
  info.pValues = &value;
  check(vkWaitSemaphores(device, &info, UINT64_MAX), "vkWaitSemaphores");
}

Canvas::Canvas(Vulkan& vulkan) : vulkan_(vulkan) {
  createImage();
  createReadback();
  createPipeline();
  VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = vulkan.queueFamily;
  check(vkCreateCommandPool(vulkan.device, &pool, nullptr, &commandPool_), "vkCreateCommandPool");
  VkCommandBufferAllocateInfo buffer{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  buffer.commandPool = commandPool_;
  buffer.commandBufferCount = 1;
  check(vkAllocateCommandBuffers(vulkan.device, &buffer, &commands_), "vkAllocateCommandBuffers");
}

Canvas::~Canvas() {
  vkDeviceWaitIdle(vulkan_.device);
  vkDestroyCommandPool(vulkan_.device, commandPool_, nullptr);
  vkDestroyPipeline(vulkan_.device, pipeline_, nullptr);
  vkDestroyPipelineLayout(vulkan_.device, layout_, nullptr);
  vkDestroyBuffer(vulkan_.device, readback_, nullptr);
  vkFreeMemory(vulkan_.device, readbackMemory_, nullptr);
  vkDestroyImageView(vulkan_.device, view_, nullptr);
  vkDestroyImage(vulkan_.device, image_, nullptr);
  vkFreeMemory(vulkan_.device, imageMemory_, nullptr);
}

VkDeviceMemory Canvas::allocate(const VkMemoryRequirements& requirements, VkMemoryPropertyFlags flags) const {
  VkPhysicalDeviceMemoryProperties memory{};
  vkGetPhysicalDeviceMemoryProperties(vulkan_.physicalDevice, &memory);
  for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i) {
    const bool allowed = (requirements.memoryTypeBits >> i & 1U) != 0;
    if (!allowed || (memory.memoryTypes[i].propertyFlags & flags) != flags) continue;
    VkMemoryAllocateInfo info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    info.allocationSize = requirements.size;
    info.memoryTypeIndex = i;
    VkDeviceMemory made = VK_NULL_HANDLE;
    check(vkAllocateMemory(vulkan_.device, &info, nullptr, &made), "vkAllocateMemory");
    return made;
  }
  throw std::runtime_error("no suitable memory type");
}

void Canvas::createImage() {
  VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO};
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = VK_FORMAT_R8G8B8A8_UNORM;
  info.extent = {kSize, kSize, 1};
  info.mipLevels = 1;
  info.arrayLayers = 1;
  info.samples = VK_SAMPLE_COUNT_1_BIT;
  info.usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
  check(vkCreateImage(vulkan_.device, &info, nullptr, &image_), "vkCreateImage");
  VkMemoryRequirements requirements{};
  vkGetImageMemoryRequirements(vulkan_.device, image_, &requirements);
  imageMemory_ = allocate(requirements, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  check(vkBindImageMemory(vulkan_.device, image_, imageMemory_, 0), "vkBindImageMemory");
  VkImageViewCreateInfo view{VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO};
  view.image = image_;
  view.viewType = VK_IMAGE_VIEW_TYPE_2D;
  view.format = info.format;
  view.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  check(vkCreateImageView(vulkan_.device, &view, nullptr, &view_), "vkCreateImageView");
}

void Canvas::createReadback() {
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = VkDeviceSize{4} * kSize * kSize;
  info.usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  check(vkCreateBuffer(vulkan_.device, &info, nullptr, &readback_), "vkCreateBuffer");
  VkMemoryRequirements requirements{};
  vkGetBufferMemoryRequirements(vulkan_.device, readback_, &requirements);
  readbackMemory_ = allocate(requirements, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
  check(vkBindBufferMemory(vulkan_.device, readback_, readbackMemory_, 0), "vkBindBufferMemory");
  void* mapped = nullptr;
  check(vkMapMemory(vulkan_.device, readbackMemory_, 0, VK_WHOLE_SIZE, 0, &mapped), "vkMapMemory");
  pixels_ = static_cast<const std::uint8_t*>(mapped);
}

void Canvas::createPipeline() {
  std::array<VkPipelineShaderStageCreateInfo, 2> stages{};
  const std::array<std::span<const std::uint32_t>, 2> codes{kVertexShader, kFragmentShader};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    VkShaderModuleCreateInfo module{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    module.codeSize = codes[i].size_bytes();
    module.pCode = codes[i].data();
    stages[i] = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO};
    stages[i].stage = i == 0 ? VK_SHADER_STAGE_VERTEX_BIT : VK_SHADER_STAGE_FRAGMENT_BIT;
    stages[i].pName = "main";
    check(vkCreateShaderModule(vulkan_.device, &module, nullptr, &stages[i].module), "vkCreateShaderModule");
  }
  VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  check(vkCreatePipelineLayout(vulkan_.device, &layout, nullptr, &layout_), "vkCreatePipelineLayout");

  const VkVertexInputBindingDescription binding{0, 20, VK_VERTEX_INPUT_RATE_VERTEX};
  const std::array<VkVertexInputAttributeDescription, 2> attributes{
      {{0, 0, VK_FORMAT_R32G32_SFLOAT, 0}, {1, 0, VK_FORMAT_R32G32B32_SFLOAT, 8}}};
  VkPipelineVertexInputStateCreateInfo input{VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
  input.vertexBindingDescriptionCount = 1;
  input.pVertexBindingDescriptions = &binding;
  input.vertexAttributeDescriptionCount = static_cast<std::uint32_t>(attributes.size());
  input.pVertexAttributeDescriptions = attributes.data();
  VkPipelineInputAssemblyStateCreateInfo assembly{VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO};
  assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
  const VkViewport viewport{0, 0, kSize, kSize, 0, 1};
  const VkRect2D scissor{{0, 0}, {kSize, kSize}};
  VkPipelineViewportStateCreateInfo viewports{VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO};
  viewports.viewportCount = 1;
  viewports.pViewports = &viewport;
  viewports.scissorCount = 1;
  viewports.pScissors = &scissor;
  VkPipelineRasterizationStateCreateInfo rasterization{VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO};
  rasterization.lineWidth = 1.0F;
  VkPipelineMultisampleStateCreateInfo multisample{VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO};
  multisample.rasterizationSamples = VK_SAMPLE_COUNT_1_BIT;
  VkPipelineColorBlendAttachmentState blendAttachment{};
  blendAttachment.colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT | VK_COLOR_COMPONENT_B_BIT;
  VkPipelineColorBlendStateCreateInfo blend{VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO};
  blend.attachmentCount = 1;
  blend.pAttachments = &blendAttachment;
  const VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
  VkPipelineRenderingCreateInfo rendering{VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
  rendering.colorAttachmentCount = 1;
  rendering.pColorAttachmentFormats = &format;
  VkGraphicsPipelineCreateInfo info{VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO};
  info.pNext = &rendering;
  info.stageCount = static_cast<std::uint32_t>(stages.size());
  info.pStages = stages.data();
  info.pVertexInputState = &input;
  info.pInputAssemblyState = &assembly;
  info.pViewportState = &viewports;
  info.pRasterizationState = &rasterization;
  info.pMultisampleState = &multisample;
  info.pColorBlendState = &blend;
  info.layout = layout_;
  check(vkCreateGraphicsPipelines(vulkan_.device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline_),
        "vkCreateGraphicsPipelines");
  for (const auto& stage : stages) vkDestroyShaderModule(vulkan_.device, stage.module, nullptr);
}

void Canvas::transition(VkImageLayout from, VkImageLayout to, VkAccessFlags before, VkAccessFlags after,
                        VkPipelineStageFlags first, VkPipelineStageFlags then) const {
  VkImageMemoryBarrier barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER};
  barrier.srcAccessMask = before;
  barrier.dstAccessMask = after;
  barrier.oldLayout = from;
  barrier.newLayout = to;
  barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.image = image_;
  barrier.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  vkCmdPipelineBarrier(commands_, first, then, 0, 0, nullptr, 0, nullptr, 1, &barrier);
}

VkCommandBuffer Canvas::begin() {
  VkCommandBufferBeginInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  check(vkBeginCommandBuffer(commands_, &info), "vkBeginCommandBuffer");
  transition(VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, 0,
             VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
             VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
             VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT);
  VkRenderingAttachmentInfo attachment{VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO};
  attachment.imageView = view_;
  attachment.imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL;
  attachment.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
  attachment.storeOp = VK_ATTACHMENT_STORE_OP_STORE;
  attachment.clearValue.color = {{0.0F, 0.0F, 0.0F, 1.0F}};
  VkRenderingInfo rendering{VK_STRUCTURE_TYPE_RENDERING_INFO};
  rendering.renderArea.extent = {kSize, kSize};
  rendering.layerCount = 1;
  rendering.colorAttachmentCount = 1;
  rendering.pColorAttachments = &attachment;
  vkCmdBeginRendering(commands_, &rendering);
  vkCmdBindPipeline(commands_, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline_);
  return commands_;
}

void Canvas::end() {
  vkCmdEndRendering(commands_);
  transition(VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
             VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT, VK_ACCESS_TRANSFER_READ_BIT,
             VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT);
  VkBufferImageCopy region{};
  region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
  region.imageExtent = {kSize, kSize, 1};
  vkCmdCopyImageToBuffer(commands_, image_, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, readback_, 1, &region);
  VkMemoryBarrier toHost{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  toHost.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
  toHost.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  vkCmdPipelineBarrier(commands_, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &toHost, 0, nullptr,
                       0, nullptr);
  check(vkEndCommandBuffer(commands_), "vkEndCommandBuffer");
}

int Canvas::write(const char* png) const {
  if (stbi_write_png(png, kSize, kSize, 4, pixels_, 4 * kSize) == 0) {
    throw std::runtime_error(std::string("cannot write ") + png);
  }
  int lit = 0;
  for (std::size_t i = 0; i < std::size_t{kSize} * kSize; ++i) {
    const std::uint8_t* pixel = pixels_ + 4 * i;
    if (pixel[0] + pixel[1] + pixel[2] > 0) ++lit;
  }
  std::printf("%s: %d of %u pixels are lit\n", png, lit, kSize * kSize);
  return lit;
}

}  // namespace sample
