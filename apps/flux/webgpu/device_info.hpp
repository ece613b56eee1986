#pragma once

#include <nlohmann/json.hpp>

namespace flux::app {

/// The WebGPU part of `flux info`: the library, and the device that it prefers. Without one: why, under `missing`, and
/// no devices.
[[nodiscard]] nlohmann::ordered_json webGpuInfo();

}  // namespace flux::app
