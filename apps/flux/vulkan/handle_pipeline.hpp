#pragma once

#include "vulkan/context.hpp"
#include "vulkan/pipeline_parts.hpp"

#include <cstdint>

namespace flux::app {

/// As in shaders/look_up.comp.
struct LookUpPush {
  VkDeviceAddress records = 0;
  VkDeviceAddress objects = 0;
  VkDeviceAddress found = 0;
  VkDeviceAddress draws = 0;
  VkDeviceAddress counts = 0;
  std::uint32_t recordCount = 0;
  std::uint32_t objectCount = 0;
};
static_assert(sizeof(LookUpPush) == 48);

/// The shader that looks objects up by handle, for --indirect.
///
/// **Thread contract.** Constant once made; any thread.
class HandlePipeline : public ComputePipeline {
 public:
  /// Throws Failure, also when the device lacks what --indirect needs.
  explicit HandlePipeline(VulkanContext& context);
};

}  // namespace flux::app
