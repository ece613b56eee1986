#include "vulkan/queue_choice.hpp"

#include <algorithm>

namespace flux::app {

std::optional<QueueChoice> chooseQueues(std::span<const VkQueueFamilyProperties> families, bool separateCopyQueue) {
  constexpr VkQueueFlags kDraw = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
  constexpr VkQueueFlags kBesidesCopying =
      ~VkQueueFlags{VK_QUEUE_TRANSFER_BIT | VK_QUEUE_SPARSE_BINDING_BIT | VK_QUEUE_PROTECTED_BIT};
  const auto draws = std::find_if(families.begin(), families.end(), [](const VkQueueFamilyProperties& family) {
    return family.queueCount > 0 && (family.queueFlags & kDraw) == kDraw;
  });
  if (draws == families.end()) return std::nullopt;
  const auto copies = std::find_if(families.begin(), families.end(), [](const VkQueueFamilyProperties& family) {
    return family.queueCount > 0 && (family.queueFlags & VK_QUEUE_TRANSFER_BIT) != 0 &&
           (family.queueFlags & kBesidesCopying) == 0;
  });

  QueueChoice choice;
  choice.drawFamily = static_cast<std::uint32_t>(draws - families.begin());
  choice.copyFamily = choice.drawFamily;
  if (!separateCopyQueue) {
    choice.copyReason = "the draw queue, as asked";
  } else if (copies != families.end()) {
    choice.copyFamily = static_cast<std::uint32_t>(copies - families.begin());
    choice.copyReason = "a family that only copies";
  } else if (draws->queueCount > 1) {
    choice.copyIndex = 1;
    choice.copyReason = "a second queue of the draw family: no family only copies";
  } else {
    choice.copyReason = "the draw queue: the device has no other";
  }
  return choice;
}

}  // namespace flux::app
