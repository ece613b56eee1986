#pragma once

/// Command pools and buffers that are recorded anew for every frame.

#include "vulkan/handles.hpp"

#include <cstdint>

namespace flux::app {

/// For buffers of one family that are reset together. Throws Failure, like all here.
[[nodiscard]] UniqueCommandPool makeCommandPool(VkDevice device, std::uint32_t queueFamily);

[[nodiscard]] VkCommandBuffer allocateCommands(VkDevice device, VkCommandPool pool, VkCommandBufferLevel level);

/// Begins recording a primary command buffer for one submission.
void beginCommands(VkCommandBuffer commands);

}  // namespace flux::app
