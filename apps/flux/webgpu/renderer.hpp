#pragma once

#include "view/renderer.hpp"

namespace flux::app {

/// A headless WebGPU renderer on the adapter that the implementation prefers.
[[nodiscard]] std::unique_ptr<Renderer> makeWebGpuRenderer(const RendererDesc& desc);

}  // namespace flux::app
