#pragma once

/// What a back end keeps by the index of a chunk or staging page.

#include <flux/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flux {

/// The free slot of an index, made if need be. A slot is true while it is in use.
template <class Slot>
Slot& freeSlot(std::vector<Slot>& slots, std::uint32_t index) {
  if (index >= slots.size()) slots.resize(index + std::size_t{1});
  FLUX_ASSERT(!slots[index], "a new chunk or staging page has an index that is not in use");
  return slots[index];
}

template <class Slot>
Slot& usedSlot(std::vector<Slot>& slots, std::uint32_t index) {
  FLUX_ASSERT(index < slots.size() && slots[index], "the index of a chunk or staging page is in use");
  return slots[index];
}

}  // namespace flux
