#pragma once

/// The records that render threads read. Applications use `Frame::find` and never touch these
/// directly; they are public because the lookup is inlined into the application.

#include <flux/types.hpp>

#include <array>
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

/// The column of a snapshot that every lookup reads: 16 bytes a block. Record 0 belongs to no block and is zero in
/// every snapshot: what is not found is found there, so that a lookup has no second branch.
///
/// **Invariants.** The generations of handles are odd; a record holds its block's while the block is Resident, and the
/// even number below it in every other state. So one comparison decides a lookup. `sizeUnits` is not 0 if, and only if,
/// the block is Resident.
struct HotRecord {
  std::uint32_t generation = 0;
  std::uint32_t chunkAndState = 0;  ///< chunk: 20 bits | state: 4 | unused: 8
  std::uint32_t offsetUnits = 0;    ///< Of the block in its chunk, in `kPlaceUnitBytes`.
  std::uint32_t sizeUnits = 0;

  static constexpr HotRecord resident(std::uint32_t generation, ChunkIndex chunk, std::uint32_t offsetUnits,
                                      std::uint32_t sizeUnits) noexcept {
    return {generation, pack(chunk, BlockState::Resident), offsetUnits, sizeUnits};
  }
  /// A record in any other state.
  static constexpr HotRecord without(std::uint32_t generation, BlockState state) noexcept {
    return {generation & ~1U, pack({}, state), 0, 0};
  }
  /// Whether it is the record of a handle with this generation.
  [[nodiscard]] constexpr bool belongsTo(std::uint32_t handleGeneration) const noexcept {
    return (generation | 1U) == handleGeneration && state() != BlockState::Free;
  }
  [[nodiscard]] constexpr ChunkIndex chunk() const noexcept { return ChunkIndex{chunkAndState >> 12U}; }
  [[nodiscard]] constexpr BlockState state() const noexcept {
    return static_cast<BlockState>(chunkAndState >> 8U & 0xFU);
  }

 private:
  static constexpr std::uint32_t pack(ChunkIndex chunk, BlockState state) noexcept {
    return static_cast<std::uint32_t>(chunk) << 12U | static_cast<std::uint32_t>(state) << 8U;
  }
};
static_assert(sizeof(HotRecord) == 16);

/// Where a part lies inside its block. 0 bytes: there is no such part.
struct PartPlacement {
  std::uint32_t offsetBytes = 0;
  std::uint32_t sizeBytes = 0;
  PartKind kind = PartKind::Vertex;
  std::uint16_t generation = 0;  ///< Of the part's id.
};
static_assert(sizeof(PartPlacement) == 12);

/// Parts whose places stand in a column of their own, so that looking one up costs a second read that does not depend
/// on the first. Four: most meshes have no more (vertices, indices, constants, meshlets).
inline constexpr std::uint32_t kInlineParts = 4;

/// The column that lookups of parts read: the places of a block's first parts, half a cache line. Only those of
/// generation 0: a part whose index has been used before is found through the layout, which holds generations.
struct PartsRecord {
  std::array<std::uint32_t, kInlineParts> offsetBytes{};
  std::array<std::uint32_t, kInlineParts> sizeBytes{};  ///< 0: no such part.
};
static_assert(sizeof(PartsRecord) == 32);

/// The places of a block's parts, by the indices of their ids. Immutable once a snapshot names it.
struct BlockLayout {
  const PartPlacement* parts = nullptr;
  std::uint32_t partCount = 0;
  std::uint32_t sizeBytes = 0;       ///< Of the whole block, padding included.
  std::uint32_t alignmentBytes = 0;  ///< That the block's offset in its chunk must have.
};

/// The column that changes rarely.
struct ColdRecord {
  const BlockLayout* layout = nullptr;
  BlockHandle fallback;
  std::uint64_t userData = 0;
  ContentVersion version = 0;
  std::array<PartKind, kInlineParts> kinds{};  ///< Of the first parts.
};
static_assert(sizeof(ColdRecord) == 32);

/// What shaders read of a block: its place and those of its first parts, in the layout of std430 (`flux/records.glsl`).
/// One 64-byte line, so that a shader which draws by handle fetches all of it at once. Values are little-endian, as on
/// the device.
struct DeviceRecord {
  std::uint64_t address = 0;     ///< Of the block's first byte; 0: it is not Resident, or the device has no addresses.
  std::uint32_t generation = 0;  ///< As `HotRecord::generation`: the handle's, if the block is Resident.
  std::uint32_t chunkAndState = 0;  ///< As `HotRecord::chunkAndState`.
  std::uint32_t offsetUnits = 0;
  std::uint32_t sizeUnits = 0;
  BlockHandle fallback;  ///< To draw while the block is not Resident.
  PartsRecord parts;
};
static_assert(sizeof(DeviceRecord) == 64);

/// Where something lies: all that a draw call needs.
struct Place {
  NativeHandle buffer = 0;
  ChunkIndex chunk = kNoChunkIndex;
  ByteOffset offset = 0;  ///< In the buffer, in bytes.
  ByteCount bytes = 0;
  std::uint64_t address = 0;  ///< Device address of the first byte; 0 where there are none.
};

/// Record 0, for views before the first publish.
inline constexpr HotRecord kNoHotRecord{};
inline constexpr PartsRecord kNoPartsRecord{};
inline constexpr ColdRecord kNoColdRecord{};
inline constexpr ChunkInfo kNoChunk{};

class UsageBoard;

/// One pinned snapshot. Nothing in it changes while a frame pins it.
struct SnapshotView {
  const HotRecord* hot = &kNoHotRecord;
  const PartsRecord* parts = &kNoPartsRecord;
  const ColdRecord* cold = &kNoColdRecord;
  const ChunkInfo* chunks =
      &kNoChunk;                  ///< By `ChunkIndex`; constant for every chunk that the snapshot names, and for none.
  std::uint32_t recordCount = 1;  ///< At least record 0.
  SnapshotNumber number = 0;
  UsageBoard* usage = nullptr;  ///< Beside the snapshots: what frames tell about blocks.
  Place records;                ///< Of their mirror in device memory (`Frame::records`).
};

}  // namespace flux
