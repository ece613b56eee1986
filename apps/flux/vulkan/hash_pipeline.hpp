#pragma once

#include "vulkan/context.hpp"
#include "vulkan/pipeline_parts.hpp"

#include <cstdint>

namespace flux::app {

/// As in shaders/hash.comp.
struct HashPush {
  VkDeviceAddress pieces = 0;
  VkDeviceAddress hashes = 0;
  std::uint32_t count = 0;
  std::uint32_t unused = 0;
};
static_assert(sizeof(HashPush) == 24);

/// The shader that hashes ranges of device memory, for --verify.
///
/// **Thread contract.** Constant once made; any thread.
class HashPipeline : public ComputePipeline {
 public:
  /// Throws Failure, also when the device has no buffer addresses.
  explicit HashPipeline(VulkanContext& context);
};

}  // namespace flux::app
