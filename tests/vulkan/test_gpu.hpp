#pragma once

/// A validated Vulkan device for tests, and an application's way of reading chunks on it.

#include "device/device_test_tools.hpp"
#include "vulkan/context.hpp"
#include "vulkan/interceptor.hpp"

#include <flux/vulkan.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace flux::test {

/// How an application's submission reads a chunk.
enum class ReadBy { Copy, Compute, Vertices };

/// Plays the application: submits reads of chunks to the draw queue.
///
/// **Thread contract.** One thread. Waits for everything it submitted when it ends.
class ChunkReader {
 public:
  explicit ChunkReader(app::VulkanContext& context);
  ~ChunkReader();
  ChunkReader(const ChunkReader&) = delete;
  ChunkReader& operator=(const ChunkReader&) = delete;

  /// Reads [offset, offset + bytes) after `copyTimeline` has reached `copied`, or without any wait if there is no such
  /// value. Returns the value on the application's timeline.
  TimelineValue submit(ReadBy by, VkBuffer buffer, ByteOffset offset, ByteCount bytes, VkSemaphore copyTimeline,
                       std::optional<TimelineValue> copied);

  /// Copies to the host and waits: what a range holds once `copied` is reached.
  [[nodiscard]] std::vector<std::byte> read(VkBuffer buffer, ByteOffset offset, ByteCount bytes,
                                            VkSemaphore copyTimeline, TimelineValue copied);

 private:
  static constexpr ByteCount kResultBytes = 4 * kMiB;

  void createResultBuffer();
  void createComputePipeline();
  void createVertexPipeline();
  void recordCompute(VkCommandBuffer commands, VkBuffer buffer, ByteOffset offset, ByteCount bytes);
  void recordVertices(VkCommandBuffer commands, VkBuffer buffer, ByteOffset offset, ByteCount bytes);
  void waitForAll();

  app::VulkanContext& context_;
  VkDevice device_;
  TimelineValue submitted_ = 0;
  VkCommandPool commandPool_ = VK_NULL_HANDLE;
  VkBuffer result_ = VK_NULL_HANDLE;
  VkDeviceMemory resultMemory_ = VK_NULL_HANDLE;
  const std::byte* mapped_ = nullptr;
  VkDescriptorSetLayout setLayout_ = VK_NULL_HANDLE;
  VkDescriptorPool descriptorPool_ = VK_NULL_HANDLE;
  VkPipelineLayout pipelineLayout_ = VK_NULL_HANDLE;
  VkPipeline computePipeline_ = VK_NULL_HANDLE;
  VkPipeline vertexPipeline_ = VK_NULL_HANDLE;
};

/// Destroys a Flux device once its queue is idle: lavapipe 22 still touches pipelines and command buffers for a moment
/// after it has signalled that their work is done (docs/validation.md).
struct WhenIdle {
  app::VulkanContext* context = nullptr;
  void operator()(VulkanDevice* device) const;
};
using TestDevice = std::unique_ptr<VulkanDevice, WhenIdle>;

/// A test with a device under validation. One message, also about leaked objects, fails the test.
class VulkanTest : public testing::Test {
 protected:
  VulkanTest();
  ~VulkanTest() override;

  [[nodiscard]] app::VulkanContext& context() { return *context_; }
  [[nodiscard]] VulkanDevice& device() { return context_->device(); }

  /// One more Flux device on the same Vulkan device, through the interceptor that there is.
  [[nodiscard]] TestDevice interceptedDevice(const VulkanCopyCrossover& crossover);

  [[nodiscard]] TestDevice whenIdle(std::unique_ptr<VulkanDevice> device) {
    return TestDevice(device.release(), {&context()});
  }
  void waitUntilIdle() { WhenIdle{&context()}(nullptr); }

  /// For tests that plant mistakes: takes the messages so far.
  [[nodiscard]] std::vector<std::string> takeMessages();

  app::DeviceMessages messages_;

 private:
  std::optional<app::VulkanContext> context_;
};

/// Makes a staging page that holds `bytes`, sealed.
void openPage(Device& device, StagingIndex index, std::span<const std::byte> bytes);

/// Waits for the copy queue, for at most half a minute.
void waitForCopies(Device& device, TimelineValue value);

}  // namespace flux::test
