#include "vulkan/hash_pipeline.hpp"

namespace flux::app {
namespace {

constexpr std::uint32_t kHash[] = {
#include "hash.comp.inc"
};

VkDevice deviceThatHashes(VulkanContext& context) {
  const DeviceCaps& caps = context.device().caps();
  if (caps.bufferAddresses) return context.vulkanDevice();
  throw Failure("--verify needs a Vulkan device with bufferDeviceAddress, which " + caps.deviceName + " has not");
}

}  // namespace

HashPipeline::HashPipeline(VulkanContext& context)
    : ComputePipeline(deviceThatHashes(context), kHash, sizeof(HashPush)) {}

}  // namespace flux::app
