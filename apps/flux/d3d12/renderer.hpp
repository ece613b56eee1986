#pragma once

#include "view/renderer.hpp"

#include <memory>

namespace flux::app {

/// A headless renderer on the first Direct3D 12 device there is.
[[nodiscard]] std::unique_ptr<Renderer> makeD3D12Renderer(const RendererDesc& desc);

}  // namespace flux::app
