#pragma once

#include <nlohmann/json.hpp>

namespace flux::app {

/// Direct3D 12's part of `flux info` (`AppBackend::info`): the first device.
[[nodiscard]] nlohmann::ordered_json d3d12Info();

}  // namespace flux::app
