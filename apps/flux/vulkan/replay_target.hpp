#pragma once

#include "replay/target.hpp"
#include "vulkan/messages.hpp"

namespace flux::app {

/// As `makeVulkanTarget(desc)`; validation reports to `messages`, which outlives the target, and so also hears of what
/// the target leaves behind.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeVulkanTarget(const ReplayTargetDesc& desc, VulkanMessages& messages);

}  // namespace flux::app
