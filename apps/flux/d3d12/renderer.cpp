#include "d3d12/renderer.hpp"

#include "d3d12/command_list.hpp"
#include "d3d12/context.hpp"
#include "d3d12/draw_list.hpp"
#include "d3d12/pipelines.hpp"
#include "d3d12/range_reader.hpp"
#include "d3d12/targets.hpp"
#include "view/haze.hpp"
#include "view/verified_draws.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace flux::app {
namespace d3d12 {
namespace {

/// Draws headless. A frame is one call of ExecuteCommandLists: what clears, the parts' lists, what draws the sky and,
/// when verifying, what reads the bytes that were drawn.
///
/// **Thread contract.** As `Renderer`. **Invariant.** Slot values are those of submissions that may still run.
class D3D12Renderer final : public Renderer {
 public:
  explicit D3D12Renderer(const RendererDesc& desc);
  ~D3D12Renderer() override { context_.waitIdle(); }
  D3D12Renderer(const D3D12Renderer&) = delete;
  D3D12Renderer& operator=(const D3D12Renderer&) = delete;

  Device& device() override { return context_.device(); }
  std::vector<FinishedFrame> beginFrame(std::uint64_t number, const CameraView& camera) override;
  void record(std::uint32_t part, std::span<const DrawCommand> draws) override;
  void submitFrame(Frame& frame) override;
  std::vector<FinishedFrame> finish() override;
  std::span<const std::byte> lastPicture() override;
  ValidationReport validation() const override { return {context_.messages().count(), context_.messages().first()}; }
  // Draws name places by their addresses.
  void chunkCreated(ChunkIndex, const ChunkInfo&) override {}
  void chunkReleased(ChunkIndex) override {}

 private:
  /// A frame in flight.
  struct Slot {
    explicit Slot(ID3D12Device* device) : first(device), last(device), copy(device), reader(device) {}
    CommandList first;
    std::vector<std::unique_ptr<DrawList>> lists;  ///< By part.
    CommandList last;
    CommandList copy;  ///< Of the picture.
    Com<ID3D12Resource> readback;
    const std::byte* mapped = nullptr;  ///< `readback`.
    std::vector<std::byte> picture;
    bool pictured = false;  ///< `readback` has the frame's.
    RangeReader reader;
    std::uint64_t frame = 0;
    TimelineValue value = 0;  ///< Of its submission; 0: not submitted, or handed over.
  };

  void initializeTargets();
  [[nodiscard]] ID3D12CommandList* recordFirst(Slot& slot) const;
  [[nodiscard]] ID3D12CommandList* recordSky(Slot& slot) const;
  [[nodiscard]] ID3D12CommandList* recordReads(Slot& slot);
  [[nodiscard]] ID3D12CommandList* recordPicture(Slot& slot) const;
  std::span<const std::byte> readPicture(Slot& slot) const;
  void collect(Slot& slot, std::vector<FinishedFrame>& finished) const;

  D3D12Context context_;
  const bool pictures_;
  const Targets targets_;
  const Pipelines pipelines_;
  const DrawSetup setup_;
  std::array<Slot, kFramesInFlight> slots_;
  std::size_t current_ = kFramesInFlight - 1;
  SceneConstants scene_{};
  std::vector<ID3D12CommandList*> submission_;
  std::vector<Place> reads_;
};

D3D12Renderer::D3D12Renderer(const RendererDesc& desc)
    : context_({.validate = desc.validate, .singleQueue = desc.singleQueue}),
      pictures_(desc.pictures),
      targets_(context_.d3d12Device(), desc.width, desc.height),
      pipelines_(context_.d3d12Device(), targets_.formats()),
      setup_{targets_, pipelines_, desc.verify},
      slots_{Slot(context_.d3d12Device()), Slot(context_.d3d12Device()), Slot(context_.d3d12Device())} {
  for (Slot& slot : slots_) {
    for (std::uint32_t part = 0; part < desc.parts; ++part) {
      slot.lists.push_back(std::make_unique<DrawList>(context_.d3d12Device(), setup_));
    }
  }
  initializeTargets();
}

// vkd3d gives a texture its first layout in the list that is recorded first, which need not be the one that executes
// first: so there is a list before all others.
void D3D12Renderer::initializeTargets() {
  CommandList& commands = slots_[0].first;
  targets_.bind(commands.begin());
  ID3D12CommandList* const list = commands.close();
  context_.wait(context_.submit({&list, 1}, {}));
}

std::vector<FinishedFrame> D3D12Renderer::beginFrame(std::uint64_t number, const CameraView& camera) {
  current_ = (current_ + 1) % slots_.size();
  Slot& slot = slots_[current_];
  if (slot.value != 0) context_.wait(slot.value);

  const TimelineValue done = context_.completed();
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 0; i < slots_.size(); ++i) {  // From the oldest on.
    Slot& other = slots_[(current_ + i) % slots_.size()];
    if (other.value != 0 && other.value <= done) collect(other, finished);
  }

  slot.frame = number;
  slot.pictured = false;
  for (auto& list : slot.lists) list->reset();
  scene_ = {camera.viewProjection, glm::vec4(camera.eye, farDistance(camera)), glm::vec4(0, 0, 0, 1)};
  return finished;
}

void D3D12Renderer::record(std::uint32_t part, std::span<const DrawCommand> draws) {
  FLUX_ASSERT(part < slots_[current_].lists.size(), "a part's number is below RendererDesc::parts");
  slots_[current_].lists[part]->record(scene_, draws);
}

void D3D12Renderer::submitFrame(Frame& frame) {
  Slot& slot = slots_[current_];
  submission_ = {recordFirst(slot)};
  for (auto& list : slot.lists) {
    if (ID3D12CommandList* const commands = list->close(); commands != nullptr) submission_.push_back(commands);
  }
  submission_.push_back(recordSky(slot));
  if (pictures_) submission_.push_back(recordPicture(slot));
  if (setup_.verify) submission_.push_back(recordReads(slot));
  slot.value = context_.submit(submission_, frame.waits());
  frame.submitted(D3D12Context::kDrawQueue, slot.value);
}

ID3D12CommandList* D3D12Renderer::recordFirst(Slot& slot) const {
  targets_.clear(slot.first.begin());
  return slot.first.close();
}

ID3D12CommandList* D3D12Renderer::recordSky(Slot& slot) const {
  SceneConstants scene = scene_;
  scene.viewProjection = glm::inverse(scene_.viewProjection);
  ID3D12GraphicsCommandList* const list = slot.last.begin();
  bindPipeline(list, setup_, pipelines_.sky(), scene);
  list->DrawInstanced(3, 1, 0, 0);
  return slot.last.close();
}

ID3D12CommandList* D3D12Renderer::recordReads(Slot& slot) {
  reads_.clear();
  for (const auto& list : slot.lists) reads_.insert(reads_.end(), list->places().begin(), list->places().end());
  return slot.reader.record(reads_);
}

ID3D12CommandList* D3D12Renderer::recordPicture(Slot& slot) const {
  if (slot.readback == nullptr) {
    slot.readback = makeBuffer(context_.d3d12Device(), D3D12_HEAP_TYPE_READBACK, targets_.pictureBytes());
    slot.mapped = static_cast<const std::byte*>(mapBuffer(slot.readback.get()));
  }
  targets_.copyPicture(slot.copy.begin(), slot.readback.get());
  slot.pictured = true;
  return slot.copy.close();
}

std::span<const std::byte> D3D12Renderer::readPicture(Slot& slot) const {
  slot.picture = targets_.pixels({slot.mapped, static_cast<std::size_t>(targets_.pictureBytes())});
  return slot.picture;
}

void D3D12Renderer::collect(Slot& slot, std::vector<FinishedFrame>& finished) const {
  slot.value = 0;
  FinishedFrame& frame = finished.emplace_back();
  frame.frame = slot.frame;
  if (slot.pictured) frame.picture = readPicture(slot);
  if (!setup_.verify) return;
  std::span<const std::uint64_t> hashes = slot.reader.hashes();
  for (const auto& list : slot.lists) {
    for (const VerifiedDraw& draw : list->drawn()) addVerified(frame, draw, hashes);
  }
}

std::vector<FinishedFrame> D3D12Renderer::finish() {
  context_.wait(context_.submitted());
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 1; i <= slots_.size(); ++i) {  // From the oldest on; the current one is the newest.
    Slot& slot = slots_[(current_ + i) % slots_.size()];
    if (slot.value != 0) collect(slot, finished);
  }
  return finished;
}

std::span<const std::byte> D3D12Renderer::lastPicture() {
  Slot& slot = slots_[current_];
  if (slot.frame == 0) return {};
  if (!slot.pictured) {
    ID3D12CommandList* const list = recordPicture(slot);
    context_.wait(context_.submit({&list, 1}, {}));
  }
  return readPicture(slot);
}

}  // namespace
}  // namespace d3d12

std::unique_ptr<Renderer> makeD3D12Renderer(const RendererDesc& desc) {
  return std::make_unique<d3d12::D3D12Renderer>(desc);
}

}  // namespace flux::app
