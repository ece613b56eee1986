#pragma once

/// What is recorded of one part of a frame.

#include "view/renderer.hpp"
#include "vulkan/chunk_sets.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/hash_pass.hpp"
#include "vulkan/pipelines.hpp"

#include <optional>
#include <span>
#include <vector>

namespace flux::app {

/// The same for all lists of a renderer.
struct DrawSetup {
  VkDevice device = VK_NULL_HANDLE;
  const Pipelines* pipelines = nullptr;
  const ChunkSets* chunkSets = nullptr;
  TargetFormats formats;
  bool verify = false;
};

/// Begins a secondary command buffer that continues the renderer's rendering.
void beginSecondary(VkCommandBuffer commands, const TargetFormats& formats);

/// One part's secondary command buffer for one frame in flight, with the ranges to hash.
///
/// **Thread contract.** One thread at a time: first a render thread, then the frame thread.
/// **Invariants.** Not begun again before the device is done with it. In steady state nothing is allocated.
class DrawList {
 public:
  DrawList(const DrawSetup& setup, std::uint32_t queueFamily);

  /// Forgets the last frame. REQUIRES: the device has finished it, or never got it.
  void reset() noexcept;

  /// Records draws behind those recorded since `reset`. Throws Failure.
  void record(const ScenePush& scene, std::span<const DrawCommand> draws);

  /// Ends recording; the list to execute, or VK_NULL_HANDLE if nothing was recorded. Throws Failure.
  [[nodiscard]] VkCommandBuffer close();

  /// Empty unless verifying. `kObjectParts` ranges for each drawn object.
  [[nodiscard]] std::span<const VerifiedDraw> drawn() const noexcept { return drawn_; }
  [[nodiscard]] std::span<const HashRange> ranges() const noexcept { return ranges_; }

 private:
  void open(const ScenePush& scene);
  void draw(const DrawCommand& command);

  const DrawSetup& setup_;
  UniqueCommandPool pool_;
  VkCommandBuffer commands_;
  bool open_ = false;
  std::optional<Place> boundVertices_;
  std::optional<Place> boundIndices_;
  std::optional<Place> boundConstants_;
  std::vector<VerifiedDraw> drawn_;
  std::vector<HashRange> ranges_;
};

}  // namespace flux::app
