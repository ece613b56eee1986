#pragma once

#include <flux/device.hpp>
#include <flux/types.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <vector>

namespace flux {

/// A chunk or a staging page, as one number to sort by.
enum class MemoryKey : std::uint64_t {};
[[nodiscard]] constexpr MemoryKey memoryKey(ChunkIndex chunk) noexcept {
  return MemoryKey{static_cast<std::uint32_t>(chunk)};
}
[[nodiscard]] constexpr MemoryKey memoryKey(StagingIndex page) noexcept {
  return MemoryKey{std::uint64_t{1} << 32U | static_cast<std::uint32_t>(page)};
}

[[nodiscard]] constexpr MemoryKey memoryKey(CopyEnd end) noexcept {
  return end.isPage() ? memoryKey(end.page()) : memoryKey(end.chunk());
}

/// The ranges that one piece of queued work uses: says whether something else overlaps them.
///
/// **Thread contract.** One writer; afterwards any number of readers.
/// **Units.** Bytes. **Invariant.** After `build` the ranges are sorted and neither overlap nor touch.
class UsedRanges {
 public:
  void reserve(std::size_t count) { ranges_.reserve(count); }

  void add(MemoryKey memory, ByteOffset offset, ByteCount bytes) {
    if (bytes != 0) ranges_.push_back({memory, offset, offset + bytes});
  }

  /// Call once, after the last `add` and before the first question. O(n log n).
  /// True when no two of the ranges overlapped.
  bool build() {
    std::sort(ranges_.begin(), ranges_.end(),
              [](const Range& a, const Range& b) { return std::tie(a.memory, a.begin) < std::tie(b.memory, b.begin); });
    bool disjoint = true;
    std::size_t kept = 0;
    for (const Range& range : ranges_) {
      Range* last = kept != 0 ? &ranges_[kept - 1] : nullptr;
      if (last != nullptr && last->memory == range.memory && range.begin <= last->end) {
        disjoint = disjoint && range.begin == last->end;
        last->end = std::max(last->end, range.end);
      } else {
        ranges_[kept++] = range;
      }
    }
    ranges_.resize(kept);
    return disjoint;
  }

  /// O(log n).
  [[nodiscard]] bool overlaps(MemoryKey memory, ByteOffset offset, ByteCount bytes) const noexcept {
    const auto after = std::partition_point(ranges_.begin(), ranges_.end(), [&](const Range& range) {
      return std::tie(range.memory, range.begin) < std::make_tuple(memory, offset + bytes);
    });
    if (bytes == 0 || after == ranges_.begin()) return false;
    const Range& candidate = *std::prev(after);
    return candidate.memory == memory && candidate.end > offset;
  }

 private:
  struct Range {
    MemoryKey memory;
    ByteOffset begin;
    ByteOffset end;
  };
  std::vector<Range> ranges_;
};

}  // namespace flux
