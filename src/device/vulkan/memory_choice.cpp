#include "device/vulkan/memory_choice.hpp"

#include "device/direct_writes.hpp"

#include <flux/device.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

namespace flux::vulkan {
namespace {

/// Types that need a feature of their own, or are slow by design.
constexpr VkMemoryPropertyFlags kUnusableFlags =
    VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT | VK_MEMORY_PROPERTY_PROTECTED_BIT |
    VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD | VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD;

/// The allowed type with the greatest rank; of equals the first, which drivers list as the faster one.
template <class Rank>
std::optional<std::uint32_t> bestType(const VkPhysicalDeviceMemoryProperties& properties, std::uint32_t allowedTypeBits,
                                      VkMemoryPropertyFlags required, Rank rank) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < properties.memoryTypeCount; ++i) {
    const VkMemoryType& type = properties.memoryTypes[i];
    const bool allowed = (allowedTypeBits >> i & 1U) != 0;
    if (!allowed || (type.propertyFlags & required) != required || (type.propertyFlags & kUnusableFlags) != 0) continue;
    if (!best || rank(type) > rank(properties.memoryTypes[*best])) best = i;
  }
  return best;
}

/// Without a flush before the device reads what the host wrote.
constexpr VkMemoryPropertyFlags kMappable = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

constexpr bool isMappable(const VkMemoryType& type) noexcept {
  return (type.propertyFlags & kMappable) == kMappable;
}

std::string heapText(const VkPhysicalDeviceMemoryProperties& properties, std::uint32_t type) {
  const std::uint32_t heap = properties.memoryTypes[type].heapIndex;
  return "heap " + std::to_string(heap) + " (" + std::to_string(properties.memoryHeaps[heap].size / kMiB) + " MiB)";
}

}  // namespace

Result<MemoryTypeChoice> chooseChunkMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                           std::uint32_t allowedTypeBits, bool mapped) {
  // The heap's size goes first: the mappable window of a discrete GPU may be a small heap of its own. A type that the
  // host cannot see leaves the driver free to compress and to place, one that it does not cache spares the device
  // looking into its caches.
  const auto rank = [&](const VkMemoryType& type) {
    const bool hidden = (type.propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) == 0;
    const bool uncached = (type.propertyFlags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) == 0;
    return std::tuple(properties.memoryHeaps[type.heapIndex].size, mapped ? isMappable(type) : hidden, uncached);
  };
  const auto best = bestType(properties, allowedTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, rank);
  if (!best) return Unexpected(makeError(ErrorCode::Unsupported, "device-local memory for buffers", {}));
  const bool hidden = (properties.memoryTypes[*best].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) == 0;
  return MemoryTypeChoice{*best, "device-local, in the largest such heap: " + heapText(properties, *best) +
                                     (hidden ? "; not host-visible" : "; host-visible")};
}

Result<MemoryTypeChoice> chooseStagingMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                             std::uint32_t allowedTypeBits, bool readByHost) {
  // Uploads are written once, front to back. Where the host does not read, caching would only cost; where it reads,
  // uncached memory is slower by orders of magnitude. Buffers can always have coherent memory (Vulkan 1.3, section
  // "Resource Memory Association"), so nothing is ever flushed or invalidated.
  const auto rank = [&](const VkMemoryType& type) {
    const bool hostHeap = (type.propertyFlags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) == 0;
    const bool cached = (type.propertyFlags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0;
    return std::tuple(hostHeap, cached == readByHost, properties.memoryHeaps[type.heapIndex].size);
  };
  const auto best = bestType(properties, allowedTypeBits, kMappable, rank);
  if (!best) return Unexpected(makeError(ErrorCode::Unsupported, "coherent memory for buffers", {}));
  const VkMemoryPropertyFlags flags = properties.memoryTypes[*best].propertyFlags;
  std::string reason =
      (flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0 ? "coherent, cached" : "coherent, write-combined";
  reason += (flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0 ? "; device-local, as all host-visible memory: "
                                                               : "; leaves device memory alone: ";
  return MemoryTypeChoice{*best, reason + heapText(properties, *best)};
}

Result<MemoryTypeChoice> chooseListMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                          std::uint32_t allowedTypeBits) {
  // Small enough for any mappable window of device memory, which spares the shader the way over the bus.
  const auto rank = [](const VkMemoryType& type) {
    return (type.propertyFlags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0;
  };
  const auto best = bestType(properties, allowedTypeBits, kMappable, rank);
  if (!best) return Unexpected(makeError(ErrorCode::Unsupported, "coherent memory for buffers", {}));
  return MemoryTypeChoice{*best, "coherent: " + heapText(properties, *best)};
}

ByteCount chooseDirectWriteBytes(const VkPhysicalDeviceMemoryProperties& properties, std::uint32_t chunkType,
                                 std::optional<ByteCount> wanted) noexcept {
  if (!isMappable(properties.memoryTypes[chunkType])) return 0;
  return wanted.value_or(isUnifiedMemory(properties) ? kAllBytes : kDirectBytesOverABus);
}

bool isUnifiedMemory(const VkPhysicalDeviceMemoryProperties& properties) noexcept {
  const std::span heaps(properties.memoryHeaps, properties.memoryHeapCount);
  return std::all_of(heaps.begin(), heaps.end(),
                     [](const VkMemoryHeap& heap) { return (heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0; });
}

}  // namespace flux::vulkan

namespace flux {

Result<VulkanMemoryChoice> chooseVulkanMemory(const VkPhysicalDeviceMemoryProperties& properties,
                                              std::uint32_t allowedTypeBits,
                                              std::optional<ByteCount> directWriteBytes) {
  auto chunk = vulkan::chooseChunkMemory(properties, allowedTypeBits, directWriteBytes != ByteCount{0});
  if (!chunk) return Unexpected(chunk.error());
  const ByteCount direct = vulkan::chooseDirectWriteBytes(properties, chunk->type, directWriteBytes);
  auto staging = vulkan::chooseStagingMemory(properties, allowedTypeBits, direct == kAllBytes);
  if (!staging) return Unexpected(staging.error());
  return VulkanMemoryChoice{chunk->type, staging->type, direct, std::move(chunk->reason), std::move(staging->reason)};
}

}  // namespace flux
