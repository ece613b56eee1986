#pragma once

/// Draws by handle: the device looks the objects of a frame up in the mirror of its snapshot, and draws what it finds.

#include "view/renderer.hpp"
#include "vulkan/handle_pipeline.hpp"
#include "vulkan/hash_pass.hpp"
#include "vulkan/memory.hpp"
#include "vulkan/pipelines.hpp"

#include <span>
#include <vector>

namespace flux::app {

/// The objects of one frame in flight: handles go in, indirect draws come out, and the host learns only how many.
///
/// **Thread contract.** One thread. **Invariants.** Between `set` and the end of that frame on the device the buffers
/// stay as they are. In steady state nothing is allocated.
class HandlePass {
 public:
  /// Forgets the last frame. REQUIRES: the device has finished it, or never got it.
  void clear() noexcept;

  /// Takes the frame's objects, and their expected draws if it is verified. Throws Failure.
  void set(VulkanContext& context, const Place& records, std::span<const HandleDraw> draws,
           std::span<const ExpectedDraw> expected);

  /// Records the look-up, outside rendering, and what makes its results visible to the draws. Throws Failure.
  void recordLookUp(VulkanContext& context, VkCommandBuffer commands, const HandlePipeline& pipeline) const;

  /// Records the draws. Returns how many calls they take.
  std::uint32_t recordDraws(const VulkanContext& context, VkCommandBuffer commands, const Pipelines& pipelines,
                            const ScenePush& scene) const;

  /// What was expected, and for each the ranges that the device names for it.
  [[nodiscard]] std::span<const VerifiedDraw> expected() const noexcept { return expected_; }
  [[nodiscard]] std::span<const HashRange> ranges() const noexcept { return ranges_; }

  /// What became of the objects. REQUIRES: the frame has finished.
  [[nodiscard]] HandleCounts counts() const noexcept;

 private:
  /// As in shaders/by_handle.glsl.
  struct Named {
    VkDeviceAddress address = 0;
    std::uint32_t bytes = 0;
    std::uint32_t unused = 0;
  };
  struct Found {
    glm::vec4 placement;
    std::array<Named, kObjectParts> parts;
  };
  static_assert(sizeof(Found) == 64);

  std::uint32_t count_ = 0;
  LookUpPush push_;
  MappedBuffer objects_;
  DeviceBuffer found_;
  DeviceBuffer draws_;
  MappedBuffer counts_;
  std::vector<VerifiedDraw> expected_;
  std::vector<HashRange> ranges_;
};

}  // namespace flux::app
