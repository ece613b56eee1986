#pragma once

#include "base/rounding.hpp"

#include <flux/types.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "player.hpp"

namespace flux::bench {

/// The smallest allocator that one can write: free ranges in a vector by address, the first that fits. O(free ranges).
class FirstFit {
 public:
  using Held = HeldBytes;

  explicit FirstFit(const OneSpace& space) : spaceBytes_(space.bytes), alignment_(space.alignment) {
    free_.push_back({0, space.bytes / alignment_ * alignment_});
  }

  Held allocate(ByteCount bytes) {
    bytes = roundUp(bytes, alignment_);
    const auto found = std::ranges::find_if(free_, [&](const Held& range) { return range.bytes >= bytes; });
    if (found == free_.end()) return {};
    const Held held{found->offset, bytes};
    if (found->bytes == bytes) {
      free_.erase(found);
    } else {
      *found = {found->offset + bytes, found->bytes - bytes};
    }
    return held;
  }

  void free(const Held& held) {
    const auto after = std::ranges::lower_bound(free_, held.offset, {}, &Held::offset);
    const bool joinsAfter = after != free_.end() && held.offset + held.bytes == after->offset;
    const bool joinsBefore =
        after != free_.begin() && std::prev(after)->offset + std::prev(after)->bytes == held.offset;
    if (joinsBefore) {
      std::prev(after)->bytes += held.bytes + (joinsAfter ? after->bytes : 0);
      if (joinsAfter) free_.erase(after);
    } else if (joinsAfter) {
      *after = {held.offset, held.bytes + after->bytes};
    } else {
      free_.insert(after, held);
    }
  }

  [[nodiscard]] Place place(const Held& held) const { return {0, held.offset}; }
  [[nodiscard]] Footprint footprint() const { return {spaceBytes_, 1, 1}; }

 private:
  ByteCount spaceBytes_;
  ByteCount alignment_;
  std::vector<Held> free_;
};

}  // namespace flux::bench
