#include "vulkan/pipelines.hpp"

#include "view/renderer.hpp"
#include "vulkan/pipeline_parts.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace flux::app {
namespace {

constexpr std::uint32_t kObjectVertex[] = {
#include "object.vert.inc"
};
constexpr std::uint32_t kObjectFragment[] = {
#include "object.frag.inc"
};
constexpr std::uint32_t kPulledVertex[] = {
#include "pulled.vert.inc"
};
constexpr std::uint32_t kSkyVertex[] = {
#include "sky.vert.inc"
};
constexpr std::uint32_t kSkyFragment[] = {
#include "sky.frag.inc"
};

UniqueSetLayout makeObjectSetLayout(VkDevice device) {
  VkDescriptorSetLayoutBinding binding{};
  binding.descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC;
  binding.descriptorCount = 1;
  binding.stageFlags = VK_SHADER_STAGE_VERTEX_BIT;
  VkDescriptorSetLayoutCreateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
  info.bindingCount = 1;
  info.pBindings = &binding;
  return UniqueSetLayout::create(device, vkCreateDescriptorSetLayout, info, "vkCreateDescriptorSetLayout");
}

/// What a pipeline draws.
enum class Drawn : std::uint8_t { Objects, ObjectsByHandle, Sky };

VkPipelineVertexInputStateCreateInfo vertexInput(Drawn drawn) {
  static constexpr VkVertexInputBindingDescription kBinding{0, sizeof(Vertex), VK_VERTEX_INPUT_RATE_VERTEX};
  static constexpr std::array<VkVertexInputAttributeDescription, 2> kAttributes{{
      {0, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(Vertex, position)},
      {1, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(Vertex, normal)},
  }};
  VkPipelineVertexInputStateCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
  if (drawn == Drawn::Objects) {
    info.vertexBindingDescriptionCount = 1;
    info.pVertexBindingDescriptions = &kBinding;
    info.vertexAttributeDescriptionCount = static_cast<std::uint32_t>(kAttributes.size());
    info.pVertexAttributeDescriptions = kAttributes.data();
  }
  return info;
}

/// Objects write depth; the sky fills what they left at the far plane.
UniquePipeline makeGraphics(VkDevice device, VkPipelineLayout layout, VkExtent2D extent, const TargetFormats& formats,
                            std::span<const std::uint32_t> vertex, std::span<const std::uint32_t> fragment,
                            Drawn drawn) {
  const UniqueShaderModule vertexShader = makeShader(device, vertex);
  const UniqueShaderModule fragmentShader = makeShader(device, fragment);
  const std::array stages{shaderStage(VK_SHADER_STAGE_VERTEX_BIT, vertexShader),
                          shaderStage(VK_SHADER_STAGE_FRAGMENT_BIT, fragmentShader)};

  const VkPipelineVertexInputStateCreateInfo input = vertexInput(drawn);

  VkPipelineInputAssemblyStateCreateInfo assembly{VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO};
  assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;

  const VkViewport area{0, 0, static_cast<float>(extent.width), static_cast<float>(extent.height), 0, 1};
  const VkRect2D scissor{{0, 0}, extent};
  VkPipelineViewportStateCreateInfo viewport{VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO};
  viewport.viewportCount = 1;
  viewport.pViewports = &area;
  viewport.scissorCount = 1;
  viewport.pScissors = &scissor;

  VkPipelineRasterizationStateCreateInfo raster{VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO};
  raster.cullMode = VK_CULL_MODE_NONE;
  raster.lineWidth = 1;

  VkPipelineMultisampleStateCreateInfo multisample{VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO};
  multisample.rasterizationSamples = formats.samples;

  VkPipelineDepthStencilStateCreateInfo depth{VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO};
  depth.depthTestEnable = VK_TRUE;
  depth.depthWriteEnable = drawn != Drawn::Sky ? VK_TRUE : VK_FALSE;
  depth.depthCompareOp = VK_COMPARE_OP_LESS_OR_EQUAL;

  VkPipelineColorBlendAttachmentState attachment{};
  attachment.colorWriteMask =
      VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT | VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT;
  VkPipelineColorBlendStateCreateInfo blend{VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO};
  blend.attachmentCount = 1;
  blend.pAttachments = &attachment;

  VkPipelineRenderingCreateInfo rendering{VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
  rendering.colorAttachmentCount = 1;
  rendering.pColorAttachmentFormats = &formats.color;
  rendering.depthAttachmentFormat = formats.depth;

  VkGraphicsPipelineCreateInfo info{VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO};
  info.pNext = &rendering;
  info.stageCount = static_cast<std::uint32_t>(stages.size());
  info.pStages = stages.data();
  info.pVertexInputState = &input;
  info.pInputAssemblyState = &assembly;
  info.pViewportState = &viewport;
  info.pRasterizationState = &raster;
  info.pMultisampleState = &multisample;
  info.pDepthStencilState = &depth;
  info.pColorBlendState = &blend;
  info.layout = layout;
  VkPipeline pipeline = VK_NULL_HANDLE;
  check(vkCreateGraphicsPipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), "vkCreateGraphicsPipelines");
  return {device, pipeline};
}

}  // namespace

Pipelines::Pipelines(VulkanContext& context, VkExtent2D extent, const TargetFormats& formats, bool byHandle) {
  VkDevice device = context.vulkanDevice();
  objectSetLayout_ = makeObjectSetLayout(device);
  VkDescriptorSetLayout set = objectSetLayout_.get();
  sceneLayout_ = makePipelineLayout(device, &set, {kSceneStages, 0, sizeof(ScenePush)});
  object_ = makeGraphics(device, sceneLayout_.get(), extent, formats, kObjectVertex, kObjectFragment, Drawn::Objects);
  if (byHandle) {
    byHandle_ = makeGraphics(device, sceneLayout_.get(), extent, formats, kPulledVertex, kObjectFragment,
                             Drawn::ObjectsByHandle);
  }
  sky_ = makeGraphics(device, sceneLayout_.get(), extent, formats, kSkyVertex, kSkyFragment, Drawn::Sky);
}

}  // namespace flux::app
