#include "vulkan/targets.hpp"

#include "view/samples.hpp"

#include <array>
#include <span>

namespace flux::app {
namespace {

TargetFormats chooseFormats(const VulkanContext& context, VkExtent2D extent) {
  TargetFormats formats;
  const bool processor = context.properties().deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  if (processor && !isLargePicture(extent.width, extent.height)) formats.samples = VK_SAMPLE_COUNT_1_BIT;
  return formats;
}

VkImageMemoryBarrier2 transition(const Target& target, VkImageLayout from, VkImageLayout to) {
  VkImageMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2};
  barrier.oldLayout = from;
  barrier.newLayout = to;
  barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.image = target.image();
  barrier.subresourceRange = target.range();
  return barrier;
}

void pipelineBarrier(VkCommandBuffer commands, std::span<const VkImageMemoryBarrier2> images) {
  VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
  dependency.imageMemoryBarrierCount = static_cast<std::uint32_t>(images.size());
  dependency.pImageMemoryBarriers = images.data();
  vkCmdPipelineBarrier2(commands, &dependency);
}

}  // namespace

Targets::Targets(VulkanContext& context, VkExtent2D extent)
    : extent_(extent),
      formats_(chooseFormats(context, extent)),
      depth_(context, {extent, formats_.depth, formats_.samples,
                       VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSIENT_ATTACHMENT_BIT,
                       VK_IMAGE_ASPECT_DEPTH_BIT}),
      picture_(context,
               {extent, formats_.color, VK_SAMPLE_COUNT_1_BIT,
                VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT, VK_IMAGE_ASPECT_COLOR_BIT}) {
  if (formats_.samples != VK_SAMPLE_COUNT_1_BIT) {
    samples_.emplace(context, TargetDesc{extent, formats_.color, formats_.samples,
                                         VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSIENT_ATTACHMENT_BIT,
                                         VK_IMAGE_ASPECT_COLOR_BIT});
  }
}

void Targets::beginRendering(VkCommandBuffer commands) const {
  // What the frame before drew is not needed.
  std::array targets{
      transition(depth_, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL),
      transition(picture_, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL),
      transition(samples_ ? *samples_ : picture_, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL),
  };
  constexpr VkPipelineStageFlags2 kDepthTests =
      VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT;
  targets[0].srcStageMask = kDepthTests;
  targets[0].srcAccessMask = VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT;
  targets[0].dstStageMask = kDepthTests;
  targets[0].dstAccessMask =
      VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT;
  for (VkImageMemoryBarrier2& color : std::span(targets).subspan(1)) {
    color.srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT | VK_PIPELINE_STAGE_2_COPY_BIT;
    color.srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
    color.dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    color.dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
  }
  pipelineBarrier(commands, std::span(targets).first(samples_ ? 3 : 2));

  VkRenderingAttachmentInfo color{VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO};
  color.imageView = picture_.view();
  color.imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL;
  color.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
  color.storeOp = VK_ATTACHMENT_STORE_OP_STORE;
  if (samples_) {
    color.imageView = samples_->view();
    color.resolveMode = VK_RESOLVE_MODE_AVERAGE_BIT;
    color.resolveImageView = picture_.view();
    color.resolveImageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL;
    color.storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
  }
  VkRenderingAttachmentInfo depth{VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO};
  depth.imageView = depth_.view();
  depth.imageLayout = VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL;
  depth.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
  depth.storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
  depth.clearValue.depthStencil = {1.0F, 0};
  VkRenderingInfo info{VK_STRUCTURE_TYPE_RENDERING_INFO};
  info.flags = VK_RENDERING_CONTENTS_SECONDARY_COMMAND_BUFFERS_BIT;
  info.renderArea.extent = extent_;
  info.layerCount = 1;
  info.colorAttachmentCount = 1;
  info.pColorAttachments = &color;
  info.pDepthAttachment = &depth;
  vkCmdBeginRendering(commands, &info);
}

void Targets::copyPicture(VkCommandBuffer commands, VkBuffer pixels) const {
  auto toSource = transition(picture_, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
  toSource.srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
  toSource.srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
  toSource.dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT;
  toSource.dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT;
  pipelineBarrier(commands, {&toSource, 1});

  VkBufferImageCopy region{};
  region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
  region.imageExtent = {extent_.width, extent_.height, 1};
  vkCmdCopyImageToBuffer(commands, picture_.image(), VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, pixels, 1, &region);

  // Back again, for the next picture of the same frame; and the pixels to the host.
  auto toTarget = transition(picture_, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL);
  toTarget.srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT;
  toTarget.dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
  VkMemoryBarrier2 toHost{VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
  toHost.srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT;
  toHost.srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT;
  toHost.dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT;
  toHost.dstAccessMask = VK_ACCESS_2_HOST_READ_BIT;
  VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
  dependency.memoryBarrierCount = 1;
  dependency.pMemoryBarriers = &toHost;
  dependency.imageMemoryBarrierCount = 1;
  dependency.pImageMemoryBarriers = &toTarget;
  vkCmdPipelineBarrier2(commands, &dependency);
}

}  // namespace flux::app
