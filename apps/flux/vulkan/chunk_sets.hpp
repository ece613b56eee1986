#pragma once

/// Descriptor sets that live as long as the chunks they name.

#include "vulkan/context.hpp"
#include "vulkan/handles.hpp"

#include <flux/types.hpp>

#include <vector>

namespace flux::app {

/// One descriptor set a chunk, through which shaders read any object's constants by a dynamic offset.
///
/// **Thread contract.** `add` and `remove` on the geometry thread. `find` on any thread, for chunks that a
/// frame's places name: the publish that made them visible happened after `add`, and `remove` waits for the frame.
class ChunkSets {
 public:
  /// `constantsBytes`: what a shader reads from an offset on.
  ChunkSets(VkDevice device, VkDescriptorSetLayout layout, ByteCount constantsBytes);

  /// Throws Failure.
  void add(ChunkIndex chunk, VkBuffer buffer);
  void remove(ChunkIndex chunk) noexcept;

  [[nodiscard]] VkDescriptorSet find(ChunkIndex chunk) const noexcept {
    return sets_[static_cast<std::uint32_t>(chunk)];
  }

 private:
  void addPool();

  VkDevice device_;
  VkDescriptorSetLayout layout_;
  ByteCount constantsBytes_;
  std::vector<UniqueDescriptorPool> pools_;
  std::vector<VkDescriptorSet> spare_;
  std::vector<VkDescriptorSet> sets_;  ///< By chunk. Never resized: others read it meanwhile.
};

}  // namespace flux::app
