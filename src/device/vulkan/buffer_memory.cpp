#include "device/vulkan/buffer_memory.hpp"

#include "device/vulkan/errors.hpp"

#include <utility>

namespace flux::vulkan {

VkResult BufferMemory::createBuffer(const BufferKind& kind, ByteCount bytes, VkBuffer* buffer) const noexcept {
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = bytes;
  info.usage = kind.usage;
  if (kind.families.size() > 1) {
    info.sharingMode = VK_SHARING_MODE_CONCURRENT;
    info.queueFamilyIndexCount = static_cast<std::uint32_t>(kind.families.size());
    info.pQueueFamilyIndices = kind.families.data();
  }
  return functions_.vkCreateBuffer(device_, &info, nullptr, buffer);
}

Result<std::uint32_t> BufferMemory::allowedTypes(const BufferKind& kind) {
  VkBuffer probe = VK_NULL_HANDLE;
  if (const VkResult result = createBuffer(kind, kPlaceUnitBytes, &probe); result != VK_SUCCESS) {
    return failed(result, "vkCreateBuffer", {kPlaceUnitBytes, allocatedBytes_});
  }
  VkMemoryRequirements requirements{};
  functions_.vkGetBufferMemoryRequirements(device_, probe, &requirements);
  functions_.vkDestroyBuffer(device_, probe, nullptr);
  return requirements.memoryTypeBits;
}

Result<Buffer> BufferMemory::create(const BufferKind& kind, ByteCount bytes) {
  if (allocations_ >= maxAllocations_) {
    return Unexpected(makeError(ErrorCode::TooManyChunks, "maxMemoryAllocationCount", {}, {bytes, allocatedBytes_}));
  }
  Buffer made;
  made.bytes = bytes;
  const auto undo = [&](VkResult result, const char* call) {
    // Vulkan's destroy functions accept null.
    functions_.vkDestroyBuffer(device_, made.buffer, nullptr);
    functions_.vkFreeMemory(device_, made.memory, nullptr);
    return failed(result, call, {bytes, allocatedBytes_});
  };

  if (const VkResult result = createBuffer(kind, bytes, &made.buffer); result != VK_SUCCESS) {
    made.buffer = VK_NULL_HANDLE;
    return undo(result, "vkCreateBuffer");
  }
  VkMemoryRequirements requirements{};
  functions_.vkGetBufferMemoryRequirements(device_, made.buffer, &requirements);
  made.allocatedBytes = requirements.size;

  VkMemoryAllocateFlagsInfo flags{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO};
  flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
  VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
  allocate.pNext = kind.deviceAddress ? &flags : nullptr;
  allocate.allocationSize = requirements.size;
  allocate.memoryTypeIndex = kind.memoryType;
  if (const VkResult result = functions_.vkAllocateMemory(device_, &allocate, nullptr, &made.memory);
      result != VK_SUCCESS) {
    made.memory = VK_NULL_HANDLE;
    return undo(result, "vkAllocateMemory");
  }
  if (const VkResult result = functions_.vkBindBufferMemory(device_, made.buffer, made.memory, 0);
      result != VK_SUCCESS) {
    return undo(result, "vkBindBufferMemory");
  }
  if (kind.mapped) {
    void* mapped = nullptr;
    if (const VkResult result = functions_.vkMapMemory(device_, made.memory, 0, VK_WHOLE_SIZE, 0, &mapped);
        result != VK_SUCCESS) {
      return undo(result, "vkMapMemory");
    }
    made.mapped = static_cast<std::byte*>(mapped);
  }
  if (kind.deviceAddress) {
    VkBufferDeviceAddressInfo address{VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO};
    address.buffer = made.buffer;
    made.address = functions_.vkGetBufferDeviceAddress(device_, &address);
  }
  ++allocations_;
  allocatedBytes_ += made.allocatedBytes;
  return made;
}

void BufferMemory::destroy(const Buffer& buffer) noexcept {
  if (!buffer) return;
  functions_.vkDestroyBuffer(device_, buffer.buffer, nullptr);
  functions_.vkFreeMemory(device_, buffer.memory, nullptr);  // unmaps it too
  --allocations_;
  allocatedBytes_ -= buffer.allocatedBytes;
}

}  // namespace flux::vulkan
