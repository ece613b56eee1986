// The same as triangle.cpp with one thread and one queue: the thread that draws also adds, steps and publishes. Nothing
// blocks on itself, and no lock is needed.

#include "vulkan_setup.hpp"

#include <flux/pool.hpp>
#include <flux/vulkan.hpp>

#include <array>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

namespace {

constexpr std::array<float, 15> kVertices{0.0F, -0.8F, 1, 0, 0, 0.8F, 0.8F, 0, 1, 0, -0.8F, 0.8F, 0, 0, 1};
constexpr std::array<std::uint32_t, 3> kIndices{0, 1, 2};
constexpr flux::PartId kVertexPart{0};
constexpr flux::PartId kIndexPart{1};
constexpr flux::QueueId kDrawQueue{1};  // the first of VulkanDeviceDesc::timelines

/// The value of a result; its error ends the program.
template <class T>
T must(flux::Result<T> result) {
  if (!result) throw std::runtime_error(flux::describe(result.error()));
  return std::move(*result);
}

/// Flux adopts the device. It copies on the queue on which we draw, from this same thread.
std::unique_ptr<flux::VulkanDevice> adopt(sample::Vulkan& vulkan) {
  flux::VulkanDeviceDesc desc;
  desc.getInstanceProcAddr = vkGetInstanceProcAddr;
  desc.instance = vulkan.instance;
  desc.physicalDevice = vulkan.physicalDevice;
  desc.device = vulkan.device;
  desc.enabledFeatures = &vulkan.features;
  desc.copyQueue = vulkan.queue;
  desc.copyQueueFamily = vulkan.queueFamily;
  desc.timelines = std::span(&vulkan.timeline, 1);
  return must(flux::VulkanDevice::create(desc));
}

/// One block holds all that belongs together: here vertices and indices.
flux::BlockHandle addTriangle(flux::Pool& pool) {
  const std::array<flux::PartDesc, 2> parts{
      {{flux::PartKind::Vertex, sizeof(kVertices), flux::Source::bytes(std::as_bytes(std::span(kVertices)))},
       {flux::PartKind::Index, sizeof(kIndices), flux::Source::bytes(std::as_bytes(std::span(kIndices)))}}};
  return must(pool.add({.name = "triangle", .parts = parts}));
}

/// Draws one frame; true if the triangle was in it.
bool drawFrame(sample::Vulkan& vulkan, sample::Canvas& canvas, flux::VulkanDevice& device, flux::Pool& pool,
               flux::BlockHandle triangle) {
  flux::Frame frame = pool.beginFrame();  // from here on nothing that we find moves or goes away
  const flux::PartLookup vertices = frame.find(triangle, kVertexPart);
  const flux::PartLookup indices = frame.find(triangle, kIndexPart);
  VkCommandBuffer commands = canvas.begin();
  if (vertices.drawable()) {
    const VkBuffer buffer = flux::vulkanBuffer(vertices.place.buffer);
    vkCmdBindVertexBuffers(commands, 0, 1, &buffer, &vertices.place.offset);
    vkCmdBindIndexBuffer(commands, buffer, indices.place.offset, VK_INDEX_TYPE_UINT32);
    vkCmdDrawIndexed(commands, static_cast<std::uint32_t>(kIndices.size()), 1, 0, 0, 0);
  }
  canvas.end();
  std::vector<VkSemaphore> semaphores;
  std::vector<std::uint64_t> values;
  for (const flux::QueueValue& wait : frame.waits()) {
    semaphores.push_back(wait.queue == flux::kCopyQueue ? device.copyTimeline() : vulkan.timeline);
    values.push_back(wait.value);
  }
  const std::uint64_t value = vulkan.submit(commands, semaphores, values);
  frame.submitted(kDrawQueue, value);  // what the frame found stays in place until the queue is past this
  frame.end();
  vulkan.wait(value);  // this sample has a single command buffer
  return vertices.drawable();
}

}  // namespace

int main() try {
  sample::Vulkan vulkan;
  const auto device = adopt(vulkan);
  const auto pool = must(flux::Pool::create(*device, {}));
  sample::Canvas canvas(vulkan);
  const flux::BlockHandle triangle = addTriangle(*pool);

  do {
    must(pool->step());  // submits copies, takes note of finished ones, reclaims; never waits
    pool->publish();     // frames that begin from now on see what has arrived
  } while (!drawFrame(vulkan, canvas, *device, *pool, triangle));
  return canvas.write("triangle_single_thread.png") > 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "triangle_single_thread: %s\n", error.what());
  return 1;
}
