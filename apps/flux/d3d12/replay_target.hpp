#pragma once

#include "replay/target.hpp"

#include <memory>

namespace flux::app {

/// A headless Direct3D 12 device, the first there is. `validate` asks for nothing more: the checks of vkd3d's driver
/// come by the environment (VK_INSTANCE_LAYERS), and those of Windows by its control panel.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeD3D12Target(const ReplayTargetDesc& desc);

}  // namespace flux::app
