#pragma once

/// What the renderer draws into.

#include "vulkan/memory.hpp"
#include "vulkan/pipelines.hpp"

#include <optional>

namespace flux::app {

/// The picture and its depth, shared by all frames in flight: the device draws them one after the other.
///
/// **Thread contract.** Constant once made; recording as the command buffer. **Invariant.** Between submissions the
/// picture is in the layout of a color attachment, from the first frame on.
class Targets {
 public:
  Targets(VulkanContext& context, VkExtent2D extent);

  [[nodiscard]] VkExtent2D extent() const noexcept { return extent_; }
  [[nodiscard]] const TargetFormats& formats() const noexcept { return formats_; }

  /// Begins rendering by secondary command buffers, after the frame before (and after a copy of its picture).
  void beginRendering(VkCommandBuffer commands) const;

  /// Copies the picture of the last frame to `pixels`, 4 bytes each, for the host to read.
  void copyPicture(VkCommandBuffer commands, VkBuffer pixels) const;

 private:
  const VkExtent2D extent_;
  const TargetFormats formats_;
  Target depth_;
  Target picture_;
  std::optional<Target> samples_;  ///< Becomes the picture; none where a pixel has one sample.
};

}  // namespace flux::app
