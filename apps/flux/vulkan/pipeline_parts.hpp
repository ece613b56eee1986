#pragma once

/// What pipelines are put together from.

#include "vulkan/handles.hpp"

#include <cstdint>
#include <span>

namespace flux::app {

/// All throw Failure.
[[nodiscard]] UniqueShaderModule makeShader(VkDevice device, std::span<const std::uint32_t> words);
[[nodiscard]] VkPipelineShaderStageCreateInfo shaderStage(VkShaderStageFlagBits bit, const UniqueShaderModule& shader);
/// `set` may be null.
[[nodiscard]] UniquePipelineLayout makePipelineLayout(VkDevice device, const VkDescriptorSetLayout* set,
                                                      const VkPushConstantRange& push);

/// A compute shader that has push constants and no descriptors.
///
/// **Thread contract.** Constant once made; any thread.
class ComputePipeline {
 public:
  /// Throws Failure.
  ComputePipeline(VkDevice device, std::span<const std::uint32_t> words, std::uint32_t pushBytes);

  [[nodiscard]] VkPipelineLayout layout() const noexcept { return layout_.get(); }
  [[nodiscard]] VkPipeline get() const noexcept { return pipeline_.get(); }

 private:
  UniquePipelineLayout layout_;
  UniquePipeline pipeline_;
};

}  // namespace flux::app
