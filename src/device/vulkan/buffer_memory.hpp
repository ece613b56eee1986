#pragma once

/// Buffers with one device allocation each.

#include "device/vulkan/functions.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>
#include <flux/vulkan.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flux::vulkan {

/// One VkBuffer and the VkDeviceMemory that it alone is bound to.
struct Buffer {
  VkBuffer buffer = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  ByteCount bytes = 0;           ///< As asked for.
  ByteCount allocatedBytes = 0;  ///< Of the allocation.
  std::uint64_t address = 0;     ///< In shaders; 0 unless its kind has addresses.
  std::byte* mapped = nullptr;   ///< Until it is destroyed; null unless its kind is mapped.

  explicit operator bool() const noexcept { return buffer != VK_NULL_HANDLE; }
};

/// What all buffers of one use have in common.
struct BufferKind {
  VkBufferUsageFlags usage = 0;
  /// Queue families that share the buffer; with fewer than two it belongs to one.
  std::vector<std::uint32_t> families;
  std::uint32_t memoryType = 0;
  bool deviceAddress = false;
  bool mapped = false;
};

/// Makes and destroys buffers, and counts their allocations.
///
/// **Thread contract.** One thread. **Invariants.** A call that fails leaves nothing behind.
class BufferMemory {
 public:
  BufferMemory(const Functions& functions, VkDevice device, std::uint32_t maxAllocations) noexcept
      : functions_(functions), device_(device), maxAllocations_(maxAllocations) {}

  /// Errors: TooManyChunks, OutOfDeviceMemory (numbers: bytes wanted, bytes allocated so far), DeviceLost, DriverError.
  [[nodiscard]] Result<Buffer> create(const BufferKind& kind, ByteCount bytes);

  /// Does nothing to an empty one.
  void destroy(const Buffer& buffer) noexcept;

  /// The memory types that buffers of this kind may use; `kind.memoryType` is not looked at.
  [[nodiscard]] Result<std::uint32_t> allowedTypes(const BufferKind& kind);

  [[nodiscard]] ByteCount allocatedBytes() const noexcept { return allocatedBytes_; }

 private:
  [[nodiscard]] VkResult createBuffer(const BufferKind& kind, ByteCount bytes, VkBuffer* buffer) const noexcept;

  const Functions& functions_;
  VkDevice device_;
  std::uint32_t maxAllocations_;
  std::uint32_t allocations_ = 0;
  ByteCount allocatedBytes_ = 0;
};

}  // namespace flux::vulkan
