#include "vulkan/hash_pass.hpp"

#include <algorithm>

namespace flux::app {
namespace {
/// What every device allows in one dimension (maxComputeWorkGroupCount).
constexpr std::uint32_t kMaxRow = 65535;
}  // namespace

void HashPass::reserve(VulkanContext& context, std::size_t ranges) {
  if (ranges <= capacity_) return;
  const std::size_t capacity = std::max<std::size_t>({ranges, 2 * capacity_, 1024});
  constexpr VkBufferUsageFlags kUsage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
  ranges_ = MappedBuffer(context, capacity * sizeof(HashRange), kUsage);
  hashes_ = MappedBuffer(context, capacity * sizeof(std::uint64_t), kUsage);
  capacity_ = capacity;
}

void HashPass::append(std::span<const HashRange> ranges) noexcept {
  const auto bytes = std::as_bytes(ranges);
  std::copy(bytes.begin(), bytes.end(), ranges_.bytes().data() + count_ * sizeof(HashRange));
  count_ += ranges.size();
}

void HashPass::record(VkCommandBuffer commands, const HashPipeline& pipeline) const {
  if (count_ == 0) return;
  const auto count = static_cast<std::uint32_t>(count_);
  const HashPush push{ranges_.address(), hashes_.address(), count};
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.get());
  vkCmdPushConstants(commands, pipeline.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof push, &push);
  vkCmdDispatch(commands, std::min(count, kMaxRow), (count + kMaxRow - 1) / kMaxRow, 1);

  VkMemoryBarrier2 toHost{VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
  toHost.srcStageMask = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT;
  toHost.srcAccessMask = VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT;
  toHost.dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT;
  toHost.dstAccessMask = VK_ACCESS_2_HOST_READ_BIT;
  VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
  dependency.memoryBarrierCount = 1;
  dependency.pMemoryBarriers = &toHost;
  vkCmdPipelineBarrier2(commands, &dependency);
}

std::span<const std::uint64_t> HashPass::hashes() const noexcept {
  // Two words each, the low one first: on every host that Vulkan runs on, one 64-bit number.
  return {reinterpret_cast<const std::uint64_t*>(hashes_.bytes().data()), count_};
}

}  // namespace flux::app
