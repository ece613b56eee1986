#include "vulkan/memory.hpp"

#include <bit>
#include <cstdint>
#include <utility>

namespace flux::app {
namespace {

/// The allowed type that has all of `required` and most of `wanted`.
std::uint32_t chooseType(const VkPhysicalDeviceMemoryProperties& properties, std::uint32_t allowed,
                         VkMemoryPropertyFlags required, VkMemoryPropertyFlags wanted) {
  std::uint32_t best = properties.memoryTypeCount;
  int bestScore = -1;
  for (std::uint32_t type = 0; type < properties.memoryTypeCount; ++type) {
    const VkMemoryPropertyFlags flags = properties.memoryTypes[type].propertyFlags;
    if ((allowed >> type & 1U) == 0 || (flags & required) != required) continue;
    const int score = std::popcount(flags & wanted);
    if (score > bestScore) {
      best = type;
      bestScore = score;
    }
  }
  if (bestScore < 0) throw Failure("the device has no memory type for the renderer's own buffers and images");
  return best;
}

UniqueMemory allocate(VulkanContext& context, const VkMemoryRequirements& needs, VkMemoryPropertyFlags required,
                      VkMemoryPropertyFlags wanted, const void* next) {
  VkMemoryAllocateInfo info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
  info.pNext = next;
  info.allocationSize = needs.size;
  info.memoryTypeIndex = chooseType(context.memoryProperties(), needs.memoryTypeBits, required, wanted);
  return UniqueMemory::create(context.vulkanDevice(), vkAllocateMemory, info, "vkAllocateMemory");
}

/// A buffer with memory of its own, and its address if `usage` asks for one.
struct MadeBuffer {
  UniqueMemory memory;
  UniqueBuffer buffer;
  VkDeviceAddress address = 0;
};

MadeBuffer makeBuffer(VulkanContext& context, ByteCount bytes, VkBufferUsageFlags usage, VkMemoryPropertyFlags required,
                      VkMemoryPropertyFlags wanted) {
  VkDevice device = context.vulkanDevice();
  const bool addressed = (usage & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT) != 0;
  MadeBuffer made;

  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = bytes;
  info.usage = usage;
  made.buffer = UniqueBuffer::create(device, vkCreateBuffer, info, "vkCreateBuffer");

  VkMemoryRequirements needs{};
  vkGetBufferMemoryRequirements(device, made.buffer.get(), &needs);
  VkMemoryAllocateFlagsInfo flags{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO};
  flags.flags = addressed ? VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT : 0;
  made.memory = allocate(context, needs, required, wanted, &flags);
  check(vkBindBufferMemory(device, made.buffer.get(), made.memory.get(), 0), "vkBindBufferMemory");
  if (addressed) {
    VkBufferDeviceAddressInfo query{VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO};
    query.buffer = made.buffer.get();
    made.address = vkGetBufferDeviceAddress(device, &query);
  }
  return made;
}

}  // namespace

MappedBuffer::MappedBuffer(VulkanContext& context, ByteCount bytes, VkBufferUsageFlags usage) {
  MadeBuffer made =
      makeBuffer(context, bytes, usage, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                 VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
  memory_ = std::move(made.memory);
  buffer_ = std::move(made.buffer);
  address_ = made.address;
  void* data = nullptr;
  check(vkMapMemory(context.vulkanDevice(), memory_.get(), 0, VK_WHOLE_SIZE, 0, &data), "vkMapMemory");
  bytes_ = {static_cast<std::byte*>(data), static_cast<std::size_t>(bytes)};
}

DeviceBuffer::DeviceBuffer(VulkanContext& context, ByteCount bytes, VkBufferUsageFlags usage) : bytes_(bytes) {
  MadeBuffer made = makeBuffer(context, bytes, usage | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT, 0,
                               VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  memory_ = std::move(made.memory);
  buffer_ = std::move(made.buffer);
  address_ = made.address;
}

Target::Target(VulkanContext& context, const TargetDesc& desc) : aspect_(desc.aspect) {
  VkDevice device = context.vulkanDevice();
  VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO};
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = desc.format;
  info.extent = {desc.extent.width, desc.extent.height, 1};
  info.mipLevels = 1;
  info.arrayLayers = 1;
  info.samples = desc.samples;
  info.tiling = VK_IMAGE_TILING_OPTIMAL;
  info.usage = desc.usage;
  image_ = UniqueImage::create(device, vkCreateImage, info, "vkCreateImage");

  VkMemoryRequirements needs{};
  vkGetImageMemoryRequirements(device, image_.get(), &needs);
  memory_ = allocate(context, needs, 0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, nullptr);
  check(vkBindImageMemory(device, image_.get(), memory_.get(), 0), "vkBindImageMemory");

  VkImageViewCreateInfo view{VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO};
  view.image = image_.get();
  view.viewType = VK_IMAGE_VIEW_TYPE_2D;
  view.format = desc.format;
  view.subresourceRange = range();
  view_ = UniqueImageView::create(device, vkCreateImageView, view, "vkCreateImageView");
}

}  // namespace flux::app
