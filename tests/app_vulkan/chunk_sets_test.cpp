#include "vulkan/chunk_sets.hpp"

#include "vulkan/pipelines.hpp"

#include <gtest/gtest.h>

#include <set>

namespace flux::test {
namespace {

TEST(ChunkSets, EveryChunkHasASetOfItsOwnAndSetsAreUsedAgain) {
  app::VulkanContext context({.validate = true});
  {
    const app::Pipelines pipelines(context, {16, 16}, {});
    const auto chunk = context.device().createChunk(ChunkIndex{0}, 4 * kKiB);
    ASSERT_TRUE(chunk);
    app::ChunkSets sets(context.vulkanDevice(), pipelines.objectSetLayout(), 80);
    std::set<VkDescriptorSet> ever;
    for (std::uint32_t round = 0; round < 3; ++round) {
      std::set<VkDescriptorSet> now;
      for (std::uint32_t i = 0; i < 200; ++i) {
        const ChunkIndex index{7 * i + round};
        EXPECT_EQ(sets.find(index), VkDescriptorSet{VK_NULL_HANDLE});
        sets.add(index, vulkanBuffer(chunk->buffer));
        ASSERT_NE(sets.find(index), VkDescriptorSet{VK_NULL_HANDLE});
        EXPECT_TRUE(now.insert(sets.find(index)).second);
      }
      ever.insert(now.begin(), now.end());
      for (std::uint32_t i = 0; i < 200; ++i) {
        sets.remove(ChunkIndex{7 * i + round});
        EXPECT_EQ(sets.find(ChunkIndex{7 * i + round}), VkDescriptorSet{VK_NULL_HANDLE});
      }
    }
    EXPECT_LE(ever.size(), 256U);  // Four pools of 64, however many chunks came and went.
  }
  EXPECT_EQ(context.messages().count(), 0U);
}

}  // namespace
}  // namespace flux::test
