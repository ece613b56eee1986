#pragma once

/// The ids of a block's parts while parts come and go.

#include <flux/types.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace flux {

/// Which parts a block has, in the order of their ids' indices, and which index the next one gets. It knows kinds and
/// sizes, and no places: those stand in the block's layout, and the free ones in its `AllocationMap`.
///
/// **Thread contract.** None: one thread at a time.
///
/// **Invariants.** Two parts never had the same id: each time an index is used again its generation grows, and an index
/// whose generation would wrap is not used again. The lowest index that is free is taken, so that layouts stay short.
class PartTable {
 public:
  struct Part {
    std::uint32_t bytes = 0;  ///< 0: the index is free.
    std::uint16_t generation = 0;
    PartKind kind = PartKind::Vertex;
    bool shown = false;  ///< The block's layout has it; otherwise its bytes are still on their way.
  };
  static_assert(sizeof(Part) == 8);

  /// O(1) amortised. nullopt: all `kMaxPartIndices` are in use. REQUIRES: not 0 bytes.
  std::optional<PartId> add(PartKind kind, std::uint32_t bytes);

  /// O(1). REQUIRES: the part is here.
  void remove(PartId part);

  /// Null when the id is not that of a part that is here. O(1).
  [[nodiscard]] const Part* find(PartId part) const;
  [[nodiscard]] Part* find(PartId part) { return const_cast<Part*>(static_cast<const PartTable*>(this)->find(part)); }

  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// By index, free ones included.
  [[nodiscard]] std::span<const Part> parts() const { return parts_; }
  [[nodiscard]] PartId idAt(std::uint32_t index) const { return makePartId(index, parts_[index].generation); }
  /// Of the heap, for reports.
  [[nodiscard]] std::size_t heapBytes() const { return parts_.capacity() * sizeof(Part); }

 private:
  std::vector<Part> parts_;
  std::uint32_t count_ = 0;
  std::uint32_t firstFree_ = 0;  ///< No index below it is free.
};

}  // namespace flux
