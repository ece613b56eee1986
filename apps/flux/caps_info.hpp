#pragma once

#include <flux/device.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace flux::app {

/// What a Flux device can do, as `flux info` shows it.
[[nodiscard]] inline nlohmann::ordered_json capsInfo(const DeviceCaps& caps) {
  nlohmann::ordered_json alignments = nlohmann::ordered_json::object();
  for (std::size_t kind = 0; kind < kPartKindCount; ++kind) {
    alignments[std::string(toString(static_cast<PartKind>(kind)))] = caps.partAlignmentBytes[kind];
  }
  return {{"maxChunkBytes", caps.maxChunkBytes},
          {"maxAllocations", caps.maxAllocations},
          {"unifiedMemory", caps.unifiedMemory},
          {"bufferAddresses", caps.bufferAddresses},
          {"partAlignmentBytes", alignments}};
}

[[nodiscard]] inline nlohmann::ordered_json budgetInfo(const MemoryBudget& budget) {
  return {{"budgetBytes", budget.budgetBytes}, {"budgetFromSystem", budget.fromSystem}};
}

}  // namespace flux::app
