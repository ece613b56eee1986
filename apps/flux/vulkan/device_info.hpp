#pragma once

#include <nlohmann/json.hpp>

namespace flux::app {

/// Vulkan's part of `flux info` (`AppBackend::info`): loader version and `devices`, each with what Flux chooses on it,
/// found by making a Flux device there. Without Vulkan: why, under `missing`, and no devices.
[[nodiscard]] nlohmann::ordered_json vulkanInfo();

}  // namespace flux::app
