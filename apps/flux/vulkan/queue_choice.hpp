#pragma once

#include <flux/vulkan.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace flux::app {

/// Where draws and copies go. With `copyFamily == drawFamily` and `copyIndex == 0` they share queue 0.
struct QueueChoice {
  std::uint32_t drawFamily = 0;
  std::uint32_t copyFamily = 0;
  std::uint32_t copyIndex = 0;
  std::string copyReason;

  [[nodiscard]] bool separate() const noexcept { return copyFamily != drawFamily || copyIndex != 0; }
};

/// Pure. Draws: the first family with graphics and compute. Copies, if `separateCopyQueue`: a family that computes but
/// does not draw, else a second queue of the draw family (both can run the copy kernel), else a family that only
/// copies, else the draw queue. Why compute comes first: docs/design/moving-bytes.md. Nothing when no family draws and
/// computes.
[[nodiscard]] std::optional<QueueChoice> chooseQueues(std::span<const VkQueueFamilyProperties> families,
                                                      bool separateCopyQueue);

}  // namespace flux::app
