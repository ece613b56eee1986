#pragma once

#include "view/renderer.hpp"

namespace flux::app {

/// Headless contexts of OpenGL: one that draws and, unless one queue is asked for, one for Flux.
[[nodiscard]] std::unique_ptr<Renderer> makeOpenGlRenderer(const RendererDesc& desc);

}  // namespace flux::app
