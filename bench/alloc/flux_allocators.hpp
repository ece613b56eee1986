#pragma once

/// The code under test behind the face that workloads see. `FluxChunks` is what the Pool places its blocks with.

#include <flux/types.hpp>

#include "alloc/chunk_space.hpp"
#include "alloc/range_allocator.hpp"
#include "base/rounding.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "player.hpp"

namespace flux::bench {

class FluxRanges {
 public:
  using Held = RangeId;

  explicit FluxRanges(const OneSpace& space) : alignment_(space.alignment / kPlaceUnitBytes) {
    ranges_.addSpace(0, space.bytes / kPlaceUnitBytes);
  }

  Held allocate(ByteCount bytes) { return ranges_.allocate(wholeUnits(bytes) / kPlaceUnitBytes, alignment_).range.id; }
  void free(Held held) { ranges_.free(held); }

  [[nodiscard]] Place place(Held held) const { return {0, ranges_.find(held)->offset * kPlaceUnitBytes}; }
  [[nodiscard]] Footprint footprint() const { return {ranges_.totalUnits() * kPlaceUnitBytes, 1, 1}; }

 private:
  RangeAllocator ranges_;
  std::uint64_t alignment_;
};

class FluxChunks {
 public:
  struct Held {
    Placement placement;
    explicit operator bool() const { return static_cast<bool>(placement.range); }
  };

  explicit FluxChunks(const Growing& rules)
      : keepsSpare_(rules.emptyChunksKept != 0),
        mostChunks_(rules.mostChunks),
        space_({.chunkBytes = rules.chunkBytes, .firstChunkBytes = rules.firstChunkBytes, .emptySteps = 0}) {}

  Held allocate(ByteCount bytes) {
    std::optional<Placement> placement = space_.allocate(bytes, kAlignment);
    if (!placement && space_.chunkCount() != mostChunks_) {
      add(bytes);
      placement = space_.allocate(bytes, kAlignment);
    }
    if (!placement) return {};
    return {*placement};
  }

  void free(const Held& held) {
    space_.free(held.placement, 0, {});
    if (space_.liveRanges(held.placement.chunk) != 0) return;
    const std::optional<ChunkIndex> goes = keepsSpare_ ? space_.releasable(0, {}) : space_.anyEmpty();
    if (!goes) return;
    space_.removeChunk(*goes);
    unused_.push_back(static_cast<std::uint32_t>(*goes));
  }

  /// Adds chunks ahead of demand until they hold so many bytes.
  void reserve(ByteCount bytes) {
    const ByteCount before = space_.reservedBytes();
    while (space_.reservedBytes() - before < bytes) add(1);
  }

  [[nodiscard]] Place place(const Held& held) const {
    return {static_cast<std::uint32_t>(held.placement.chunk), held.placement.offset};
  }
  [[nodiscard]] Footprint footprint() const { return {space_.reservedBytes(), space_.chunkCount(), chunksMade_}; }

 private:
  static constexpr ByteCount kAlignment = 16;  // of most kinds of parts; sizes here are multiples of more

  void add(ByteCount bytes) {
    std::uint32_t index = indices_;
    if (unused_.empty()) {
      ++indices_;
    } else {
      index = unused_.back();
      unused_.pop_back();
    }
    ++chunksMade_;
    space_.addChunk(ChunkIndex{index}, space_.nextChunkBytes(bytes, kAlignment), space_.dedicated(bytes));
  }

  bool keepsSpare_;
  std::uint32_t mostChunks_;
  ChunkSpace space_;
  std::uint64_t chunksMade_ = 0;
  std::uint32_t indices_ = 0;          // handed out so far
  std::vector<std::uint32_t> unused_;  // of chunks that went
};

}  // namespace flux::bench
