// Uses Flux's Vulkan back end and nothing else. What it calls needs the library, but neither a loader nor a driver.

#include "fail.hpp"

#include <flux/pool.hpp>
#include <flux/vulkan.hpp>

int main() {
  if (flux::chooseVulkanMemory(VkPhysicalDeviceMemoryProperties{})) return fail("chose memory where there is none");
  const auto device = flux::VulkanDevice::create({});
  if (device) return fail("made a device of nothing");
  if (device.error().code != flux::ErrorCode::InvalidArgument) return fail(flux::describe(device.error()));
  return 0;
}
