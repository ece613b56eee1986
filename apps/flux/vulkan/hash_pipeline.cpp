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
  pipeline_ = makeCompute(device, layout_, kHash);
}

}  // namespace flux::app
