#include "vulkan/handle_pass.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace flux::app {
namespace {

constexpr std::uint32_t kGroup = 64;
constexpr VkBufferUsageFlags kUsage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;

}  // namespace

void HandlePass::clear() noexcept {
  count_ = 0;
  expected_.clear();
  ranges_.clear();
}

void HandlePass::set(VulkanContext& context, const Place& records, std::span<const HandleDraw> draws,
                     std::span<const ExpectedDraw> expected) {
  count_ = static_cast<std::uint32_t>(draws.size());
  if (draws.size_bytes() > objects_.bytes().size()) {
    objects_ = MappedBuffer(context, grownBytes(draws.size_bytes(), objects_.bytes().size()), kUsage);
  }
  if (draws.size() * sizeof(Found) > found_.bytes()) {
    found_ = DeviceBuffer(context, grownBytes(draws.size() * sizeof(Found), found_.bytes()), kUsage);
  }
  if (draws.size() * sizeof(VkDrawIndirectCommand) > draws_.bytes()) {
    draws_ = DeviceBuffer(context, grownBytes(draws.size() * sizeof(VkDrawIndirectCommand), draws_.bytes()),
                          kUsage | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT);
  }
  if (counts_.bytes().empty()) counts_ = MappedBuffer(context, sizeof(HandleCounts), kUsage);
  std::ranges::copy(std::as_bytes(draws), objects_.bytes().begin());
  std::ranges::fill(counts_.bytes(), std::byte{0});
  push_ = {.records = records.address,
           .objects = objects_.address(),
           .found = found_.address(),
           .draws = draws_.address(),
           .counts = counts_.address(),
           .recordCount = static_cast<std::uint32_t>(records.bytes / sizeof(DeviceRecord)),
           .objectCount = count_};
  for (const ExpectedDraw& draw : expected) {
    expected_.push_back({draw.object, draw.version});
    for (std::size_t part = 0; part < kObjectParts; ++part) {
      const ByteOffset offset = draw.draw * sizeof(Found) + offsetof(Found, parts) + part * sizeof(Named);
      ranges_.push_back({found_.address() + offset, draw.bytes[part], true});
    }
  }
}

void HandlePass::recordLookUp(VulkanContext& context, VkCommandBuffer commands, const HandlePipeline& pipeline) const {
  if (count_ == 0) return;
  const std::uint32_t groups = (count_ + kGroup - 1) / kGroup;
  if (groups > context.properties().limits.maxComputeWorkGroupCount[0]) {
    throw Failure("--indirect: " + std::to_string(count_) + " objects are too many for one dispatch");
  }
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.get());
  vkCmdPushConstants(commands, pipeline.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof push_, &push_);
  vkCmdDispatch(commands, groups, 1, 1);

  VkMemoryBarrier2 toDraws{VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
  toDraws.srcStageMask = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT;
  toDraws.srcAccessMask = VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT;
  toDraws.dstStageMask = VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |
                         VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_HOST_BIT;
  toDraws.dstAccessMask =
      VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_HOST_READ_BIT;
  VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
  dependency.memoryBarrierCount = 1;
  dependency.pMemoryBarriers = &toDraws;
  vkCmdPipelineBarrier2(commands, &dependency);
}

std::uint32_t HandlePass::recordDraws(const VulkanContext& context, VkCommandBuffer commands,
                                      const Pipelines& pipelines, const ScenePush& scene) const {
  const HandleScenePush push{scene.viewProjection, scene.eye, found_.address(), 0};
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines.byHandle());
  vkCmdPushConstants(commands, pipelines.sceneLayout(), kSceneStages, 0, sizeof push, &push);
  constexpr std::uint32_t kStride = sizeof(VkDrawIndirectCommand);
  const std::uint32_t most = context.properties().limits.maxDrawIndirectCount;
  std::uint32_t calls = 0;
  for (std::uint32_t first = 0; first < count_; ++calls) {
    const std::uint32_t count = std::min(count_ - first, most);
    vkCmdDrawIndirect(commands, draws_.get(), ByteOffset{first} * kStride, count, kStride);
    first += count;
  }
  return calls;
}

HandleCounts HandlePass::counts() const noexcept {
  HandleCounts counts;
  if (count_ != 0) std::memcpy(&counts, counts_.bytes().data(), sizeof counts);
  return counts;
}

}  // namespace flux::app
