#pragma once

/// The chunks of one class: where a block goes, when a chunk must be added, when one may go.

#include <flux/types.hpp>

#include "alloc/range_allocator.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

/// Sizes are multiples of 64 KiB.
struct ChunkSpacePolicy {
  ByteCount chunkBytes = 16 * kMiB;    ///< A full-size chunk. A request over half of it gets a chunk of its own.
  ByteCount firstChunkBytes = kMiB;    ///< The first chunk; each further one doubles, up to `chunkBytes`.
  ByteCount maxChunkBytes = 2 * kGiB;  ///< That the device can make; under 64 GiB.
  std::uint32_t spareChunks = 1;       ///< 0 or 1: empty shared chunks that are kept.
  std::uint32_t emptySteps = 120;      ///< A chunk that has been empty for so many steps (0: at once), …
  std::chrono::nanoseconds emptyAge = std::chrono::seconds(2);  ///< … or so long, may go.
};

struct Placement {
  RangeId range;
  ChunkIndex chunk{};
  ByteOffset offset = 0;
  ByteCount bytes = 0;  ///< The request, rounded up to `kPlaceUnitBytes`.
};

/// Places blocks in the chunks of one class (streaming, long-lived), and decides the size of the next chunk and
/// which empty chunk may be released. It makes and destroys nothing itself.
///
/// **Thread contract.** None: one thread at a time.
///
/// **Units.** Bytes; inside, units of `kPlaceUnitBytes`.
///
/// **Invariants.**
/// - (C1) A dedicated chunk holds one range or none, and its space serves no other request.
/// - (C2) Chunks that should drain are used last: under a quarter full (until half full again), and chunks smaller
///   than `chunkBytes` as soon as there is one of that size.
/// - (C3) A chunk that has not held anything yet is not released: somebody asked for it and is about to use it.
class ChunkSpace {
 public:
  explicit ChunkSpace(const ChunkSpacePolicy& policy);

  /// A place for `bytes` at a multiple of `alignmentBytes` (any number from 1); nullopt: none fits, add a chunk of
  /// `nextChunkBytes` first. O(1) for shared chunks, O(empty chunks) for dedicated ones.
  [[nodiscard]] std::optional<Placement> allocate(ByteCount bytes, ByteCount alignmentBytes);

  /// Size of the chunk to add so that this request fits; 0 if no chunk may be that large.
  [[nodiscard]] ByteCount nextChunkBytes(ByteCount bytes, ByteCount alignmentBytes) const;

  /// Whether a request of this size gets a chunk of its own.
  [[nodiscard]] bool dedicated(ByteCount bytes) const { return bytes > policy_.chunkBytes / 2; }

  /// The size is what `nextChunkBytes` said, `dedicated` what `dedicated` says of the request that it is for.
  /// REQUIRES: the index is not in use here; `bytes` is a multiple of `kPlaceUnitBytes`, not 0, under 64 GiB.
  void addChunk(ChunkIndex chunk, ByteCount bytes, bool dedicated);

  /// Gives a place back. `step` and `now` say since when its chunk is empty, if it is. REQUIRES: a live range.
  void free(RangeId range, std::uint64_t step, std::chrono::steady_clock::time_point now);

  /// The chunk that has been empty longest, if for long enough. The spare is the largest empty shared chunk.
  /// O(empty chunks).
  [[nodiscard]] std::optional<ChunkIndex> releasable(std::uint64_t step,
                                                     std::chrono::steady_clock::time_point now) const;

  /// Any empty chunk, the spare included: for when memory is short. O(1).
  [[nodiscard]] std::optional<ChunkIndex> anyEmpty() const {
    return empties_.empty() ? std::nullopt : std::optional(ChunkIndex{empties_.back()});
  }

  /// REQUIRES: the chunk is here and holds nothing.
  void removeChunk(ChunkIndex chunk);

  [[nodiscard]] ByteCount reservedBytes() const { return ranges_.totalUnits() * kPlaceUnitBytes; }
  /// In shared and in empty dedicated chunks; what a block leaves over in its dedicated chunk is not free.
  [[nodiscard]] ByteCount freeBytes() const { return ranges_.freeUnits() * kPlaceUnitBytes; }
  /// Of a free range in shared chunks; see `RangeAllocator::largestFree`.
  [[nodiscard]] ByteCount largestFreeBytes() const { return ranges_.largestFree() * kPlaceUnitBytes; }
  [[nodiscard]] bool contains(ChunkIndex chunk) const {
    return spaceOf(chunk) < chunks_.size() && chunks_[spaceOf(chunk)].present;
  }
  [[nodiscard]] std::uint32_t chunkCount() const { return chunkCount_; }
  [[nodiscard]] std::uint32_t liveRanges() const { return ranges_.liveRanges(); }

  /// Of one chunk; 0 when it is not here.
  [[nodiscard]] std::uint32_t liveRanges(ChunkIndex chunk) const { return ranges_.liveInSpace(spaceOf(chunk)); }
  [[nodiscard]] ByteCount freeBytes(ChunkIndex chunk) const {
    return ranges_.freeInSpace(spaceOf(chunk)) * kPlaceUnitBytes;
  }

 private:
  struct Chunk {
    bool present = false;
    bool dedicated = false;
    bool used = false;            // has held something
    std::uint64_t emptyStep = 0;  // since when it is empty, if it was used
    std::chrono::steady_clock::time_point emptyTime;
  };

  static std::uint32_t spaceOf(ChunkIndex chunk) { return static_cast<std::uint32_t>(chunk); }
  [[nodiscard]] ByteCount bytesOf(std::uint32_t space) const {
    return ByteCount{ranges_.unitsOfSpace(space)} * kPlaceUnitBytes;
  }
  [[nodiscard]] bool fullSize(std::uint32_t space) const {
    return !chunks_[space].dedicated && bytesOf(space) >= policy_.chunkBytes;
  }
  [[nodiscard]] std::optional<std::uint32_t> emptyDedicated(ByteCount bytes) const;
  [[nodiscard]] std::uint32_t spare() const;
  void rank(std::uint32_t space);
  void rankAll();

  ChunkSpacePolicy policy_;
  RangeAllocator ranges_;               // a space is a chunk; space ids are chunk indices
  std::vector<Chunk> chunks_;           // by chunk index
  std::vector<std::uint32_t> empties_;  // spaces without a live range, longest so first
  std::uint32_t chunkCount_ = 0;
  std::uint32_t fullSizeChunks_ = 0;
};

}  // namespace flux
