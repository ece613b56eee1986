#pragma once

#include "replay/target.hpp"

namespace flux::app {

/// Headless contexts of OpenGL: one for Flux, one for the frames.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeOpenGlTarget(const ReplayTargetDesc& desc);

}  // namespace flux::app
