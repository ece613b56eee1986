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
[[nodiscard]] UniquePipeline makeCompute(VkDevice device, const UniquePipelineLayout& layout,
                                         std::span<const std::uint32_t> words);

}  // namespace flux::app
