#pragma once

/// The renderer's own memory: what the pool is not for (targets, mapped buffers for results).

#include "vulkan/context.hpp"
#include "vulkan/handles.hpp"

#include <flux/types.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace flux::app {

/// A buffer in host memory that stays mapped and needs no flush, with a device address.
///
/// **Thread contract.** One thread at a time. **Units.** Bytes.
class MappedBuffer {
 public:
  MappedBuffer() = default;
  /// Cached memory where there is some, so that the host reads it fast. Throws Failure.
  MappedBuffer(VulkanContext& context, ByteCount bytes, VkBufferUsageFlags usage);

  [[nodiscard]] VkBuffer get() const noexcept { return buffer_.get(); }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
  /// 0 unless made with VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT.
  [[nodiscard]] VkDeviceAddress address() const noexcept { return address_; }

 private:
  UniqueMemory memory_;
  UniqueBuffer buffer_;
  std::span<std::byte> bytes_;
  VkDeviceAddress address_ = 0;
};

/// A buffer in device memory, with a device address, that the device alone writes and reads.
///
/// **Thread contract.** Constant once made. **Units.** Bytes.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  /// Throws Failure.
  DeviceBuffer(VulkanContext& context, ByteCount bytes, VkBufferUsageFlags usage);

  [[nodiscard]] VkBuffer get() const noexcept { return buffer_.get(); }
  [[nodiscard]] ByteCount bytes() const noexcept { return bytes_; }
  [[nodiscard]] VkDeviceAddress address() const noexcept { return address_; }

 private:
  UniqueMemory memory_;
  UniqueBuffer buffer_;
  ByteCount bytes_ = 0;
  VkDeviceAddress address_ = 0;
};

/// Room for `bytes` and then some, for a buffer that grows with what frames hold; `capacity`: what it has.
[[nodiscard]] constexpr ByteCount grownBytes(ByteCount bytes, ByteCount capacity) noexcept {
  constexpr ByteCount kLeast = 16 * kKiB;
  return std::max({bytes, 2 * capacity, kLeast});
}

struct TargetDesc {
  VkExtent2D extent{};
  VkFormat format = VK_FORMAT_UNDEFINED;
  VkSampleCountFlagBits samples = VK_SAMPLE_COUNT_1_BIT;
  VkImageUsageFlags usage = 0;
  VkImageAspectFlags aspect = 0;
};

/// An image to draw into, with its view and its memory.
///
/// **Thread contract.** Constant once made.
class Target {
 public:
  Target(VulkanContext& context, const TargetDesc& desc);

  [[nodiscard]] VkImage image() const noexcept { return image_.get(); }
  [[nodiscard]] VkImageView view() const noexcept { return view_.get(); }
  [[nodiscard]] VkImageSubresourceRange range() const noexcept { return {aspect_, 0, 1, 0, 1}; }

 private:
  UniqueMemory memory_;
  UniqueImage image_;
  UniqueImageView view_;
  VkImageAspectFlags aspect_;
};

}  // namespace flux::app
