#include "vulkan/handle_pipeline.hpp"

namespace flux::app {
namespace {

constexpr std::uint32_t kLookUp[] = {
#include "look_up.comp.inc"
};

VkDevice deviceWithFeatures(VulkanContext& context) {
  const DeviceCaps& caps = context.device().caps();
  const char* missing = !caps.bufferAddresses              ? "bufferDeviceAddress"
                        : !context.multiDrawIndirect()     ? "multiDrawIndirect"
                        : !context.indirectFirstInstance() ? "drawIndirectFirstInstance"
                                                           : nullptr;
  if (missing == nullptr) return context.vulkanDevice();
  throw Failure(std::string("--indirect needs a Vulkan device with ") + missing + ", which " + caps.deviceName +
                " has not");
}

}  // namespace

HandlePipeline::HandlePipeline(VulkanContext& context)
    : ComputePipeline(deviceWithFeatures(context), kLookUp, sizeof(LookUpPush)) {}

}  // namespace flux::app
