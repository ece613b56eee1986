#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

namespace flux::test {

/// The live ranges of one space, size by offset: what an allocator is compared with.
using LiveRanges = std::map<std::uint64_t, std::uint64_t>;

/// Whether a gap of a space of `spaceUnits` holds `units` at a multiple of `alignment`.
inline bool anyGapHolds(const LiveRanges& live, std::uint64_t spaceUnits, std::uint64_t units,
                        std::uint64_t alignment) {
  std::uint64_t begin = 0;
  const auto holds = [&](std::uint64_t end) { return (begin + alignment - 1) / alignment * alignment + units <= end; };
  for (const auto& [offset, size] : live) {
    if (holds(offset)) return true;
    begin = offset + size;
  }
  return holds(spaceUnits);
}

}  // namespace flux::test
