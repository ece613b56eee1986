#pragma once

#include "device_messages.hpp"
#include "view/renderer.hpp"

namespace flux::app {

/// A headless renderer on the best device (discrete, integrated, virtual, CPU).
[[nodiscard]] std::unique_ptr<Renderer> makeVulkanRenderer(const RendererDesc& desc);

/// As `makeVulkanRenderer(desc)`; validation reports to `messages`, which outlives the renderer, and so also hears
/// of what the renderer leaves behind.
[[nodiscard]] std::unique_ptr<Renderer> makeVulkanRenderer(const RendererDesc& desc, DeviceMessages& messages);

}  // namespace flux::app
