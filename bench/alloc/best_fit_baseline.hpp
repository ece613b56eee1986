#pragma once

#include "base/rounding.hpp"

#include <flux/types.hpp>

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "player.hpp"

namespace flux::bench {

/// What one writes first: exact best fit in one space with ordered containers; of equal ranges the lowest. O(log n),
/// one heap allocation a node.
class BestFit {
 public:
  using Held = HeldBytes;

  explicit BestFit(const OneSpace& space) : spaceBytes_(space.bytes), alignment_(space.alignment) {
    insert(0, space.bytes / alignment_ * alignment_);
  }

  Held allocate(ByteCount bytes) {
    bytes = roundUp(bytes, alignment_);
    const auto found = bySize_.lower_bound({bytes, 0});
    if (found == bySize_.end()) return {};
    const auto [size, offset] = *found;
    bySize_.erase(found);
    byOffset_.erase(offset);
    if (size != bytes) insert(offset + bytes, size - bytes);
    return {offset, bytes};
  }

  void free(Held held) {
    auto after = byOffset_.lower_bound(held.offset);
    if (after != byOffset_.end() && after->first == held.offset + held.bytes) {
      held.bytes += after->second;
      after = erase(after);
    }
    if (after != byOffset_.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second == held.offset) {
        held = {before->first, held.bytes + before->second};
        erase(before);
      }
    }
    insert(held.offset, held.bytes);
  }

  [[nodiscard]] Place place(const Held& held) const { return {0, held.offset}; }
  [[nodiscard]] Footprint footprint() const { return {spaceBytes_, 1, 1}; }

 private:
  using ByOffset = std::map<ByteOffset, ByteCount>;

  void insert(ByteOffset offset, ByteCount bytes) {
    bySize_.emplace(bytes, offset);
    byOffset_.emplace(offset, bytes);
  }

  ByOffset::iterator erase(ByOffset::iterator range) {
    bySize_.erase({range->second, range->first});
    return byOffset_.erase(range);
  }

  ByteCount spaceBytes_;
  ByteCount alignment_;
  std::set<std::pair<ByteCount, ByteOffset>> bySize_;
  ByOffset byOffset_;
};

}  // namespace flux::bench
