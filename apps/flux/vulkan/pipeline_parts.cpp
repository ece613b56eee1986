#include "vulkan/pipeline_parts.hpp"

namespace flux::app {

UniqueShaderModule makeShader(VkDevice device, std::span<const std::uint32_t> words) {
  VkShaderModuleCreateInfo info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  info.codeSize = words.size_bytes();
  info.pCode = words.data();
  return UniqueShaderModule::create(device, vkCreateShaderModule, info, "vkCreateShaderModule");
}

VkPipelineShaderStageCreateInfo shaderStage(VkShaderStageFlagBits bit, const UniqueShaderModule& shader) {
  VkPipelineShaderStageCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO};
  info.stage = bit;
  info.module = shader.get();
  info.pName = "main";
  return info;
}

UniquePipelineLayout makePipelineLayout(VkDevice device, const VkDescriptorSetLayout* set,
                                        const VkPushConstantRange& push) {
  VkPipelineLayoutCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  info.setLayoutCount = set != nullptr ? 1 : 0;
  info.pSetLayouts = set;
  info.pushConstantRangeCount = 1;
  info.pPushConstantRanges = &push;
  return UniquePipelineLayout::create(device, vkCreatePipelineLayout, info, "vkCreatePipelineLayout");
}

ComputePipeline::ComputePipeline(VkDevice device, std::span<const std::uint32_t> words, std::uint32_t pushBytes)
    : layout_(makePipelineLayout(device, nullptr, {VK_SHADER_STAGE_COMPUTE_BIT, 0, pushBytes})) {
  const UniqueShaderModule shader = makeShader(device, words);
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage = shaderStage(VK_SHADER_STAGE_COMPUTE_BIT, shader);
  info.layout = layout_.get();
  VkPipeline pipeline = VK_NULL_HANDLE;
  check(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), "vkCreateComputePipelines");
  pipeline_ = {device, pipeline};
}

}  // namespace flux::app
