#pragma once

/// What is recorded of one part of a frame.

#include "d3d12/command_list.hpp"
#include "d3d12/pipelines.hpp"
#include "d3d12/targets.hpp"
#include "view/renderer.hpp"

#include <span>
#include <vector>

namespace flux::app::d3d12 {

/// The same for all lists of a renderer.
struct DrawSetup {
  const Targets& targets;
  const Pipelines& pipelines;
  bool verify = false;
};

/// Makes a list draw with a pipeline and these constants.
void bindPipeline(ID3D12GraphicsCommandList* list, const DrawSetup& setup, ID3D12PipelineState* pipeline,
                  const SceneConstants& scene);

/// One part's command list for one frame in flight, with the places to read when verifying.
///
/// **Thread contract.** One thread at a time: first a render thread, then the frame thread.
/// **Invariants.** Not begun again before the device is done with it.
class DrawList {
 public:
  DrawList(ID3D12Device* device, const DrawSetup& setup) : setup_(setup), list_(device) {}

  /// Forgets the last frame. REQUIRES: the device has finished it, or never got it.
  void reset() noexcept;

  /// Records draws behind those recorded since `reset`. Throws Failure.
  void record(const SceneConstants& scene, std::span<const DrawCommand> draws);

  /// Ends recording; the list to execute, or null if nothing was recorded. Throws Failure.
  [[nodiscard]] ID3D12CommandList* close();

  /// Empty unless verifying. `kObjectParts` places for each drawn object.
  [[nodiscard]] std::span<const VerifiedDraw> drawn() const noexcept { return drawn_; }
  [[nodiscard]] std::span<const Place> places() const noexcept { return places_; }

 private:
  void draw(const DrawCommand& command);

  const DrawSetup& setup_;
  CommandList list_;
  bool open_ = false;
  std::vector<VerifiedDraw> drawn_;
  std::vector<Place> places_;
};

}  // namespace flux::app::d3d12
