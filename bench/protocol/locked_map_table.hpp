#pragma once

#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "draw_list.hpp"
#include "records.hpp"

namespace flux::bench {

/// What one writes first: a hash map, and a lock that a reader takes for each lookup. Any number of readers.
class LockedMapTable {
 public:
  explicit LockedMapTable(std::uint32_t blocks) {
    map_.reserve(blocks);
    // In the order that nodes have in a world in which blocks have come and gone.
    for (const std::uint32_t index : shuffledIndices(blocks, 9)) update(index, 1);
  }

  void update(std::uint32_t index, std::uint32_t version) {
    const std::unique_lock lock(mutex_);
    Entry& entry = map_[index];
    entry.generation = 1;
    entry.version = version;
    entry.draw = {1 + (index + version) % kChunks, index * kPlaceUnitBytes, 3 * kPlaceUnitBytes};
  }

  /// There is nothing to pin: each lookup sees the newest state.
  [[nodiscard]] LockedMapTable& begin() { return *this; }

  static Draw block(LockedMapTable& table, const BlockHandle& handle) {
    const std::shared_lock lock(table.mutex_);
    const auto found = table.map_.find(handle.index);
    if (found == table.map_.end() || found->second.generation != handle.generation) return {};
    return found->second.draw;
  }

 private:
  struct Entry {
    std::uint32_t generation = 0;
    ContentVersion version = 0;
    Draw draw;
  };
  std::shared_mutex mutex_;
  std::unordered_map<std::uint32_t, Entry> map_;
};

}  // namespace flux::bench
