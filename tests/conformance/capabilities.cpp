#include "conformance/capabilities.hpp"

#include <flux/types.hpp>

namespace flux::test {

std::string_view nameOf(Capability capability) noexcept {
  switch (capability) {
    case Capability::AddressesInShaders:
      return "addresses in shaders";
    case Capability::UnifiedMemory:
      return "unified memory";
    case Capability::DirectWrites:
      return "direct writes";
    case Capability::BudgetOfTheSystem:
      return "budget from the system";
    case Capability::BoundedAllocations:
      return "bounded allocations";
  }
  return "";
}

bool claims(Device& device, Capability capability) {
  switch (capability) {
    case Capability::AddressesInShaders:
      return device.caps().bufferAddresses;
    case Capability::UnifiedMemory:
      return device.caps().unifiedMemory;
    case Capability::DirectWrites:
      return device.caps().directWriteBytes != 0;
    case Capability::BudgetOfTheSystem:
      return device.budget().fromSystem;
    case Capability::BoundedAllocations:
      return device.caps().maxAllocations < kMaxChunks;
  }
  return false;
}

}  // namespace flux::test
