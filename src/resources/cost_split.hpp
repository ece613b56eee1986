#pragma once

#include <cstdint>
#include <span>

namespace flux {

/// Cuts a list into contiguous parts of nearly equal cost: `ends[k]` becomes the end of part k, which begins where the
/// part before it ends. O(costs + parts), integers only. A cost of 0 counts as 1.
///
/// No part costs more than the mean part and the most expensive item together. None is empty if there are enough items.
void splitByCost(std::span<const std::uint32_t> costs, std::span<std::uint32_t> ends) noexcept;

}  // namespace flux
