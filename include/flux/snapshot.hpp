#pragma once

/// The records that render threads read. Applications use `Frame::find` and never touch these
/// directly; they are public because the lookup is inlined into the application.

#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>

namespace flux {

/// What a reader can meet. Uploading, moving and the like are private to the geometry thread.
enum class BlockState : std::uint8_t {
  Free,      ///< No block has this index; every handle to it is stale.
  Absent,    ///< The block exists, its bytes are not on the device (yet).
  Resident,  ///< The block can be drawn from its place.
  Lost,      ///< The block's bytes are gone and cannot be had again.
};

/// The column of a snapshot that every lookup reads: 16 bytes a block.
struct HotRecord {
  std::uint32_t generation = 0;
  std::uint32_t chunkAndState = 0;  ///< chunk: 20 bits | state: 4 | unused: 8
  std::uint32_t offsetUnits = 0;    ///< Of the block in its chunk, in `kPlaceUnitBytes`.
  std::uint32_t sizeUnits = 0;

  static constexpr std::uint32_t pack(ChunkIndex chunk, BlockState state) noexcept {
    return static_cast<std::uint32_t>(chunk) << 12U | static_cast<std::uint32_t>(state) << 8U;
  }
  [[nodiscard]] constexpr ChunkIndex chunk() const noexcept { return ChunkIndex{chunkAndState >> 12U}; }
  [[nodiscard]] constexpr BlockState state() const noexcept {
    return static_cast<BlockState>(chunkAndState >> 8U & 0xFU);
  }
};
static_assert(sizeof(HotRecord) == 16);

/// Where a part lies inside its block.
struct PartPlacement {
  std::uint32_t offsetBytes = 0;
  std::uint32_t sizeBytes = 0;
  PartKind kind = PartKind::Vertex;
};

/// The places of a block's parts, indexed by `PartId`. Immutable once a snapshot names it.
struct BlockLayout {
  const PartPlacement* parts = nullptr;
  std::uint32_t partCount = 0;
  std::uint32_t sizeBytes = 0;       ///< Of the whole block, padding included.
  std::uint32_t alignmentBytes = 0;  ///< That the block's offset in its chunk must have.
};

/// The column that changes rarely, and that only lookups of parts and fallbacks read.
struct ColdRecord {
  const BlockLayout* layout = nullptr;
  BlockHandle fallback;
  std::uint64_t userData = 0;
  ContentVersion version = 0;
};

/// One pinned snapshot. Nothing in it changes while a frame pins it.
struct SnapshotView {
  const HotRecord* hot = nullptr;
  const ColdRecord* cold = nullptr;
  const ChunkInfo* chunks = nullptr;  ///< By `ChunkIndex`; constant for every chunk that the snapshot names.
  std::uint32_t recordCount = 0;
  SnapshotNumber number = 0;
};

}  // namespace flux
