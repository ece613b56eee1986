#include "vulkan/queue_choice.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace flux::app {
namespace {

VkQueueFamilyProperties family(VkQueueFlags flags, std::uint32_t queues) {
  VkQueueFamilyProperties made{};
  made.queueFlags = flags;
  made.queueCount = queues;
  return made;
}
constexpr VkQueueFlags kAll = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT;

TEST(QueueChoice, PrefersAFamilyThatComputesAndDoesNotDraw) {
  const std::vector families{family(kAll, 16), family(VK_QUEUE_TRANSFER_BIT | VK_QUEUE_SPARSE_BINDING_BIT, 2),
                             family(VK_QUEUE_COMPUTE_BIT | VK_QUEUE_VIDEO_DECODE_BIT_KHR, 1),
                             family(VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT, 8)};
  const auto choice = chooseQueues(families, true);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->drawFamily, 0U);
  EXPECT_EQ(choice->copyFamily, 3U);
  EXPECT_EQ(choice->copyIndex, 0U);
  EXPECT_TRUE(choice->separate());
}

TEST(QueueChoice, ElseTakesASecondQueueOfTheDrawFamily) {
  const std::vector families{family(VK_QUEUE_COMPUTE_BIT, 0), family(kAll, 2), family(VK_QUEUE_TRANSFER_BIT, 2)};
  const auto choice = chooseQueues(families, true);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->drawFamily, 1U);
  EXPECT_EQ(choice->copyFamily, 1U);
  EXPECT_EQ(choice->copyIndex, 1U);
  EXPECT_TRUE(choice->separate());
}

TEST(QueueChoice, ElseTakesAFamilyThatOnlyCopies) {
  const std::vector families{family(kAll, 1), family(VK_QUEUE_TRANSFER_BIT | VK_QUEUE_VIDEO_DECODE_BIT_KHR, 1),
                             family(VK_QUEUE_TRANSFER_BIT | VK_QUEUE_SPARSE_BINDING_BIT, 2)};
  const auto choice = chooseQueues(families, true);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->copyFamily, 2U);
  EXPECT_TRUE(choice->separate());
}

TEST(QueueChoice, SharesTheOnlyQueue) {
  const std::vector families{family(kAll, 1)};
  const auto choice = chooseQueues(families, true);
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->separate());
}

TEST(QueueChoice, SharesTheDrawQueueWhenAsked) {
  const std::vector families{family(kAll, 2), family(VK_QUEUE_TRANSFER_BIT, 1)};
  const auto choice = chooseQueues(families, false);
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->separate());
}

TEST(QueueChoice, NeedsAFamilyThatDrawsAndComputes) {
  const std::vector families{family(VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT, 1), family(VK_QUEUE_GRAPHICS_BIT, 1)};
  EXPECT_FALSE(chooseQueues(families, true));
}

}  // namespace
}  // namespace flux::app
