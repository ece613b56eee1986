#pragma once

/// Which bytes of a block are free while parts come and go.

#include <flux/snapshot.hpp>
#include <flux/types.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace flux {

/// The allocation map of one block: its free gaps, in address order. The places of the parts themselves stand in the
/// block's layout, so a full block's map is empty.
///
/// **Thread contract.** None: one thread at a time.
///
/// **Units.** Bytes from the start of the block; ranges are rounded up to `kPlaceUnitBytes`, so that parts share no
/// unit.
///
/// **Cost.** Each call is O(gaps): the gaps lie in one array, 8 bytes each, and a block has at most one more than
/// parts.
///
/// **Invariants.** Gaps are in address order, not empty, apart from each other, and inside the block.
class AllocationMap {
 public:
  struct Gap {
    std::uint32_t offset = 0;
    std::uint32_t bytes = 0;
    friend constexpr bool operator==(const Gap&, const Gap&) noexcept = default;
  };

  /// Of no block: nothing fits.
  AllocationMap() = default;
  /// One gap: an empty block. REQUIRES: a multiple of `kPlaceUnitBytes`.
  explicit AllocationMap(std::uint32_t blockBytes);

  /// Takes `bytes` from the smallest gap that fits, the lowest one of several: best fit. `base` is the block's offset
  /// in its chunk: base + result is a multiple of `alignment`, which may be any number from 1. nullopt: no gap fits, or
  /// `bytes` is 0; nothing changes.
  std::optional<std::uint32_t> allocate(ByteCount bytes, std::uint32_t alignment, ByteOffset base = 0);

  /// Takes exactly this range. REQUIRES: it is free.
  void take(std::uint32_t offset, std::uint32_t bytes);

  /// Grows or shrinks a range where it is. False, and nothing changes: the gap behind it is too small.
  bool resize(std::uint32_t offset, std::uint32_t bytes, ByteCount newBytes);

  /// Gives a range back, and merges it with the gaps that it touches. REQUIRES: it is taken.
  void free(std::uint32_t offset, std::uint32_t bytes);

  [[nodiscard]] std::uint32_t totalBytes() const { return totalBytes_; }
  [[nodiscard]] std::uint32_t freeBytes() const { return freeBytes_; }
  [[nodiscard]] std::uint32_t largestGap() const;
  /// 1 - largest gap / free bytes: 0 when all that is free is one gap, or nothing is.
  [[nodiscard]] double fragmentation() const;

  [[nodiscard]] std::span<const Gap> gaps() const { return gaps_; }
  /// Of the heap, for reports.
  [[nodiscard]] std::size_t heapBytes() const { return gaps_.capacity() * sizeof(Gap); }

 private:
  void cut(std::size_t gap, std::uint32_t offset, std::uint32_t bytes);

  std::vector<Gap> gaps_;
  std::uint32_t totalBytes_ = 0;
  std::uint32_t freeBytes_ = 0;
};

}  // namespace flux
