#pragma once

/// The two graphics pipelines of the renderer: objects, sky.

#include "d3d12/api.hpp"

#include <glm/glm.hpp>

namespace flux::app::d3d12 {

/// As in shaders/world.hlsl. Both pipelines share it; a draw replaces only `placement`.
struct SceneConstants {
  glm::mat4 viewProjection;
  glm::vec4 eye;  ///< w: distance at which the haze hides everything.
  glm::vec4 placement;
};
static_assert(sizeof(SceneConstants) == 96);

/// Parameters of the root signature.
inline constexpr UINT kSceneParameter = 0;   ///< SceneConstants, in the signature itself.
inline constexpr UINT kObjectParameter = 1;  ///< ObjectConstants, by address.

/// What the pipelines draw into.
struct TargetFormats {
  DXGI_FORMAT color = DXGI_FORMAT_R8G8B8A8_UNORM_SRGB;
  DXGI_FORMAT depth = DXGI_FORMAT_D32_FLOAT;
  UINT samples = 1;
};

/// Owns the pipelines and their root signature.
///
/// **Thread contract.** Constant once made; any thread.
class Pipelines {
 public:
  /// Throws Failure.
  Pipelines(ID3D12Device* device, const TargetFormats& formats);

  [[nodiscard]] ID3D12RootSignature* signature() const noexcept { return signature_.get(); }
  [[nodiscard]] ID3D12PipelineState* object() const noexcept { return object_.get(); }
  [[nodiscard]] ID3D12PipelineState* sky() const noexcept { return sky_.get(); }

 private:
  Com<ID3D12RootSignature> signature_;
  Com<ID3D12PipelineState> object_;
  Com<ID3D12PipelineState> sky_;
};

}  // namespace flux::app::d3d12
