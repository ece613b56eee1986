#pragma once

#include "replay/target.hpp"

#include <memory>

namespace flux::app {

/// A headless Direct3D 12 device, the first there is. `validate`: with the Vulkan layer below vkd3d.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeD3D12Target(const ReplayTargetDesc& desc);

}  // namespace flux::app
