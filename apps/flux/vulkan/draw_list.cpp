#include "vulkan/draw_list.hpp"

#include <flux/assert.hpp>

#include <cstddef>

namespace flux::app {
namespace {

bool same(const std::optional<Place>& bound, const Place& place) noexcept {
  return bound && bound->buffer == place.buffer && bound->offset == place.offset && bound->bytes == place.bytes;
}

}  // namespace

void beginSecondary(VkCommandBuffer commands, const TargetFormats& formats) {
  VkCommandBufferInheritanceRenderingInfo rendering{VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO};
  rendering.colorAttachmentCount = 1;
  rendering.pColorAttachmentFormats = &formats.color;
  rendering.depthAttachmentFormat = formats.depth;
  rendering.rasterizationSamples = formats.samples;
  VkCommandBufferInheritanceInfo inheritance{VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO};
  inheritance.pNext = &rendering;
  VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT | VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT;
  begin.pInheritanceInfo = &inheritance;
  check(vkBeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
}

DrawList::DrawList(const DrawSetup& setup, std::uint32_t queueFamily)
    : setup_(setup),
      pool_(makeCommandPool(setup.device, queueFamily)),
      commands_(allocateCommands(setup.device, pool_.get(), VK_COMMAND_BUFFER_LEVEL_SECONDARY)) {}

void DrawList::reset() noexcept {
  open_ = false;
  drawn_.clear();
  ranges_.clear();
}

void DrawList::open(const ScenePush& scene) {
  check(vkResetCommandPool(setup_.device, pool_.get(), 0), "vkResetCommandPool");
  beginSecondary(commands_, setup_.formats);
  vkCmdBindPipeline(commands_, VK_PIPELINE_BIND_POINT_GRAPHICS, setup_.pipelines->object());
  vkCmdPushConstants(commands_, setup_.pipelines->sceneLayout(), kSceneStages, 0, sizeof scene, &scene);
  boundVertices_.reset();
  boundIndices_.reset();
  boundConstants_.reset();
  open_ = true;
}

void DrawList::record(const ScenePush& scene, std::span<const DrawCommand> draws) {
  if (!open_) open(scene);
  for (const DrawCommand& command : draws) draw(command);
}

void DrawList::draw(const DrawCommand& command) {
  const Place& vertices = command.parts[static_cast<std::size_t>(kVertexPart)];
  const Place& indices = command.parts[static_cast<std::size_t>(kIndexPart)];
  const Place& constants = command.parts[static_cast<std::size_t>(kConstantsPart)];

  if (!same(boundVertices_, vertices)) {
    // With the size, so that tools know exactly which bytes a draw may read.
    VkBuffer buffer = vulkanBuffer(vertices.buffer);
    vkCmdBindVertexBuffers2(commands_, 0, 1, &buffer, &vertices.offset, &vertices.bytes, nullptr);
    boundVertices_ = vertices;
  }
  if (!same(boundIndices_, indices)) {
    vkCmdBindIndexBuffer(commands_, vulkanBuffer(indices.buffer), indices.offset, VK_INDEX_TYPE_UINT32);
    boundIndices_ = indices;
  }
  if (!same(boundConstants_, constants)) {
    VkDescriptorSet set = setup_.chunkSets->find(constants.chunk);
    FLUX_ASSERT(set != VK_NULL_HANDLE, "a frame names only chunks that were announced");
    const auto offset = static_cast<std::uint32_t>(constants.offset);
    vkCmdBindDescriptorSets(commands_, VK_PIPELINE_BIND_POINT_GRAPHICS, setup_.pipelines->sceneLayout(), 0, 1, &set, 1,
                            &offset);
    boundConstants_ = constants;
  }
  vkCmdPushConstants(commands_, setup_.pipelines->sceneLayout(), kSceneStages, offsetof(ScenePush, placement),
                     sizeof command.placement, &command.placement);
  vkCmdDrawIndexed(commands_, command.indexCount, 1, 0, 0, 0);

  if (!setup_.verify) return;
  drawn_.push_back({command.object, command.version});
  for (const Place& part : command.parts) ranges_.push_back({part.address, part.bytes});
}

VkCommandBuffer DrawList::close() {
  if (!open_) return VK_NULL_HANDLE;
  open_ = false;
  check(vkEndCommandBuffer(commands_), "vkEndCommandBuffer");
  return commands_;
}

}  // namespace flux::app
