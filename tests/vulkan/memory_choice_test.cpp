#include "device/vulkan/memory_choice.hpp"

#include <flux/vulkan.hpp>

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>

namespace flux {
namespace {

constexpr VkMemoryPropertyFlags kDeviceLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

struct Heap {
  ByteCount bytes;
  bool deviceLocal;
};

VkPhysicalDeviceMemoryProperties memory(std::initializer_list<Heap> heaps, std::initializer_list<VkMemoryType> types) {
  VkPhysicalDeviceMemoryProperties made{};
  for (const Heap& heap : heaps) {
    made.memoryHeaps[made.memoryHeapCount++] = {
        heap.bytes, heap.deviceLocal ? VkMemoryHeapFlags{VK_MEMORY_HEAP_DEVICE_LOCAL_BIT} : 0U};
  }
  for (const VkMemoryType& type : types) made.memoryTypes[made.memoryTypeCount++] = type;
  return made;
}

struct Case {
  const char* name;
  VkPhysicalDeviceMemoryProperties properties;
  std::uint32_t chunk;
  std::uint32_t staging;
  ByteCount direct = 0;
  std::optional<ByteCount> wanted = std::nullopt;
};

class MemoryChoiceTest : public testing::TestWithParam<Case> {};

TEST_P(MemoryChoiceTest, TakesTheExpectedTypes) {
  const auto choice = chooseVulkanMemory(GetParam().properties, ~0U, GetParam().wanted);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->directWriteBytes, GetParam().direct);
  EXPECT_EQ(choice->chunkType, GetParam().chunk) << choice->chunkReason;
  EXPECT_EQ(choice->stagingType, GetParam().staging) << choice->stagingReason;
  EXPECT_FALSE(choice->chunkReason.empty());
  EXPECT_FALSE(choice->stagingReason.empty());
}

TEST(ListMemoryChoice, IsCoherentAndInTheDeviceIfItCan) {
  const auto withWindow =
      memory({{8 * kGiB, true}, {16 * kGiB, false}, {256 * kMiB, true}}, {{kDeviceLocal, 0},
                                                                          {kVisible | kCoherent, 1},
                                                                          {kDeviceLocal | kVisible, 2},
                                                                          {kDeviceLocal | kVisible | kCoherent, 2}});
  EXPECT_EQ(vulkan::chooseListMemory(withWindow, ~0U).value().type, 3U);
  EXPECT_EQ(vulkan::chooseListMemory(withWindow, 0b0111).value().type, 1U);
  const auto refused = vulkan::chooseListMemory(withWindow, 0b0101);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
}

TEST(StagingMemoryChoice, IsCoherentAndCachedForReadback) {
  const auto properties = memory({{8 * kGiB, true}, {16 * kGiB, false}}, {{kDeviceLocal, 0},
                                                                          {kVisible | kCoherent, 1},
                                                                          {kVisible | kCached, 1},
                                                                          {kVisible | kCoherent | kCached, 1},
                                                                          {kDeviceLocal | kVisible | kCached, 0}});
  EXPECT_EQ(vulkan::chooseStagingMemory(properties, ~0U, true).value().type, 3U);
  EXPECT_EQ(vulkan::chooseStagingMemory(properties, ~0U, false).value().type, 1U);
  EXPECT_EQ(vulkan::chooseStagingMemory(properties, 0b10111, true).value().type, 1U);
  const auto refused = vulkan::chooseStagingMemory(properties, 0b10101, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
}

INSTANTIATE_TEST_SUITE_P(
    Of, MemoryChoiceTest,
    testing::Values(Case{"DiscreteWithASmallWindow",
                         memory({{8 * kGiB, true}, {16 * kGiB, false}, {256 * kMiB, true}},
                                {{kVisible | kCoherent | kCached, 1},
                                 {kVisible | kCoherent, 1},
                                 {kDeviceLocal | kVisible | kCoherent, 2},
                                 {kDeviceLocal, 0}}),
                         3, 1},
                    Case{"DiscreteWithAResizableBar",
                         memory({{24 * kGiB, true}, {64 * kGiB, false}}, {{0, 1},
                                                                          {kDeviceLocal | kVisible | kCoherent, 0},
                                                                          {kDeviceLocal, 0},
                                                                          {kVisible | kCoherent, 1},
                                                                          {kVisible | kCoherent | kCached, 1}}),
                         1, 3, 64 * kKiB},
                    Case{"TheSameWhereAllGoesByCopies",
                         memory({{24 * kGiB, true}, {64 * kGiB, false}}, {{0, 1},
                                                                          {kDeviceLocal | kVisible | kCoherent, 0},
                                                                          {kDeviceLocal, 0},
                                                                          {kVisible | kCoherent, 1},
                                                                          {kVisible | kCoherent | kCached, 1}}),
                         2, 3, 0, 0},
                    Case{"TheSameWhereNothingIsStaged",
                         memory({{24 * kGiB, true}, {64 * kGiB, false}}, {{0, 1},
                                                                          {kDeviceLocal | kVisible | kCoherent, 0},
                                                                          {kDeviceLocal, 0},
                                                                          {kVisible | kCoherent, 1},
                                                                          {kVisible | kCoherent | kCached, 1}}),
                         1, 4, kAllBytes, kAllBytes},
                    Case{"DiscreteWithMappableMemoryThatNeedsAFlush",
                         memory({{24 * kGiB, true}, {64 * kGiB, false}},
                                {{kDeviceLocal, 0}, {kDeviceLocal | kVisible, 0}, {kVisible | kCoherent, 1}}),
                         0, 2},
                    Case{"DiscreteThatIsAllMappable",
                         memory({{24 * kGiB, true}, {64 * kGiB, false}},
                                {{kVisible | kCoherent | kCached, 1}, {kDeviceLocal | kVisible | kCoherent, 0}}),
                         1, 0, 64 * kKiB},
                    Case{"Integrated",
                         memory({{12 * kGiB, true}}, {{kDeviceLocal, 0},
                                                      {kDeviceLocal | kVisible | kCoherent | kCached, 0},
                                                      {kDeviceLocal | kVisible | kCoherent, 0}}),
                         2, 1, kAllBytes},
                    Case{"IntegratedWhereAllGoesByCopies",
                         memory({{12 * kGiB, true}}, {{kDeviceLocal, 0},
                                                      {kDeviceLocal | kVisible | kCoherent | kCached, 0},
                                                      {kDeviceLocal | kVisible | kCoherent, 0}}),
                         0, 2, 0, 0},
                    Case{"IntegratedWithACarveOut",
                         memory({{512 * kMiB, true}, {12 * kGiB, false}},
                                {{kDeviceLocal, 0}, {kVisible | kCoherent, 1}, {kVisible | kCoherent | kCached, 1}}),
                         0, 1},
                    Case{"OneTypeForAll",
                         memory({{2 * kGiB, true}}, {{kDeviceLocal | kVisible | kCoherent | kCached, 0}}), 0, 0,
                         kAllBytes},
                    Case{"PrefersCoherentToUncached",
                         memory({{4 * kGiB, true}, {4 * kGiB, false}},
                                {{kDeviceLocal, 0}, {kVisible, 1}, {kVisible | kCoherent | kCached, 1}}),
                         0, 2},
                    Case{"NeverTakesProtectedOrLazyMemory",
                         memory({{4 * kGiB, false}, {4 * kGiB, true}},
                                {{kDeviceLocal | VK_MEMORY_PROPERTY_PROTECTED_BIT, 1},
                                 {kDeviceLocal | VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT, 1},
                                 {kVisible | kCoherent | VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD, 0},
                                 {kVisible | kCoherent, 0},
                                 {kDeviceLocal | kVisible | kCoherent, 1}}),
                         4, 3, 64 * kKiB}),
    [](const testing::TestParamInfo<Case>& tested) { return tested.param.name; });

TEST(MemoryChoice, TakesOnlyAllowedTypes) {
  const auto properties =
      memory({{4 * kGiB, true}},
             {{kDeviceLocal, 0}, {kDeviceLocal, 0}, {kVisible | kCoherent | kCached, 0}, {kVisible | kCoherent, 0}});
  const auto choice = chooseVulkanMemory(properties, 0b0110);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->chunkType, 1U);
  EXPECT_EQ(choice->stagingType, 2U);
}

TEST(MemoryChoice, NamesWhatIsMissing) {
  const auto noDeviceLocal = chooseVulkanMemory(memory({{kGiB, false}}, {{kVisible | kCoherent, 0}}));
  ASSERT_FALSE(noDeviceLocal);
  EXPECT_EQ(noDeviceLocal.error().code, ErrorCode::Unsupported);
  EXPECT_NE(noDeviceLocal.error().resourceName().find("device-local"), std::string_view::npos);
  const auto noVisible = chooseVulkanMemory(memory({{kGiB, true}}, {{kDeviceLocal, 0}}));
  ASSERT_FALSE(noVisible);
  EXPECT_NE(noVisible.error().resourceName().find("coherent memory"), std::string_view::npos);
}

}  // namespace
}  // namespace flux
