#pragma once

/// Which memory types chunks and staging pages live in.

#include <flux/result.hpp>
#include <flux/vulkan.hpp>

#include <cstdint>
#include <string>

namespace flux::vulkan {

struct MemoryTypeChoice {
  std::uint32_t type = 0;
  std::string reason;
};

/// `allowedTypeBits`: as in VkMemoryRequirements. Errors: Unsupported.
[[nodiscard]] Result<MemoryTypeChoice> chooseChunkMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                         std::uint32_t allowedTypeBits);
[[nodiscard]] Result<MemoryTypeChoice> chooseStagingMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                           std::uint32_t allowedTypeBits);
/// For pages that the device writes and the host reads.
[[nodiscard]] Result<MemoryTypeChoice> chooseReadbackMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                            std::uint32_t allowedTypeBits);
/// For small lists that the device reads once: always coherent.
[[nodiscard]] Result<MemoryTypeChoice> chooseListMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                        std::uint32_t allowedTypeBits);

/// The device has no memory of its own: every heap is device-local.
[[nodiscard]] bool isUnifiedMemory(const VkPhysicalDeviceMemoryProperties& properties) noexcept;

}  // namespace flux::vulkan
