#pragma once

#include "replay/target.hpp"

namespace flux::app {

/// A headless WebGPU device, the one that the implementation prefers.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeWebGpuTarget(const ReplayTargetDesc& desc);

}  // namespace flux::app
