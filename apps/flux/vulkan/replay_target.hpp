#pragma once

#include "replay/target.hpp"
#include "vulkan/messages.hpp"

namespace flux::app {

/// A headless Vulkan device, the best there is (discrete, integrated, virtual, CPU).
[[nodiscard]] std::unique_ptr<ReplayTarget> makeVulkanTarget(const ReplayTargetDesc& desc);

/// As `makeVulkanTarget(desc)`; validation reports to `messages`, which outlives the target, and so also hears of what
/// the target leaves behind.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeVulkanTarget(const ReplayTargetDesc& desc, VulkanMessages& messages);

}  // namespace flux::app
