#include "vulkan/context.hpp"

#include "failure.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace flux::app {
namespace {

TEST(VulkanContext, TakesADeviceByNumberAndByPartOfItsName) {
  const VulkanContext best({});
  const std::string name = best.properties().deviceName;
  EXPECT_EQ(VulkanContext({.deviceName = "0"}).properties().deviceName, name);
  EXPECT_EQ(VulkanContext({.deviceName = name.substr(1, 4)}).properties().deviceName, name);
}

TEST(VulkanContext, NamesADeviceThatIsNotThere) {
  try {
    const VulkanContext context({.deviceName = "Voodoo 2"});
    FAIL() << "found " << context.properties().deviceName;
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("Voodoo 2"), std::string::npos);
    EXPECT_EQ(failure.exitCode(), 1);
  }
}

TEST(VulkanContext, CopiesOnTheDrawQueueWhenAsked) {
  const VulkanContext context({.separateCopyQueue = false});
  EXPECT_FALSE(context.queues().separate());
}

TEST(VulkanContext, SeveralMayExistAtOnce) {
  VulkanContext first({});
  VulkanContext second({});
  EXPECT_NE(first.vulkanDevice(), second.vulkanDevice());
  EXPECT_TRUE(first.device().submit({}));
  EXPECT_TRUE(second.device().submit({}));
}

TEST(DeviceMessages, AreCountedFromAllThreadsAndTheFirstAreKept) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 1000;
  DeviceMessages messages;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&messages] {
        for (std::size_t k = 0; k < kEach; ++k) messages.add("hazard");
      });
    }
  }
  EXPECT_EQ(messages.count(), kThreads * kEach);
  EXPECT_EQ(messages.first(), std::vector<std::string>(DeviceMessages::kKeptTexts, "hazard"));
  messages.clear();
  EXPECT_EQ(messages.count(), 0U);
  EXPECT_TRUE(messages.first().empty());
}

}  // namespace
}  // namespace flux::app
