#include "vulkan/chunk_sets.hpp"

#include <cstddef>
#include <utility>

namespace flux::app {
namespace {
constexpr std::uint32_t kSetsPerPool = 64;
}

ChunkSets::ChunkSets(VkDevice device, VkDescriptorSetLayout layout, ByteCount constantsBytes)
    : device_(device), layout_(layout), constantsBytes_(constantsBytes), sets_(kMaxChunks, VK_NULL_HANDLE) {}

void ChunkSets::addPool() {
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC, kSetsPerPool};
  VkDescriptorPoolCreateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  info.maxSets = kSetsPerPool;
  info.poolSizeCount = 1;
  info.pPoolSizes = &size;
  pools_.push_back(UniqueDescriptorPool::create(device_, vkCreateDescriptorPool, info, "vkCreateDescriptorPool"));

  const std::vector<VkDescriptorSetLayout> layouts(kSetsPerPool, layout_);
  VkDescriptorSetAllocateInfo allocate{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
  allocate.descriptorPool = pools_.back().get();
  allocate.descriptorSetCount = kSetsPerPool;
  allocate.pSetLayouts = layouts.data();
  spare_.resize(kSetsPerPool);
  check(vkAllocateDescriptorSets(device_, &allocate, spare_.data()), "vkAllocateDescriptorSets");
  // Every set has room in it, so that `remove` cannot fail.
  spare_.reserve(pools_.size() * kSetsPerPool);
}

void ChunkSets::add(ChunkIndex chunk, VkBuffer buffer) {
  if (spare_.empty()) addPool();
  VkDescriptorSet set = spare_.back();
  const VkDescriptorBufferInfo range{buffer, 0, constantsBytes_};
  VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
  write.dstSet = set;
  write.descriptorCount = 1;
  write.descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC;
  write.pBufferInfo = &range;
  vkUpdateDescriptorSets(device_, 1, &write, 0, nullptr);
  spare_.pop_back();
  sets_[static_cast<std::uint32_t>(chunk)] = set;
}

void ChunkSets::remove(ChunkIndex chunk) noexcept {
  spare_.push_back(std::exchange(sets_[static_cast<std::uint32_t>(chunk)], VkDescriptorSet{VK_NULL_HANDLE}));
}

}  // namespace flux::app
