#include "vulkan/hash_pass.hpp"

#include "hash_pieces.hpp"

#include <algorithm>

namespace flux::app {
namespace {

/// What every device allows in one dimension (maxComputeWorkGroupCount).
constexpr std::uint32_t kMaxRow = 65535;

/// Makes room for so many bytes, and then some.
void reserve(VulkanContext& context, MappedBuffer& buffer, std::size_t bytes) {
  const std::size_t capacity = buffer.bytes().size();
  if (bytes <= capacity) return;
  buffer = MappedBuffer(context, grownBytes(bytes, capacity),
                        VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
}

}  // namespace

void HashPass::record(VulkanContext& context, VkCommandBuffer commands, const HashPipeline& pipeline) {
  if (ranges_.empty()) return;
  split_.clear();
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    forEachHashPiece(ranges_[i].bytes, [&](ByteOffset offset, std::uint32_t bytes) {
      const HashRange& range = ranges_[i];
      split_.push_back({range.named ? range.address : range.address + offset, bytes,
                        static_cast<std::uint32_t>(offset / 4), static_cast<std::uint32_t>(i),
                        range.named ? static_cast<std::uint32_t>(range.bytes) : 0});
    });
  }
  const auto pieces = std::as_bytes(std::span(split_));
  const std::size_t hashBytes = ranges_.size() * sizeof(std::uint64_t);
  reserve(context, pieces_, pieces.size());
  reserve(context, hashes_, hashBytes);
  std::ranges::copy(pieces, pieces_.bytes().begin());
  std::ranges::fill(hashes_.bytes().first(hashBytes), std::byte{0});  // Pieces add to them.
  if (split_.empty()) return;

  const auto count = static_cast<std::uint32_t>(split_.size());
  const HashPush push{pieces_.address(), hashes_.address(), count};
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
  return {reinterpret_cast<const std::uint64_t*>(hashes_.bytes().data()), ranges_.size()};
}

}  // namespace flux::app
