#include "vulkan/renderer.hpp"

#include "view/haze.hpp"
#include "view/verified_draws.hpp"
#include "vulkan/chunk_sets.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/context.hpp"
#include "vulkan/draw_list.hpp"
#include "vulkan/draw_queue.hpp"
#include "vulkan/handle_pass.hpp"
#include "vulkan/handle_pipeline.hpp"
#include "vulkan/hash_pass.hpp"
#include "vulkan/memory.hpp"
#include "vulkan/pipelines.hpp"
#include "vulkan/targets.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace flux::app {
namespace {

/// Draws headless.
///
/// **Thread contract.** As `Renderer`. **Invariant.** Slot values are those of submissions that may still run.
class VulkanRenderer final : public Renderer {
 public:
  VulkanRenderer(const RendererDesc& desc, DeviceMessages* messages);

  Device& device() override { return context_.device(); }
  std::vector<FinishedFrame> beginFrame(std::uint64_t number, const CameraView& camera) override;
  void record(std::uint32_t part, std::span<const DrawCommand> draws) override;
  void drawByHandle(const Frame& frame, std::span<const HandleDraw> draws,
                    std::span<const ExpectedDraw> expected) override;
  std::uint64_t indirectCalls() const override { return indirectCalls_; }
  void submitFrame(Frame& frame) override;
  std::vector<FinishedFrame> finish() override;
  std::span<const std::byte> lastPicture() override;
  ValidationReport validation() const override;
  void chunkCreated(ChunkIndex index, const ChunkInfo& info) override {
    chunkSets_.add(index, vulkanBuffer(info.buffer));
  }
  void chunkReleased(ChunkIndex index) override { chunkSets_.remove(index); }

 private:
  /// A frame in flight.
  struct Slot {
    UniqueCommandPool pool;
    VkCommandBuffer primary = VK_NULL_HANDLE;
    VkCommandBuffer sky = VK_NULL_HANDLE;
    VkCommandBuffer byHandle = VK_NULL_HANDLE;
    std::vector<std::unique_ptr<DrawList>> lists;  ///< By part.
    HandlePass handles;                            ///< Of frames that draw by handle.
    HashPass hashes;
    MappedBuffer picture;
    bool pictured = false;  ///< `picture` has the frame's.
    std::uint64_t frame = 0;
    TimelineValue value = 0;  ///< Of its submission; 0: not submitted, or handed over.
  };

  void prepare(Slot& slot, std::uint32_t parts);
  void recordSky(const Slot& slot) const;
  void recordByHandle(const Slot& slot);
  void recordPrimary(Slot& slot);
  void recordRendering(Slot& slot);
  void recordPicture(Slot& slot);
  void collect(Slot& slot, std::vector<FinishedFrame>& finished) const;

  VulkanContext context_;
  const bool pictures_;
  DeviceMessages& messages_;
  const Targets targets_;
  Pipelines pipelines_;
  std::optional<HandlePipeline> handlePipeline_;  ///< Where frames draw by handle.
  std::optional<HashPipeline> hashPipeline_;      ///< Where frames are verified.
  ChunkSets chunkSets_;
  DrawSetup setup_;
  std::array<Slot, kFramesInFlight> slots_;
  std::size_t current_ = kFramesInFlight - 1;
  ScenePush scene_{};
  std::uint64_t indirectCalls_ = 0;
  DrawQueue queue_;  ///< Last: it waits before anything goes that submissions may use.
};

VulkanRenderer::VulkanRenderer(const RendererDesc& desc, DeviceMessages* messages)
    : context_(
          {.validate = desc.validate, .separateCopyQueue = !desc.singleQueue, .deviceName = {}, .messages = messages}),
      pictures_(desc.pictures),
      messages_(messages != nullptr ? *messages : context_.messages()),
      targets_(context_, {desc.width, desc.height}),
      pipelines_(context_, targets_.extent(), targets_.formats(), desc.indirect),
      chunkSets_(context_.vulkanDevice(), pipelines_.objectSetLayout(), sizeof(ObjectConstants)),
      setup_{context_.vulkanDevice(), &pipelines_, &chunkSets_, targets_.formats(), desc.verify},
      queue_(context_) {
  if (desc.indirect) handlePipeline_.emplace(context_);
  if (desc.verify) hashPipeline_.emplace(context_);
  for (Slot& slot : slots_) prepare(slot, desc.parts);
}

void VulkanRenderer::prepare(Slot& slot, std::uint32_t parts) {
  slot.pool = makeCommandPool(setup_.device, context_.drawFamily());
  slot.primary = allocateCommands(setup_.device, slot.pool.get(), VK_COMMAND_BUFFER_LEVEL_PRIMARY);
  slot.sky = allocateCommands(setup_.device, slot.pool.get(), VK_COMMAND_BUFFER_LEVEL_SECONDARY);
  slot.byHandle = allocateCommands(setup_.device, slot.pool.get(), VK_COMMAND_BUFFER_LEVEL_SECONDARY);
  for (std::uint32_t part = 0; part < parts; ++part) {
    slot.lists.push_back(std::make_unique<DrawList>(setup_, context_.drawFamily()));
  }
}

std::vector<FinishedFrame> VulkanRenderer::beginFrame(std::uint64_t number, const CameraView& camera) {
  current_ = (current_ + 1) % slots_.size();
  Slot& slot = slots_[current_];
  if (slot.value != 0) queue_.wait(slot.value);

  const TimelineValue done = queue_.completed();
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 0; i < slots_.size(); ++i) {  // From the oldest on.
    Slot& other = slots_[(current_ + i) % slots_.size()];
    if (other.value != 0 && other.value <= done) collect(other, finished);
  }

  slot.frame = number;
  slot.pictured = false;
  slot.handles.clear();
  slot.hashes.clear();
  for (auto& list : slot.lists) list->reset();
  scene_ = {camera.viewProjection, glm::vec4(camera.eye, farDistance(camera)), glm::vec4(0, 0, 0, 1)};
  return finished;
}

void VulkanRenderer::record(std::uint32_t part, std::span<const DrawCommand> draws) {
  FLUX_ASSERT(part < slots_[current_].lists.size(), "a part's number is below RendererDesc::parts");
  slots_[current_].lists[part]->record(scene_, draws);
}

void VulkanRenderer::drawByHandle(const Frame& frame, std::span<const HandleDraw> draws,
                                  std::span<const ExpectedDraw> expected) {
  FLUX_ASSERT(handlePipeline_.has_value(), "draws by handle were asked for when the renderer was made");
  slots_[current_].handles.set(context_, frame.records(), draws, expected);
}

void VulkanRenderer::submitFrame(Frame& frame) {
  Slot& slot = slots_[current_];
  check(vkResetCommandPool(setup_.device, slot.pool.get(), 0), "vkResetCommandPool");
  recordSky(slot);
  if (handlePipeline_) recordByHandle(slot);
  slot.hashes.append(slot.handles.ranges());
  for (const auto& list : slot.lists) slot.hashes.append(list->ranges());
  recordPrimary(slot);
  slot.value = queue_.submit(slot.primary, frame.waits());
  frame.submitted(VulkanContext::kDrawQueue, slot.value);
}

void VulkanRenderer::recordSky(const Slot& slot) const {
  ScenePush scene = scene_;
  scene.viewProjection = glm::inverse(scene_.viewProjection);
  beginSecondary(slot.sky, targets_.formats());
  vkCmdBindPipeline(slot.sky, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines_.sky());
  vkCmdPushConstants(slot.sky, pipelines_.sceneLayout(), kSceneStages, 0, sizeof scene, &scene);
  vkCmdDraw(slot.sky, 3, 1, 0, 0);
  check(vkEndCommandBuffer(slot.sky), "vkEndCommandBuffer");
}

void VulkanRenderer::recordByHandle(const Slot& slot) {
  beginSecondary(slot.byHandle, targets_.formats());
  indirectCalls_ += slot.handles.recordDraws(context_, slot.byHandle, pipelines_, scene_);
  check(vkEndCommandBuffer(slot.byHandle), "vkEndCommandBuffer");
}

void VulkanRenderer::recordPrimary(Slot& slot) {
  beginCommands(slot.primary);
  if (handlePipeline_) slot.handles.recordLookUp(context_, slot.primary, *handlePipeline_);
  recordRendering(slot);
  if (pictures_) recordPicture(slot);
  if (hashPipeline_) slot.hashes.record(context_, slot.primary, *hashPipeline_);
  check(vkEndCommandBuffer(slot.primary), "vkEndCommandBuffer");
}

void VulkanRenderer::recordRendering(Slot& slot) {
  std::vector<VkCommandBuffer> lists;
  lists.reserve(slot.lists.size() + 2);
  if (handlePipeline_) lists.push_back(slot.byHandle);
  for (auto& list : slot.lists) {
    if (VkCommandBuffer commands = list->close(); commands != VK_NULL_HANDLE) lists.push_back(commands);
  }
  lists.push_back(slot.sky);
  targets_.beginRendering(slot.primary);
  vkCmdExecuteCommands(slot.primary, static_cast<std::uint32_t>(lists.size()), lists.data());
  vkCmdEndRendering(slot.primary);
}

void VulkanRenderer::recordPicture(Slot& slot) {
  if (slot.picture.bytes().empty()) {
    slot.picture = MappedBuffer(context_, ByteCount{4} * targets_.extent().width * targets_.extent().height,
                                VK_BUFFER_USAGE_TRANSFER_DST_BIT);
  }
  targets_.copyPicture(slot.primary, slot.picture.get());
  slot.pictured = true;
}

void VulkanRenderer::collect(Slot& slot, std::vector<FinishedFrame>& finished) const {
  slot.value = 0;
  FinishedFrame& frame = finished.emplace_back();
  frame.frame = slot.frame;
  if (slot.pictured) frame.picture = slot.picture.bytes();
  if (handlePipeline_) frame.byHandle = slot.handles.counts();
  std::span<const std::uint64_t> hashes = slot.hashes.hashes();
  for (const VerifiedDraw& draw : slot.handles.expected()) addVerified(frame, draw, hashes);
  for (const auto& list : slot.lists) {
    for (const VerifiedDraw& draw : list->drawn()) addVerified(frame, draw, hashes);
  }
}

std::vector<FinishedFrame> VulkanRenderer::finish() {
  queue_.wait(queue_.submitted());
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 1; i <= slots_.size(); ++i) {  // From the oldest on; the current one is the newest.
    Slot& slot = slots_[(current_ + i) % slots_.size()];
    if (slot.value != 0) collect(slot, finished);
  }
  return finished;
}

std::span<const std::byte> VulkanRenderer::lastPicture() {
  Slot& slot = slots_[current_];
  if (slot.frame == 0) return {};
  if (!slot.pictured) {
    check(vkResetCommandPool(setup_.device, slot.pool.get(), 0), "vkResetCommandPool");
    beginCommands(slot.primary);
    recordPicture(slot);
    check(vkEndCommandBuffer(slot.primary), "vkEndCommandBuffer");
    queue_.wait(queue_.submit(slot.primary, {}));
  }
  return slot.picture.bytes();
}

Renderer::ValidationReport VulkanRenderer::validation() const {
  return {messages_.count(), messages_.first()};
}

}  // namespace

std::unique_ptr<Renderer> makeVulkanRenderer(const RendererDesc& desc) {
  return std::make_unique<VulkanRenderer>(desc, nullptr);
}

std::unique_ptr<Renderer> makeVulkanRenderer(const RendererDesc& desc, DeviceMessages& messages) {
  return std::make_unique<VulkanRenderer>(desc, &messages);
}

}  // namespace flux::app
