#include "vulkan/queue_choice.hpp"

#include <algorithm>

namespace flux::app {

std::optional<QueueChoice> chooseQueues(std::span<const VkQueueFamilyProperties> families, bool separateCopyQueue) {
  constexpr VkQueueFlags kDraw = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
  constexpr VkQueueFlags kMayHaveBesides = VK_QUEUE_TRANSFER_BIT | VK_QUEUE_SPARSE_BINDING_BIT | VK_QUEUE_PROTECTED_BIT;
  const auto draws = std::find_if(families.begin(), families.end(), [](const VkQueueFamilyProperties& family) {
    return family.queueCount > 0 && (family.queueFlags & kDraw) == kDraw;
  });
  if (draws == families.end()) return std::nullopt;
  /// The first family that has all of `needed` and, besides what copies may have, nothing else.
  const auto familyOf = [&](VkQueueFlags needed) {
    return std::find_if(families.begin(), families.end(), [needed](const VkQueueFamilyProperties& family) {
      return family.queueCount > 0 && (family.queueFlags & needed) == needed &&
             (family.queueFlags & ~(needed | kMayHaveBesides)) == 0;
    });
  };
  // Families that compute can copy too, whether they say so or not.
  const auto computes = familyOf(VK_QUEUE_COMPUTE_BIT);
  const auto copies = familyOf(VK_QUEUE_TRANSFER_BIT);

  QueueChoice choice;
  choice.drawFamily = static_cast<std::uint32_t>(draws - families.begin());
  choice.copyFamily = choice.drawFamily;
  if (!separateCopyQueue) {
    choice.copyReason = "the draw queue, as asked";
  } else if (computes != families.end()) {
    choice.copyFamily = static_cast<std::uint32_t>(computes - families.begin());
    choice.copyReason = "a family that computes and does not draw, for the copy kernel";
  } else if (draws->queueCount > 1) {
    choice.copyIndex = 1;
    choice.copyReason = "a second queue of the draw family, for the copy kernel: no other family computes";
  } else if (copies != families.end()) {
    choice.copyFamily = static_cast<std::uint32_t>(copies - families.begin());
    choice.copyReason = "a family that only copies";
  } else {
    choice.copyReason = "the draw queue: the device has no other";
  }
  return choice;
}

}  // namespace flux::app
