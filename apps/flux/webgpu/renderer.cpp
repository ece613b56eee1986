#include "webgpu/renderer.hpp"

#include "view/haze.hpp"
#include "view/verified_draws.hpp"
#include "webgpu/hash_pass.hpp"
#include "webgpu/pipeline_parts.hpp"
#include "webgpu/pipelines.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

namespace flux::app::webgpu {
namespace {

/// Draws headless. Encoders belong to one thread, and calls of one device take turns anyway: so render threads only
/// write plain lists, and the frame thread records them.
///
/// **Thread contract.** As `Renderer`. **Invariant.** A slot is pending from its submission until it is handed over.
class WebGpuRenderer final : public Renderer {
 public:
  explicit WebGpuRenderer(const RendererDesc& desc);

  Device& device() override { return context_.device(); }
  std::vector<FinishedFrame> beginFrame(std::uint64_t number, const CameraView& camera) override;
  void record(std::uint32_t part, std::span<const DrawCommand> draws) override;
  void submitFrame(Frame& frame) override;
  std::vector<FinishedFrame> finish() override;
  std::span<const std::byte> lastPicture() override;
  ValidationReport validation() const override { return {context_.messages().count(), context_.messages().first()}; }
  // Draws bind the buffers that their places name.
  void chunkCreated(ChunkIndex, const ChunkInfo&) override {}
  void chunkReleased(ChunkIndex) override {}

 private:
  /// A frame in flight.
  struct Slot {
    explicit Slot(const WebGpuContext& context) : hashes(context) {}
    std::vector<std::vector<DrawCommand>> lists;  ///< By part.
    HashPass hashes;
    UniqueBuffer readback;
    WGPUFuture mapped{};             ///< `readback`.
    std::vector<std::byte> picture;  ///< Empty: not read.
    std::uint64_t frame = 0;
    WGPUFuture done{};
    bool pending = false;
  };

  void writePlacements(const Slot& slot);
  void recordRendering(WGPUCommandEncoder commands, const Slot& slot);
  void recordDraws(WGPURenderPassEncoder pass, const Slot& slot);
  void recordHashes(WGPUCommandEncoder commands, Slot& slot);
  void recordPicture(WGPUCommandEncoder commands, Slot& slot) const;
  void mapPicture(Slot& slot) const;
  void readPicture(Slot& slot) const;
  void collect(Slot& slot, std::vector<FinishedFrame>& finished) const;

  WebGpuContext context_;
  const bool verify_;
  const bool pictures_;
  const Targets targets_;
  const Pipelines pipelines_;
  std::optional<HashPipeline> hashPipeline_;  ///< Where frames are verified.
  UniqueBuffer scene_;
  UniqueBuffer placements_;  ///< By draw; room for `placementCapacity_`.
  std::size_t placementCapacity_ = 0;
  UniqueBindGroup sceneGroup_;
  std::array<Slot, kFramesInFlight> slots_;
  std::size_t current_ = kFramesInFlight - 1;
};

WebGpuRenderer::WebGpuRenderer(const RendererDesc& desc)
    : context_(nullptr),
      verify_(desc.verify),
      pictures_(desc.pictures),
      targets_(context_, desc.width, desc.height),
      pipelines_(context_, targets_.samples()),
      scene_(context_.makeBuffer(WGPUBufferUsage_Uniform | WGPUBufferUsage_CopyDst, sizeof(SceneUniform))),
      slots_{Slot(context_), Slot(context_), Slot(context_)} {
  if (verify_) hashPipeline_.emplace(context_);
  for (Slot& slot : slots_) slot.lists.resize(desc.parts);
}

std::vector<FinishedFrame> WebGpuRenderer::beginFrame(std::uint64_t number, const CameraView& camera) {
  current_ = (current_ + 1) % slots_.size();
  Slot& slot = slots_[current_];
  if (slot.pending) context_.waitFor(slot.done);
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 0; i < slots_.size(); ++i) {  // From the oldest on.
    Slot& other = slots_[(current_ + i) % slots_.size()];
    if (other.pending && (i == 0 || context_.isDone(other.done))) collect(other, finished);
  }
  slot.frame = number;
  slot.picture.clear();
  for (auto& list : slot.lists) list.clear();
  const SceneUniform scene{camera.viewProjection, glm::inverse(camera.viewProjection),
                           glm::vec4(camera.eye, farDistance(camera))};
  // The queue writes it after the frames before have read theirs.
  webGpu().QueueWriteBuffer(context_.queue(), scene_.get(), 0, &scene, sizeof scene);
  return finished;
}

void WebGpuRenderer::record(std::uint32_t part, std::span<const DrawCommand> draws) {
  FLUX_ASSERT(part < slots_[current_].lists.size(), "a part's number is below RendererDesc::parts");
  auto& list = slots_[current_].lists[part];
  list.insert(list.end(), draws.begin(), draws.end());
}

void WebGpuRenderer::submitFrame(Frame& frame) {
  Slot& slot = slots_[current_];
  writePlacements(slot);
  const UniqueCommandEncoder encoder(webGpu().DeviceCreateCommandEncoder(context_.webGpuDevice(), nullptr));
  recordRendering(encoder.get(), slot);
  if (pictures_) recordPicture(encoder.get(), slot);
  slot.hashes.clear();
  if (verify_) recordHashes(encoder.get(), slot);
  const UniqueCommandBuffer commands(webGpu().CommandEncoderFinish(encoder.get(), nullptr));
  const WGPUCommandBuffer list = commands.get();
  // The copies that the frame waits for were submitted before, to the same queue.
  webGpu().QueueSubmit(context_.queue(), 1, &list);
  if (pictures_) mapPicture(slot);
  if (verify_) slot.hashes.submitted();
  slot.done = context_.submittedWork();
  slot.pending = true;
  frame.submitted(WebGpuDevice::kApplicationQueue, context_.device().markSubmitted());
}

void WebGpuRenderer::writePlacements(const Slot& slot) {
  std::vector<glm::vec4> placements;
  for (const auto& list : slot.lists) {
    for (const DrawCommand& draw : list) placements.push_back(draw.placement);
  }
  if (!sceneGroup_ || placements.size() > placementCapacity_) {
    placementCapacity_ = std::max<std::size_t>({placements.size(), 2 * placementCapacity_, 1024});
    placements_ =
        context_.makeBuffer(WGPUBufferUsage_Storage | WGPUBufferUsage_CopyDst, placementCapacity_ * sizeof(glm::vec4));
    sceneGroup_ = makeBindGroup(context_, pipelines_.sceneLayout(),
                                std::array{BufferRange{scene_.get()}, BufferRange{placements_.get()}});
  }
  webGpu().QueueWriteBuffer(context_.queue(), placements_.get(), 0, placements.data(),
                            placements.size() * sizeof(glm::vec4));
}

void WebGpuRenderer::recordRendering(WGPUCommandEncoder commands, const Slot& slot) {
  const UniqueRenderPass pass = targets_.beginRendering(commands);
  webGpu().RenderPassEncoderSetBindGroup(pass.get(), 0, sceneGroup_.get(), 0, nullptr);
  webGpu().RenderPassEncoderSetPipeline(pass.get(), pipelines_.object());
  recordDraws(pass.get(), slot);
  webGpu().RenderPassEncoderSetPipeline(pass.get(), pipelines_.sky());
  // The sky's shader has no object, its layout does.
  constexpr std::uint32_t kNoOffset = 0;
  const UniqueBuffer none = context_.makeBuffer(WGPUBufferUsage_Uniform, sizeof(ObjectConstants));
  const UniqueBindGroup group = makeBindGroup(context_, pipelines_.objectLayout(), std::array{BufferRange{none.get()}});
  webGpu().RenderPassEncoderSetBindGroup(pass.get(), 1, group.get(), 1, &kNoOffset);
  webGpu().RenderPassEncoderDraw(pass.get(), 3, 1, 0, 0);
  webGpu().RenderPassEncoderEnd(pass.get());
}

void WebGpuRenderer::recordDraws(WGPURenderPassEncoder pass, const Slot& slot) {
  std::map<NativeHandle, UniqueBindGroup> groups;  // By the chunk that has the constants.
  std::uint32_t number = 0;
  for (const auto& list : slot.lists) {
    for (const DrawCommand& draw : list) {
      const Place& vertices = draw.parts[static_cast<std::size_t>(kVertexPart)];
      const Place& indices = draw.parts[static_cast<std::size_t>(kIndexPart)];
      const Place& constants = draw.parts[static_cast<std::size_t>(kConstantsPart)];
      UniqueBindGroup& group = groups[constants.buffer];
      if (!group) {
        group = makeBindGroup(context_, pipelines_.objectLayout(),
                              std::array{BufferRange{webGpuBuffer(constants.buffer), 0, sizeof(ObjectConstants)}});
      }
      const auto offset = static_cast<std::uint32_t>(constants.offset);
      webGpu().RenderPassEncoderSetBindGroup(pass, 1, group.get(), 1, &offset);
      webGpu().RenderPassEncoderSetVertexBuffer(pass, 0, webGpuBuffer(vertices.buffer), vertices.offset,
                                                vertices.bytes);
      webGpu().RenderPassEncoderSetIndexBuffer(pass, webGpuBuffer(indices.buffer), WGPUIndexFormat_Uint32,
                                               indices.offset, indices.bytes);
      webGpu().RenderPassEncoderDrawIndexed(pass, draw.indexCount, 1, 0, 0, number++);
    }
  }
}

void WebGpuRenderer::recordHashes(WGPUCommandEncoder commands, Slot& slot) {
  std::vector<HashRange> ranges;
  for (const auto& list : slot.lists) {
    for (const DrawCommand& draw : list) {
      for (const Place& part : draw.parts) ranges.push_back({webGpuBuffer(part.buffer), part.offset, part.bytes});
    }
  }
  slot.hashes.append(ranges);
  slot.hashes.record(commands, *hashPipeline_);
}

void WebGpuRenderer::recordPicture(WGPUCommandEncoder commands, Slot& slot) const {
  if (!slot.readback) {
    slot.readback = context_.makeBuffer(WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst, targets_.pictureBytes());
  }
  targets_.copyPicture(commands, slot.readback.get());
}

/// Right after the submission of the copy.
void WebGpuRenderer::mapPicture(Slot& slot) const {
  slot.mapped = mapForReading(slot.readback.get(), targets_.pictureBytes());
}

void WebGpuRenderer::readPicture(Slot& slot) const {
  context_.waitFor(slot.mapped);
  const auto* const rows = static_cast<const std::byte*>(
      webGpu().BufferGetConstMappedRange(slot.readback.get(), 0, static_cast<std::size_t>(targets_.pictureBytes())));
  if (rows == nullptr) throw Failure("WebGPU: cannot read the picture");
  const std::size_t rowBytes = std::size_t{4} * targets_.width();
  slot.picture.resize(rowBytes * targets_.height());
  for (std::size_t y = 0; y < targets_.height(); ++y) {
    std::memcpy(slot.picture.data() + y * rowBytes, rows + y * targets_.rowBytes(), rowBytes);
  }
  webGpu().BufferUnmap(slot.readback.get());
}

void WebGpuRenderer::collect(Slot& slot, std::vector<FinishedFrame>& finished) const {
  slot.pending = false;
  FinishedFrame& frame = finished.emplace_back();
  frame.frame = slot.frame;
  if (pictures_) {
    readPicture(slot);
    frame.picture = slot.picture;
  }
  if (!verify_) return;
  std::span<const std::uint64_t> hashes = slot.hashes.hashes();
  for (const auto& list : slot.lists) {
    for (const DrawCommand& draw : list) addVerified(frame, draw, hashes);
  }
}

std::vector<FinishedFrame> WebGpuRenderer::finish() {
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 1; i <= slots_.size(); ++i) {  // From the oldest on; the current one is the newest.
    Slot& slot = slots_[(current_ + i) % slots_.size()];
    if (!slot.pending) continue;
    context_.waitFor(slot.done);
    collect(slot, finished);
  }
  return finished;
}

std::span<const std::byte> WebGpuRenderer::lastPicture() {
  Slot& slot = slots_[current_];
  if (slot.frame == 0) return {};
  if (slot.picture.empty()) {
    const UniqueCommandEncoder encoder(webGpu().DeviceCreateCommandEncoder(context_.webGpuDevice(), nullptr));
    recordPicture(encoder.get(), slot);
    const UniqueCommandBuffer commands(webGpu().CommandEncoderFinish(encoder.get(), nullptr));
    const WGPUCommandBuffer list = commands.get();
    webGpu().QueueSubmit(context_.queue(), 1, &list);
    mapPicture(slot);
    readPicture(slot);
  }
  return slot.picture;
}

}  // namespace
}  // namespace flux::app::webgpu

namespace flux::app {

std::unique_ptr<Renderer> makeWebGpuRenderer(const RendererDesc& desc) {
  return std::make_unique<webgpu::WebGpuRenderer>(desc);
}

}  // namespace flux::app
