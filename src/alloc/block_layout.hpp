#pragma once

/// Where the parts of a block lie, and the memory that such layouts live in.

#include <flux/snapshot.hpp>
#include <flux/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace flux {

struct PartRequest {
  PartKind kind = PartKind::Vertex;
  ByteCount bytes = 0;
};

struct LayoutSize {
  std::uint32_t bytes = 0;      ///< Whole block, a multiple of `kPlaceUnitBytes`.
  std::uint32_t alignment = 0;  ///< That the block's offset must have so that every part has its own.
};

/// Places parts one after the other; `out[i]` is the place of `parts[i]`. Offsets are multiples of the kind's
/// alignment (`DeviceCaps::partAlignmentBytes`, any number) and of `kPlaceUnitBytes`, so that no two parts share a
/// unit: sizes stay as given, and a copy may round them up to whole words. Parts lie in the given order, or by falling
/// alignment if the block gets smaller so. O(parts); allocates nothing.
/// nullopt: no part, a part of 0 bytes, or a block or an alignment over 32 bits; `out` is then undefined.
/// REQUIRES: `out` has a place for each part.
[[nodiscard]] std::optional<LayoutSize> layoutParts(std::span<const PartRequest> parts,
                                                    const std::array<std::uint32_t, kPartKindCount>& alignments,
                                                    std::span<PartPlacement> out);

/// Where a part goes when its block is compacted.
struct PartMove {
  PartId part{};
  std::uint32_t from = 0;  ///< Offset in the block as it is.
  std::uint32_t to = 0;    ///< Offset in the new, tight block.
};

/// A tight new layout for the parts that a block still has: `layoutParts` without the gaps. The block is compacted by
/// moving it to a new place, so `from` and `to` may overlap. Ids stay; the moves stand in their order, those that keep
/// their offsets included. `shown[i]` is the part of index i, of 0 bytes where there is none. O(parts).
/// nullopt: as `layoutParts`.
[[nodiscard]] std::optional<LayoutSize> planCompaction(std::span<const PartPlacement> shown,
                                                       const std::array<std::uint32_t, kPartKindCount>& alignments,
                                                       std::vector<PartMove>& moves);

/// The alignment of a kind's offsets: the device's, or that of the table, and whole units.
[[nodiscard]] std::uint32_t partAlignment(PartKind kind, const std::array<std::uint32_t, kPartKindCount>& alignments);

/// Keeps layouts: a `BlockLayout` and its places in one piece of memory, at an address that does not change. Pieces
/// for up to 8 parts come from slabs and are used again for layouts of about as many parts: no heap allocation in
/// steady state. Larger ones, above all those of shared blocks, are as large as they must be, come from the heap and go
/// back to it: rounded up and kept for use again, they would cost twice as much as the layouts that live.
///
/// **Thread contract.** One thread creates and releases; any thread may read a layout while it lives.
///
/// **Invariant.** A layout that a snapshot names does not change until it is released. `edit` is for those that none
/// names yet.
class LayoutStore {
 public:
  LayoutStore();
  ~LayoutStore();
  LayoutStore(const LayoutStore&) = delete;
  LayoutStore& operator=(const LayoutStore&) = delete;

  /// Copies the places, and makes empty ones behind them until there are `count`. REQUIRES: at least one.
  [[nodiscard]] const BlockLayout* create(std::span<const PartPlacement> parts, LayoutSize size,
                                          std::uint32_t count = 0);

  /// The places of a layout, to change, `count` of them: new ones are empty. Empty: it has no room for so many; make a
  /// new one. REQUIRES: no snapshot names the layout, nor will before the changes are done.
  [[nodiscard]] std::span<PartPlacement> edit(const BlockLayout* layout, std::uint32_t count);

  /// As `edit`. The parts stay.
  void setSize(const BlockLayout* layout, LayoutSize size);

  /// Of the heap for one layout, for reports: its piece, and its share of those that nothing uses now.
  [[nodiscard]] std::size_t costBytes(const BlockLayout* layout) const;

  /// REQUIRES: made here, and not released yet.
  void release(const BlockLayout* layout);

  [[nodiscard]] std::size_t liveCount() const { return liveCount_; }
  /// Of all pieces that are live, and of all memory that pieces come from.
  [[nodiscard]] std::size_t liveBytes() const { return liveBytes_; }
  [[nodiscard]] std::size_t heapBytes() const { return heapBytes_; }

  static constexpr std::size_t kSlabGrades = 4;

 private:
  struct Piece;

  static std::size_t pieceBytesOf(std::size_t room);
  static Piece* pieceOf(const BlockLayout* layout);
  static Piece* addPiece(std::byte* memory, std::size_t room);
  Piece* takeUnused(std::size_t grade);
  Piece* addLarge(std::size_t room);
  void addSlab(std::size_t grade);

  std::vector<std::unique_ptr<std::byte[]>> slabs_;
  std::vector<std::unique_ptr<std::byte[]>> large_;
  std::array<Piece*, kSlabGrades> unused_{};  // by grade: room for 2^grade parts
  std::size_t liveCount_ = 0;
  std::size_t liveBytes_ = 0;
  std::size_t heapBytes_ = 0;
  std::size_t largeBytes_ = 0;  // of `large_`, all of them live
};

}  // namespace flux
