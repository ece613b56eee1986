#include "vulkan/handle_pipeline.hpp"

#include "vulkan/pipeline_parts.hpp"

namespace flux::app {
namespace {

constexpr std::uint32_t kLookUp[] = {
#include "look_up.comp.inc"
};

void requireFeatures(VulkanContext& context) {
  const DeviceCaps& caps = context.device().caps();
  const char* missing = !caps.bufferAddresses              ? "bufferDeviceAddress"
                        : !context.multiDrawIndirect()     ? "multiDrawIndirect"
                        : !context.indirectFirstInstance() ? "drawIndirectFirstInstance"
                                                           : nullptr;
  if (missing == nullptr) return;
  throw Failure(std::string("--indirect needs a Vulkan device with ") + missing + ", which " + caps.deviceName +
                " has not");
}

}  // namespace

HandlePipeline::HandlePipeline(VulkanContext& context) {
  requireFeatures(context);
  VkDevice device = context.vulkanDevice();
  layout_ = makePipelineLayout(device, nullptr, {VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(LookUpPush)});
  pipeline_ = makeCompute(device, layout_, kLookUp);
}

}  // namespace flux::app
