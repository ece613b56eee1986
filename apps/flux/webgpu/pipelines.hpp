#pragma once

/// The two graphics pipelines of the renderer, and what they draw into.

#include "webgpu/context.hpp"

#include <glm/glm.hpp>

#include <cstdint>

namespace flux::app::webgpu {

/// As in the shader (std140).
struct SceneUniform {
  glm::mat4 viewProjection;
  glm::mat4 inverse;
  glm::vec4 eye;  ///< w: distance at which the haze hides everything.
};
static_assert(sizeof(SceneUniform) == 144);

/// Picture, depth, and the samples of a picture that is smoothed.
class Targets {
 public:
  Targets(const WebGpuContext& context, std::uint32_t width, std::uint32_t height);

  [[nodiscard]] std::uint32_t width() const noexcept { return width_; }
  [[nodiscard]] std::uint32_t height() const noexcept { return height_; }
  [[nodiscard]] std::uint32_t samples() const noexcept { return samples_; }

  [[nodiscard]] UniqueRenderPass beginRendering(WGPUCommandEncoder commands) const;

  /// Rows of a copied picture begin at multiples of 256 bytes.
  [[nodiscard]] std::uint32_t rowBytes() const noexcept { return (width_ * 4 + 255) / 256 * 256; }
  [[nodiscard]] ByteCount pictureBytes() const noexcept { return ByteCount{rowBytes()} * height_; }
  void copyPicture(WGPUCommandEncoder commands, WGPUBuffer into) const;

 private:
  struct Target {
    UniqueTexture texture;
    UniqueTextureView view;
  };
  [[nodiscard]] Target makeTarget(const WebGpuContext& context, WGPUTextureFormat format, std::uint32_t samples,
                                  WGPUTextureUsage usage) const;

  std::uint32_t width_;
  std::uint32_t height_;
  std::uint32_t samples_;
  Target picture_;
  Target depth_;
  Target smooth_;  ///< Only with several samples.
};

class Pipelines {
 public:
  Pipelines(const WebGpuContext& context, std::uint32_t samples);

  /// Group 0: scene (uniform), placements (storage). Group 1: an object's constants (uniform, dynamic offset).
  [[nodiscard]] WGPUBindGroupLayout sceneLayout() const noexcept { return sceneLayout_.get(); }
  [[nodiscard]] WGPUBindGroupLayout objectLayout() const noexcept { return objectLayout_.get(); }
  [[nodiscard]] WGPURenderPipeline object() const noexcept { return object_.get(); }
  [[nodiscard]] WGPURenderPipeline sky() const noexcept { return sky_.get(); }

 private:
  UniqueBindGroupLayout sceneLayout_;
  UniqueBindGroupLayout objectLayout_;
  UniqueRenderPipeline object_;
  UniqueRenderPipeline sky_;
};

}  // namespace flux::app::webgpu
