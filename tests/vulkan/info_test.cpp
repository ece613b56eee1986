#include "info.hpp"

#include "direct_writes.hpp"
#include "vulkan/context.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sstream>
#include <string>

namespace flux::app {
namespace {

std::string info(bool json) {
  std::ostringstream out;
  EXPECT_EQ(runInfo({.json = json}, out), 0);
  return out.str();
}

TEST(Info, JsonSaysWhatTheDeviceIsAndWhatFluxChooses) {
  const auto all = nlohmann::json::parse(info(true));
  VulkanContext context({});
  ASSERT_EQ(all["vulkan"]["devices"].size(), 1U);
  const auto& device = all["vulkan"]["devices"][0];
  EXPECT_EQ(device["name"], context.properties().deviceName);
  EXPECT_TRUE(device["preferred"]);
  EXPECT_EQ(device["heaps"].size(), context.memoryProperties().memoryHeapCount);
  EXPECT_EQ(device["heaps"][0]["bytes"], context.memoryProperties().memoryHeaps[0].size);
  EXPECT_EQ(device["memoryTypes"].size(), context.memoryProperties().memoryTypeCount);
  EXPECT_EQ(device["limits"]["nonCoherentAtomSize"], context.properties().limits.nonCoherentAtomSize);
  EXPECT_FALSE(device["queueFamilies"].empty());

  const auto& flux = device["flux"];
  EXPECT_TRUE(flux["usable"]);
  const auto memory = chooseVulkanMemory(context.memoryProperties(), ~0U, wantedDirectWrites());
  ASSERT_TRUE(memory);
  EXPECT_EQ(flux["chunks"]["memoryType"], memory->chunkType);
  EXPECT_EQ(flux["staging"]["memoryType"], memory->stagingType);
  EXPECT_EQ(flux["copyQueue"]["reason"], context.queues().copyReason);
  const VulkanCopyCrossover crossover = context.device().copyCrossover();
  EXPECT_EQ(flux["copyKernel"]["uploadUpToBytes"], crossover.uploadUpToBytes);
  EXPECT_EQ(flux["copyKernel"]["moveUpToBytes"], crossover.moveUpToBytes);
  const auto& alignments = context.device().caps().partAlignmentBytes;
  EXPECT_EQ(flux["partAlignmentBytes"]["uniform"], alignments[static_cast<std::size_t>(PartKind::Uniform)]);
  EXPECT_EQ(flux["partAlignmentBytes"].size(), kPartKindCount);
  EXPECT_TRUE(all["host"]["devices"][0]["flux"]["usable"]);
}

TEST(Info, TextHasALineForEachChoice) {
  const std::string text = info(false);
  for (const char* label : {"Flux 0.", "driver", "heap 0", "memory type 0", "queue family 0", "-> chunks", "-> staging",
                            "-> copies", "-> copy kernel", "-> budget", "-> alignments", "Host"}) {
    EXPECT_NE(text.find(label), std::string::npos) << label;
  }
}

}  // namespace
}  // namespace flux::app
