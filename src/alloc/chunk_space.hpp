#pragma once

/// The chunks of one class: where a block goes, when a chunk must be added, when one may go.

#include <flux/types.hpp>

#include "alloc/chunk_drain.hpp"
#include "alloc/index_lists.hpp"
#include "alloc/range_allocator.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

/// Sizes are multiples of 64 KiB.
struct ChunkSpacePolicy {
  ByteCount chunkBytes = 16 * kMiB;    ///< A full-size chunk. Requests over half of it: see `ChunkSpace::dedicated`.
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
/// - (C2) Chunks that should drain are used last: those that `ChunkDrain` names, empty ones of full size, and chunks
///   smaller than `chunkBytes` as soon as there is one of that size.
/// - (C3) A chunk that has not held anything yet is not released: somebody asked for it and is about to use it. Only
///   when memory is short it goes, after all others.
/// - (C4) A retired chunk takes no new range.
class ChunkSpace {
 public:
  explicit ChunkSpace(const ChunkSpacePolicy& policy);

  /// A place for `bytes` at a multiple of `alignmentBytes` (any number from 1); nullopt: none fits, add a chunk of
  /// `nextChunkBytes` first. O(1) for shared chunks, O(empty dedicated chunks) for dedicated ones.
  [[nodiscard]] std::optional<Placement> allocate(ByteCount bytes, ByteCount alignmentBytes);

  /// The chunk that `allocate` would take. Costs as much.
  [[nodiscard]] std::optional<ChunkIndex> wouldFit(ByteCount bytes, ByteCount alignmentBytes) const;

  /// Whether a chunk has a free range for them, in service or not. O(ranges of the chunk).
  [[nodiscard]] bool hasHole(ChunkIndex chunk, ByteCount bytes, ByteCount alignmentBytes) const;

  /// Size of the chunk to add so that this request fits; 0 if no chunk may be that large. O(chunks smaller than
  /// `chunkBytes`).
  [[nodiscard]] ByteCount nextChunkBytes(ByteCount bytes, ByteCount alignmentBytes) const;

  /// Size of the next chunk to add ahead of demand, when so many bytes are still wanted; it may be less than those.
  [[nodiscard]] ByteCount nextReservedBytes(ByteCount bytes) const {
    return dedicated(bytes) ? policy_.chunkBytes : nextChunkBytes(bytes, 1);
  }

  /// Of the largest chunk that several requests share; 0: there is none. O(chunks smaller than `chunkBytes`).
  [[nodiscard]] ByteCount largestSharedBytes() const;

  /// Whether it is time to make a chunk of full size before a request needs it: none stands ready, and the largest free
  /// range is less than a quarter of a chunk; at a quiet moment, less than three quarters. Never while there is no
  /// chunk of full size yet: what is small stays small. O(1).
  [[nodiscard]] bool wantsSpare(bool quiet) const {
    return policy_.spareChunks != 0 && readyUnits_ == 0 && fullSizeChunks_ != 0 &&
           largestFreeBytes() < policy_.chunkBytes / 4 * (quiet ? 3 : 1);
  }
  /// Its size.
  [[nodiscard]] ByteCount spareBytes() const { return policy_.chunkBytes; }

  /// Whether a request of this size gets a chunk of its own, where no chunk has room.
  [[nodiscard]] bool dedicated(ByteCount bytes) const { return bytes > policy_.chunkBytes / 2; }

  /// The size is what `nextChunkBytes` said, `dedicated` what `dedicated` says of the request that it is for.
  /// REQUIRES: the index is not in use here; `bytes` is a multiple of `kPlaceUnitBytes`, not 0, under 64 GiB.
  void addChunk(ChunkIndex chunk, ByteCount bytes, bool dedicated);

  /// Gives a place back, also in a retired chunk. `step` and `now` say since when its chunk is empty, if it is.
  /// REQUIRES: `allocate` answered with it, and it was not given back since.
  void free(const Placement& place, std::uint64_t step, std::chrono::steady_clock::time_point now);

  /// Takes a chunk out of service (C4), before it is evacuated. As soon as it is empty it may be released.
  /// REQUIRES: the chunk is here and in service.
  void retireChunk(ChunkIndex chunk);

  /// Puts a retired chunk back. REQUIRES: it is retired.
  void restoreChunk(ChunkIndex chunk);

  /// A retired chunk that is empty; else the chunk that has been empty longest, if for long enough, and is not the
  /// spare: the shared chunk of full size that became empty last or, if there is no chunk of that size, the largest
  /// empty one. A chunk that never held anything makes a spare unnecessary. O(empty chunks smaller than `chunkBytes`).
  [[nodiscard]] std::optional<ChunkIndex> releasable(std::uint64_t step,
                                                     std::chrono::steady_clock::time_point now) const;

  /// Any empty chunk, the spare included: for when memory is short. O(1).
  [[nodiscard]] std::optional<ChunkIndex> anyEmpty() const;

  /// Any chunk that never held anything (C3): for when `anyEmpty` has none more. O(1).
  [[nodiscard]] std::optional<ChunkIndex> anyUnused() const {
    return empties_.empty(kUnused) ? std::nullopt : std::optional(ChunkIndex{empties_.first(kUnused)});
  }

  /// What releasing all of them would give. O(1).
  [[nodiscard]] ByteCount emptyBytes() const { return emptyUnits_ * kPlaceUnitBytes; }

  /// Of empty chunks that stand ready: shared ones of full size, and those that never held anything. O(1).
  [[nodiscard]] ByteCount readyBytes() const { return readyUnits_ * kPlaceUnitBytes; }

  /// From now on enough of them for `bytes` count as never used (C3). O(empty chunks).
  void keepReady(ByteCount bytes);

  /// REQUIRES: the chunk is here and holds nothing.
  void removeChunk(ChunkIndex chunk);

  [[nodiscard]] ByteCount reservedBytes() const { return ranges_.totalUnits() * kPlaceUnitBytes; }
  /// Of all places that are taken.
  [[nodiscard]] ByteCount placedBytes() const { return (ranges_.totalUnits() - ranges_.freeUnits()) * kPlaceUnitBytes; }
  /// In shared chunks that are in service.
  [[nodiscard]] ByteCount freeBytes() const { return (ranges_.freeUnits() - apartUnits_) * kPlaceUnitBytes; }
  /// Of a free range in them; see `RangeAllocator::largestFree`.
  [[nodiscard]] ByteCount largestFreeBytes() const { return ranges_.largestFree() * kPlaceUnitBytes; }
  [[nodiscard]] bool contains(ChunkIndex chunk) const {
    return spaceOf(chunk) < chunks_.size() && chunks_[spaceOf(chunk)].present;
  }
  [[nodiscard]] bool retired(ChunkIndex chunk) const { return contains(chunk) && chunks_[spaceOf(chunk)].retired; }
  [[nodiscard]] std::uint32_t chunkCount() const { return chunkCount_; }
  [[nodiscard]] std::uint32_t liveRanges() const { return ranges_.liveRanges(); }

  /// Of one chunk; 0 when it is not here.
  [[nodiscard]] ByteCount bytes(ChunkIndex chunk) const { return bytesOf(spaceOf(chunk)); }
  [[nodiscard]] std::uint32_t liveRanges(ChunkIndex chunk) const { return ranges_.useOf(spaceOf(chunk)).live; }
  [[nodiscard]] ByteCount freeBytes(ChunkIndex chunk) const {
    return ranges_.useOf(spaceOf(chunk)).free * kPlaceUnitBytes;
  }

  /// What a chunk holds that several blocks share and that is in service, and holds something.
  struct SharedUse {
    ByteCount bytes = 0;  ///< Of the chunk.
    ByteCount usedBytes = 0;
  };
  /// All 0 for every other index. O(1).
  [[nodiscard]] SharedUse sharedUse(ChunkIndex chunk) const {
    if (!contains(chunk) || apart(spaceOf(chunk))) return {};
    const RangeAllocator::SpaceUse use = ranges_.useOf(spaceOf(chunk));
    if (use.live == 0) return {};
    return {use.units * kPlaceUnitBytes, (use.units - use.free) * kPlaceUnitBytes};
  }
  /// All indices of chunks that are here are smaller.
  [[nodiscard]] std::uint32_t chunkIndexEnd() const { return static_cast<std::uint32_t>(chunks_.size()); }
  [[nodiscard]] ByteCount fullSizeBytes() const { return policy_.chunkBytes; }

  /// A range that is taken, by whatever.
  struct TakenRange {
    RangeId range;  ///< Null: there is none.
    ByteOffset offset = 0;
    ByteCount bytes = 0;
  };
  /// The first one of a chunk, and the one behind another. Ranges that are given back meanwhile are not found any more
  /// (`taken` answers null). O(1).
  [[nodiscard]] TakenRange firstTaken(ChunkIndex chunk) const { return takenOf(ranges_.firstLive(spaceOf(chunk))); }
  [[nodiscard]] TakenRange nextTaken(RangeId range) const { return takenOf(ranges_.nextLive(range)); }
  [[nodiscard]] TakenRange taken(RangeId range) const { return takenOf(ranges_.find(range).value_or(Range{})); }

  /// Whether a chunk that was emptied is wanted as the spare. O(1).
  [[nodiscard]] bool lacksSpare() const { return policy_.spareChunks != 0 && readyUnits_ == 0; }

  /// It takes one range or none (C1).
  [[nodiscard]] bool dedicated(ChunkIndex chunk) const { return contains(chunk) && chunks_[spaceOf(chunk)].dedicated; }

  /// Calls `visit(offset, bytes)` for each hole of a chunk, in address order. O(ranges of the chunk).
  template <class Visit>
  void forEachHole(ChunkIndex chunk, const Visit& visit) const {
    ranges_.forEach(spaceOf(chunk), [&](const Range& range) {
      if (!range.id) visit(range.offset * kPlaceUnitBytes, range.size * kPlaceUnitBytes);
    });
  }

  /// Compares everything with everything, for tests. O(ranges + chunks).
  [[nodiscard]] bool checkInvariants() const;

 private:
  struct Chunk {
    bool present = false;
    bool dedicated = false;
    bool retired = false;
    bool used = false;            // has held something
    bool drains = false;          // of full size, shared, and in service: `drain_` decides its rank
    std::uint64_t emptyStep = 0;  // since when it is empty, if it was used
    std::chrono::steady_clock::time_point emptyTime;
  };

  /// Empty chunks, in the order in which they became so. The order of the lists is that of `anyEmpty`.
  enum Empty : std::uint32_t { kEmptyRetired, kEmptyDedicated, kEmptySmall, kEmptyFull, kUnused, kEmptyLists };

  static std::uint32_t spaceOf(ChunkIndex chunk) { return static_cast<std::uint32_t>(chunk); }
  [[nodiscard]] ByteCount bytesOf(std::uint32_t space) const { return ranges_.useOf(space).units * kPlaceUnitBytes; }
  [[nodiscard]] bool fullSize(std::uint32_t space) const {
    return !chunks_[space].dedicated && ranges_.useOf(space).units >= chunkUnits_;
  }
  [[nodiscard]] bool drains(std::uint32_t space) const { return fullSize(space) && !chunks_[space].retired; }
  [[nodiscard]] bool apart(std::uint32_t space) const { return chunks_[space].dedicated || chunks_[space].retired; }
  [[nodiscard]] static TakenRange takenOf(const Range& range) {
    return {range.id, range.offset * kPlaceUnitBytes, range.size * kPlaceUnitBytes};
  }
  [[nodiscard]] std::optional<std::uint32_t> emptyDedicated(ByteCount bytes) const;
  [[nodiscard]] std::uint32_t spare() const;
  [[nodiscard]] Empty emptyListOf(std::uint32_t space) const;
  void putEmpty(std::uint32_t space);
  void takeEmpty(std::uint32_t space);
  void setRetired(std::uint32_t space, bool retired);
  void rank(std::uint32_t space, const RangeAllocator::SpaceUse& use);
  void rankSmall();

  ChunkSpacePolicy policy_;
  std::uint32_t chunkUnits_;   // of a full-size chunk
  RangeAllocator ranges_;      // a space is a chunk; space ids are chunk indices
  ChunkDrain drain_;           // shared chunks of full size that are in service and hold something
  std::vector<Chunk> chunks_;  // by chunk index
  IndexLists empties_{kEmptyLists};
  IndexLists small_{1};  // shared chunks that are smaller than full size
  std::uint32_t chunkCount_ = 0;
  std::uint32_t fullSizeChunks_ = 0;
  std::uint64_t emptyUnits_ = 0;  // of empty chunks
  std::uint64_t readyUnits_ = 0;  // of those in kEmptyFull and kUnused
  std::uint64_t apartUnits_ = 0;  // free in dedicated and in retired chunks
};

}  // namespace flux
