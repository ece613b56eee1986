#pragma once

#include <nlohmann/json.hpp>

namespace flux::app {

/// OpenGL's part of `flux info` (`AppBackend::info`): the device behind a headless context. Without one: why, under
/// `missing`, and no devices.
[[nodiscard]] nlohmann::ordered_json openGlInfo();

}  // namespace flux::app
