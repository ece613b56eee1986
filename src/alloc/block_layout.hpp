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

struct PartKindTraits {
  PartKind kind;
  std::uint32_t alignmentBytes;  ///< Enough on every API; used where the device states none (0).
};

/// A new kind is an enum value and a row here, in the order of the enum.
inline constexpr std::array<PartKindTraits, kPartKindCount> kPartKindTraits{{
    {PartKind::Vertex, 16},
    {PartKind::Index, 16},
    {PartKind::Uniform, 256},
    {PartKind::Storage, 256},
    {PartKind::Indirect, 16},
    {PartKind::ShaderData, 64},
    {PartKind::Texel, 256},
}};

constexpr const PartKindTraits& partKindTraits(PartKind kind) {
  return kPartKindTraits[static_cast<std::size_t>(kind)];
}

/// Places parts one after the other; `out[i]` is the place of `parts[i]`. Offsets are multiples of the kind's
/// alignment (`DeviceCaps::partAlignmentBytes`, any number) and of `kPlaceUnitBytes`, so that no two parts share a
/// unit: sizes stay as given, and a copy may round them up to whole words. Parts lie in the given order, or by falling
/// alignment if the block gets smaller so. O(parts); allocates nothing.
/// nullopt: no part, a part of 0 bytes, or a block or an alignment over 32 bits; `out` is then undefined.
/// REQUIRES: `out` has a place for each part.
[[nodiscard]] std::optional<LayoutSize> layoutParts(std::span<const PartRequest> parts,
                                                    const std::array<std::uint32_t, kPartKindCount>& alignments,
                                                    std::span<PartPlacement> out);

/// Keeps layouts: a `BlockLayout` and its places in one piece of memory, at an address that does not change. Pieces
/// come from slabs and are used again for layouts of about as many parts: no heap allocation in steady state.
///
/// **Thread contract.** One thread creates and releases; any thread may read a layout while it lives.
///
/// **Invariant.** A layout does not change until it is released.
class LayoutStore {
 public:
  LayoutStore();
  ~LayoutStore();
  LayoutStore(const LayoutStore&) = delete;
  LayoutStore& operator=(const LayoutStore&) = delete;

  /// Copies the places. REQUIRES: at least one.
  [[nodiscard]] const BlockLayout* create(std::span<const PartPlacement> parts, LayoutSize size);

  /// REQUIRES: made here, and not released yet.
  void release(const BlockLayout* layout);

  [[nodiscard]] std::size_t liveCount() const { return liveCount_; }

 private:
  struct Piece;

  void addSlab(std::size_t grade);

  std::vector<std::unique_ptr<std::byte[]>> slabs_;
  std::array<Piece*, 32> unused_{};  // by grade: room for 2^grade parts
  std::size_t liveCount_ = 0;
};

}  // namespace flux
