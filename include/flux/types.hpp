#pragma once

/// The small vocabulary that every other header speaks: units, indices, handles, part kinds.

#include <flux/part_kind.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>

namespace flux {

using ByteCount = std::uint64_t;
using ByteOffset = std::uint64_t;

/// Number of a published snapshot. 0: nothing has been published yet. Grows by one a publish.
using SnapshotNumber = std::uint64_t;

/// A value on a queue's monotonic timeline. Work submitted with value v is done once `completed >= v`.
using TimelineValue = std::uint64_t;

/// Version of a block's contents: 1 when it is added, one more for each accepted update.
using ContentVersion = std::uint32_t;

/// A native object as an integer: `VkBuffer`, `ID3D12Resource*`, an OpenGL name, a host pointer.
using NativeHandle = std::uint64_t;

inline constexpr ByteCount kKiB = 1024;
inline constexpr ByteCount kMiB = 1024 * kKiB;
inline constexpr ByteCount kGiB = 1024 * kMiB;

/// Places inside chunks are multiples of this many bytes, so that a record needs only 32-bit numbers.
inline constexpr ByteCount kPlaceUnitBytes = 16;

/// A queue, or rather its timeline. 0 is the queue on which Flux copies; the application's
/// queues follow in the order in which they were given to the device.
enum class QueueId : std::uint32_t {};
inline constexpr QueueId kCopyQueue{0};
inline constexpr std::uint32_t kMaxQueues = 8;

/// A point on a queue's timeline.
struct QueueValue {
  QueueId queue{};
  TimelineValue value = 0;
};

/// An owner of blocks, for accounting: `Pool::makeTag` names it. Tags are small numbers, in the order in which they are
/// made.
enum class Tag : std::uint8_t {};
inline constexpr Tag kUntagged{0};
inline constexpr std::uint32_t kMaxTags = 64;  ///< `kUntagged` included.

/// Index of a chunk in the pool's chunk table. An index is used again only after its chunk has retired.
enum class ChunkIndex : std::uint32_t {};
inline constexpr std::uint32_t kMaxChunks = 1U << 16U;
/// No chunk of a pool: what a lookup names that finds nothing.
inline constexpr ChunkIndex kNoChunkIndex{0};

/// A chunk as the application sees it: one native buffer.
struct ChunkInfo {
  NativeHandle buffer = 0;
  std::uint64_t address = 0;  ///< Device address of byte 0; 0 where there are none.
  ByteCount bytes = 0;
};

/// Index of a staging page.
enum class StagingIndex : std::uint32_t {};

/// Names a part of a block, for as long as the part lives: moves, updates and compaction keep it.
/// Parts given to `Pool::add` get the ids 0, 1, 2, … in their order. An id is an index (low 16 bits) and a generation:
/// when a part has been removed, its index may be used again, and the old id is refused (G10).
enum class PartId : std::uint32_t {};
inline constexpr std::uint32_t kMaxPartIndices = 1U << 16U;

constexpr std::uint32_t partIndex(PartId part) noexcept {
  return static_cast<std::uint32_t>(part) % kMaxPartIndices;
}
constexpr std::uint16_t partGeneration(PartId part) noexcept {
  return static_cast<std::uint16_t>(static_cast<std::uint32_t>(part) / kMaxPartIndices);
}
constexpr PartId makePartId(std::uint32_t index, std::uint16_t generation) noexcept {
  return PartId{generation * kMaxPartIndices + index};
}

/// Names a block: 8 bytes, copyable, never dangling. A handle whose block is gone is refused
/// (G10), also when the index has been used again, because the generation differs.
/// Generations are odd; generation 0 is the null handle.
struct BlockHandle {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;

  explicit constexpr operator bool() const noexcept { return generation != 0; }
  friend constexpr auto operator<=>(const BlockHandle&, const BlockHandle&) noexcept = default;
};

}  // namespace flux
