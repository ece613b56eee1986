#include "vulkan/renderer.hpp"

#include "vulkan/chunk_sets.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/context.hpp"
#include "vulkan/draw_list.hpp"
#include "vulkan/hash_pass.hpp"
#include "vulkan/memory.hpp"
#include "vulkan/picture.hpp"
#include "vulkan/pipelines.hpp"
#include "vulkan/targets.hpp"

#include <flux/assert.hpp>

#include <glm/gtc/matrix_access.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>

namespace flux::app {
namespace {

/// Of the eye from the far plane, where the haze must have hidden everything.
float farDistance(const CameraView& camera) {
  const glm::vec4 plane = glm::row(camera.viewProjection, 3) - glm::row(camera.viewProjection, 2);
  const float length = glm::length(glm::vec3(plane));
  const float distance = std::abs(glm::dot(plane, glm::vec4(camera.eye, 1.0F))) / length;
  return distance < 1e9F ? distance : 1e9F;  // Also for no far plane at all, where it is not a number.
}

/// Draws headless.
///
/// **Thread contract.** As `Renderer`. **Invariant.** Slot values are those of submissions that may still run;
/// `submitted_` is the last one.
class VulkanRenderer final : public Renderer {
 public:
  VulkanRenderer(const RendererDesc& desc, VulkanMessages* messages);
  ~VulkanRenderer() override;

  Device& device() override { return context_.device(); }
  std::vector<FinishedFrame> beginFrame(std::uint64_t number, const CameraView& camera) override;
  void record(std::uint32_t part, std::span<const DrawCommand> draws) override;
  void submitFrame(Frame& frame) override;
  std::vector<FinishedFrame> finish() override;
  void writePicture(const std::filesystem::path& png) override;
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
    std::vector<std::unique_ptr<DrawList>> lists;  ///< By part.
    HashPass hashes;
    std::uint64_t frame = 0;
    TimelineValue value = 0;  ///< Of its submission; 0: not submitted, or handed over.
  };

  void prepare(Slot& slot, std::uint32_t parts);
  void recordSky(const Slot& slot) const;
  void recordPrimary(Slot& slot);
  void recordRendering(Slot& slot);
  void appendHashes(Slot& slot);
  void submit(VkCommandBuffer commands, std::span<const QueueValue> waits);
  void waitFor(TimelineValue value) const;
  void collect(Slot& slot, std::vector<FinishedFrame>& finished) const;

  VulkanContext context_;
  VulkanMessages& messages_;
  const Targets targets_;
  Pipelines pipelines_;
  ChunkSets chunkSets_;
  DrawSetup setup_;
  std::array<Slot, kFramesInFlight> slots_;
  std::size_t current_ = kFramesInFlight - 1;
  ScenePush scene_{};
  TimelineValue submitted_ = 0;
};

VulkanRenderer::VulkanRenderer(const RendererDesc& desc, VulkanMessages* messages)
    : context_(
          {.validate = desc.validate, .separateCopyQueue = !desc.singleQueue, .deviceName = {}, .messages = messages}),
      messages_(messages != nullptr ? *messages : context_.messages()),
      targets_(context_, {desc.width, desc.height}),
      pipelines_(context_, targets_.extent(), targets_.formats()),
      chunkSets_(context_.vulkanDevice(), pipelines_.objectSetLayout(), sizeof(ObjectConstants)),
      setup_{context_.vulkanDevice(), &pipelines_, &chunkSets_, targets_.formats(), desc.verify} {
  if (desc.verify && !context_.device().caps().bufferAddresses) {
    throw Failure("--verify needs a Vulkan device with bufferDeviceAddress, which " +
                  context_.device().caps().deviceName + " has not");
  }
  for (Slot& slot : slots_) prepare(slot, desc.parts);
}

VulkanRenderer::~VulkanRenderer() {
  // Not only for the timeline: lavapipe 22 still touches pipelines for a moment after it has signalled. A lost device
  // answers at once, and uses nothing any more.
  const std::lock_guard lock(context_.drawQueueMutex());
  (void)vkQueueWaitIdle(context_.drawQueue());
}

void VulkanRenderer::prepare(Slot& slot, std::uint32_t parts) {
  slot.pool = makeCommandPool(setup_.device, context_.drawFamily());
  slot.primary = allocateCommands(setup_.device, slot.pool.get(), VK_COMMAND_BUFFER_LEVEL_PRIMARY);
  slot.sky = allocateCommands(setup_.device, slot.pool.get(), VK_COMMAND_BUFFER_LEVEL_SECONDARY);
  for (std::uint32_t part = 0; part < parts; ++part) {
    slot.lists.push_back(std::make_unique<DrawList>(setup_, context_.drawFamily()));
  }
}

std::vector<FinishedFrame> VulkanRenderer::beginFrame(std::uint64_t number, const CameraView& camera) {
  current_ = (current_ + 1) % slots_.size();
  Slot& slot = slots_[current_];
  if (slot.value != 0) waitFor(slot.value);

  TimelineValue done = 0;
  check(vkGetSemaphoreCounterValue(setup_.device, context_.drawTimeline(), &done), "vkGetSemaphoreCounterValue");
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 0; i < slots_.size(); ++i) {  // From the oldest on.
    Slot& other = slots_[(current_ + i) % slots_.size()];
    if (other.value != 0 && other.value <= done) collect(other, finished);
  }

  slot.frame = number;
  slot.hashes.clear();
  for (auto& list : slot.lists) list->reset();
  scene_ = {camera.viewProjection, glm::vec4(camera.eye, farDistance(camera)), glm::vec4(0, 0, 0, 1)};
  return finished;
}

void VulkanRenderer::record(std::uint32_t part, std::span<const DrawCommand> draws) {
  FLUX_ASSERT(part < slots_[current_].lists.size(), "a part's number is below RendererDesc::parts");
  slots_[current_].lists[part]->record(scene_, draws);
}

void VulkanRenderer::submitFrame(Frame& frame) {
  Slot& slot = slots_[current_];
  check(vkResetCommandPool(setup_.device, slot.pool.get(), 0), "vkResetCommandPool");
  recordSky(slot);
  if (setup_.verify) appendHashes(slot);
  recordPrimary(slot);
  submit(slot.primary, frame.waits());
  slot.value = submitted_;
  frame.submitted(VulkanContext::kDrawQueue, submitted_);
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

void VulkanRenderer::appendHashes(Slot& slot) {
  std::size_t ranges = 0;
  for (const auto& list : slot.lists) ranges += list->ranges().size();
  slot.hashes.reserve(context_, ranges);
  for (const auto& list : slot.lists) slot.hashes.append(list->ranges());
}

void VulkanRenderer::recordPrimary(Slot& slot) {
  beginCommands(slot.primary);
  recordRendering(slot);
  slot.hashes.record(slot.primary, pipelines_);
  check(vkEndCommandBuffer(slot.primary), "vkEndCommandBuffer");
}

void VulkanRenderer::recordRendering(Slot& slot) {
  std::vector<VkCommandBuffer> lists;
  lists.reserve(slot.lists.size() + 1);
  for (auto& list : slot.lists) {
    if (VkCommandBuffer commands = list->close(); commands != VK_NULL_HANDLE) lists.push_back(commands);
  }
  lists.push_back(slot.sky);
  targets_.beginRendering(slot.primary);
  vkCmdExecuteCommands(slot.primary, static_cast<std::uint32_t>(lists.size()), lists.data());
  vkCmdEndRendering(slot.primary);
}

void VulkanRenderer::submit(VkCommandBuffer commands, std::span<const QueueValue> waits) {
  std::array<VkSemaphoreSubmitInfo, kMaxQueues> waitInfos{};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    waitInfos[i].sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO;
    waitInfos[i].semaphore = waits[i].queue == kCopyQueue ? context_.device().copyTimeline() : context_.drawTimeline();
    waitInfos[i].value = waits[i].value;
    waitInfos[i].stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
  }
  VkSemaphoreSubmitInfo signal{VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
  signal.semaphore = context_.drawTimeline();
  signal.value = submitted_ + 1;
  signal.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
  VkCommandBufferSubmitInfo list{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
  list.commandBuffer = commands;
  VkSubmitInfo2 info{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
  info.waitSemaphoreInfoCount = static_cast<std::uint32_t>(waits.size());
  info.pWaitSemaphoreInfos = waitInfos.data();
  info.commandBufferInfoCount = 1;
  info.pCommandBufferInfos = &list;
  info.signalSemaphoreInfoCount = 1;
  info.pSignalSemaphoreInfos = &signal;
  const std::lock_guard lock(context_.drawQueueMutex());
  check(vkQueueSubmit2(context_.drawQueue(), 1, &info, VK_NULL_HANDLE), "vkQueueSubmit2");
  ++submitted_;
}

void VulkanRenderer::waitFor(TimelineValue value) const {
  VkSemaphore semaphore = context_.drawTimeline();
  VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &semaphore;
  info.pValues = &value;
  check(vkWaitSemaphores(setup_.device, &info, std::numeric_limits<std::uint64_t>::max()), "vkWaitSemaphores");
}

void VulkanRenderer::collect(Slot& slot, std::vector<FinishedFrame>& finished) const {
  slot.value = 0;
  FinishedFrame& frame = finished.emplace_back();
  frame.frame = slot.frame;
  std::span<const std::uint64_t> hashes = slot.hashes.hashes();
  for (const auto& list : slot.lists) {
    for (VerifiedDraw draw : list->drawn()) {
      std::copy_n(hashes.begin(), kObjectParts, draw.hashes.begin());
      hashes = hashes.subspan(kObjectParts);
      frame.draws.push_back(draw);
    }
  }
}

std::vector<FinishedFrame> VulkanRenderer::finish() {
  waitFor(submitted_);
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 1; i <= slots_.size(); ++i) {  // From the oldest on; the current one is the newest.
    Slot& slot = slots_[(current_ + i) % slots_.size()];
    if (slot.value != 0) collect(slot, finished);
  }
  return finished;
}

void VulkanRenderer::writePicture(const std::filesystem::path& png) {
  if (submitted_ == 0) throw Failure("cannot write " + png.string() + ": no frame was drawn");
  const MappedBuffer pixels(context_, ByteCount{4} * targets_.extent().width * targets_.extent().height,
                            VK_BUFFER_USAGE_TRANSFER_DST_BIT);
  const UniqueCommandPool pool = makeCommandPool(setup_.device, context_.drawFamily());
  VkCommandBuffer commands = allocateCommands(setup_.device, pool.get(), VK_COMMAND_BUFFER_LEVEL_PRIMARY);
  beginCommands(commands);
  targets_.copyPicture(commands, pixels.get());
  check(vkEndCommandBuffer(commands), "vkEndCommandBuffer");
  submit(commands, {});
  waitFor(submitted_);
  writePng(png, pixels.bytes(), targets_.extent().width, targets_.extent().height);
}

Renderer::ValidationReport VulkanRenderer::validation() const {
  return {messages_.count(), messages_.first()};
}

}  // namespace

std::unique_ptr<Renderer> makeVulkanRenderer(const RendererDesc& desc) {
  return std::make_unique<VulkanRenderer>(desc, nullptr);
}

std::unique_ptr<Renderer> makeVulkanRenderer(const RendererDesc& desc, VulkanMessages& messages) {
  return std::make_unique<VulkanRenderer>(desc, &messages);
}

}  // namespace flux::app
