#pragma once

#include "device_messages.hpp"
#include "replay/target.hpp"

namespace flux::app {

/// A headless Vulkan device, the best there is (discrete, integrated, virtual, CPU).
[[nodiscard]] std::unique_ptr<ReplayTarget> makeVulkanTarget(const ReplayTargetDesc& desc);

/// As `makeVulkanTarget(desc)`; validation reports to `messages`, which outlives the target, and so also hears of what
/// the target leaves behind.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeVulkanTarget(const ReplayTargetDesc& desc, DeviceMessages& messages);

}  // namespace flux::app
