#include "resources/cost_split.hpp"

#include <algorithm>
#include <cstddef>

namespace flux {
namespace {

std::uint64_t costOf(std::uint32_t cost) noexcept {
  return std::max(cost, 1U);
}

}  // namespace

void splitByCost(std::span<const std::uint32_t> costs, std::span<std::uint32_t> ends) noexcept {
  std::uint64_t total = 0;
  for (const std::uint32_t cost : costs) total += costOf(cost);
  const std::size_t parts = ends.size();
  std::size_t item = 0;
  std::uint64_t before = 0;  // What the items before `item` cost.
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = item;
    const std::uint64_t target = total / parts * (part + 1) + total % parts * (part + 1) / parts;
    // Each of the later parts gets an item at least.
    const std::size_t later = parts - 1 - part;
    const std::size_t last = costs.size() - std::min(later, costs.size());
    // An item across the target goes to the side on which more of it lies: no end is off by more than half an item.
    while (item < last && (item == begin || 2 * before + costOf(costs[item]) < 2 * target))
      before += costOf(costs[item++]);
    if (later == 0) item = costs.size();
    ends[part] = static_cast<std::uint32_t>(item);
  }
}

}  // namespace flux
