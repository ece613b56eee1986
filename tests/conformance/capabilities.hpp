#pragma once

/// What may differ between back ends: the rows of the table in docs/backends.md, and nothing else.

#include <flux/device.hpp>

#include <array>
#include <string_view>

namespace flux::test {

enum class Capability { AddressesInShaders, UnifiedMemory, DirectWrites, BudgetOfTheSystem, BoundedAllocations };

inline constexpr std::array kCapabilities{Capability::AddressesInShaders, Capability::UnifiedMemory,
                                          Capability::DirectWrites, Capability::BudgetOfTheSystem,
                                          Capability::BoundedAllocations};

/// As the first column of the table says it.
[[nodiscard]] std::string_view nameOf(Capability capability) noexcept;

/// What a device says of itself.
[[nodiscard]] bool claims(Device& device, Capability capability);

}  // namespace flux::test
