#pragma once

/// A Vulkan driver that does nothing, so that what is counted are the instructions of the back end alone, on every
/// machine the same.

#include <flux/vulkan.hpp>

namespace flux::bench {

/// A Flux device on that driver. Batches are complete at once; staging is memory that nobody reads.
[[nodiscard]] std::unique_ptr<VulkanDevice> makeNullVulkanDevice(const VulkanCopyCrossover& crossover);

}  // namespace flux::bench
