#pragma once

#include <flux/device.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace flux::app {

/// The budget of a Flux device and what it can do, as `flux info` shows it.
[[nodiscard]] inline nlohmann::ordered_json capsInfo(Device& device) {
  const DeviceCaps& caps = device.caps();
  const MemoryBudget budget = device.budget();
  nlohmann::ordered_json alignments = nlohmann::ordered_json::object();
  for (std::size_t kind = 0; kind < kPartKindCount; ++kind) {
    alignments[std::string(toString(static_cast<PartKind>(kind)))] = caps.partAlignmentBytes[kind];
  }
  return {{"budgetBytes", budget.budgetBytes},         {"budgetFromSystem", budget.fromSystem},
          {"maxChunkBytes", caps.maxChunkBytes},       {"maxAllocations", caps.maxAllocations},
          {"unifiedMemory", caps.unifiedMemory},       {"bufferAddresses", caps.bufferAddresses},
          {"directWriteBytes", caps.directWriteBytes}, {"partAlignmentBytes", alignments}};
}

/// A device of a back end that always can be used, as `flux info` shows it.
[[nodiscard]] inline nlohmann::ordered_json deviceInfo(Device& device) {
  const DeviceCaps& caps = device.caps();
  nlohmann::ordered_json info{{"name", caps.deviceName}, {"driver", caps.driverName}};
  info["flux"] = {{"usable", true}};
  info["flux"].update(capsInfo(device));
  return info;
}

}  // namespace flux::app
