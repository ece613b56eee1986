#pragma once

#include "failure.hpp"

#include <flux/device.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace flux::app {

/// What the environment variable FLUX_DIRECT says of the bytes that the host writes straight into chunks: `all` of
/// them, `none`, or `auto` (as without it: what the back end thinks best). Throws Failure for anything else.
[[nodiscard]] inline std::optional<ByteCount> wantedDirectWrites() {
  const char* text = std::getenv("FLUX_DIRECT");
  const std::string_view wanted = text != nullptr ? text : "auto";
  if (wanted == "all") return kAllBytes;
  if (wanted == "none") return ByteCount{0};
  if (wanted == "auto") return std::nullopt;
  throw badUse("FLUX_DIRECT: '" + std::string(wanted) + "' is none of all, none, auto");
}

}  // namespace flux::app
