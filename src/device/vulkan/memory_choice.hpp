#pragma once

/// Which memory types chunks and staging pages live in.

#include <flux/result.hpp>
#include <flux/vulkan.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace flux::vulkan {

struct MemoryTypeChoice {
  std::uint32_t type = 0;
  std::string reason;
};

/// `allowedTypeBits`: as in VkMemoryRequirements. Errors: Unsupported.
/// `mapped`: of equally large heaps rather one that the host can write.
[[nodiscard]] Result<MemoryTypeChoice> chooseChunkMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                         std::uint32_t allowedTypeBits, bool mapped);
/// Always coherent. `readByHost`: rather cached.
[[nodiscard]] Result<MemoryTypeChoice> chooseStagingMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                           std::uint32_t allowedTypeBits, bool readByHost);
/// How many bytes of a step the host writes straight into chunks of this type, if the application does not say it.
[[nodiscard]] ByteCount chooseDirectWriteBytes(const VkPhysicalDeviceMemoryProperties& properties,
                                               std::uint32_t chunkType, std::optional<ByteCount> wanted) noexcept;
/// For small lists that the device reads once: always coherent.
[[nodiscard]] Result<MemoryTypeChoice> chooseListMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                                        std::uint32_t allowedTypeBits);

/// The device has no memory of its own: every heap is device-local.
[[nodiscard]] bool isUnifiedMemory(const VkPhysicalDeviceMemoryProperties& properties) noexcept;

}  // namespace flux::vulkan
