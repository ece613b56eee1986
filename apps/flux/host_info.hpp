#pragma once

#include <nlohmann/json.hpp>

namespace flux::app {

/// Host's part of `flux info` (`AppBackend::info`): one device, always usable.
[[nodiscard]] nlohmann::ordered_json hostInfo();

}  // namespace flux::app
