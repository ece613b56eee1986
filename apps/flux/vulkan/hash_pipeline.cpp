#include "vulkan/hash_pipeline.hpp"

#include "vulkan/pipeline_parts.hpp"

namespace flux::app {
namespace {

constexpr std::uint32_t kHash[] = {
#include "hash.comp.inc"
};

}  // namespace

HashPipeline::HashPipeline(VulkanContext& context) {
  const DeviceCaps& caps = context.device().caps();
  if (!caps.bufferAddresses) {
    throw Failure("--verify needs a Vulkan device with bufferDeviceAddress, which " + caps.deviceName + " has not");
  }
  VkDevice device = context.vulkanDevice();
  layout_ = makePipelineLayout(device, nullptr, {VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(HashPush)});
  const UniqueShaderModule shader = makeShader(device, kHash);
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage = shaderStage(VK_SHADER_STAGE_COMPUTE_BIT, shader);
  info.layout = layout_.get();
  VkPipeline pipeline = VK_NULL_HANDLE;
  check(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), "vkCreateComputePipelines");
  pipeline_ = {device, pipeline};
}

}  // namespace flux::app
