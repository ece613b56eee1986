#pragma once

/// When a pool moves blocks to give chunks back, and how an application asks for it.

#include <flux/block.hpp>
#include <flux/types.hpp>

#include <cstdint>

namespace flux {

/// Thresholds. Whole numbers, so that every platform decides alike (G11). Pinned blocks, those that the device writes
/// (`Pool::markWritten`) and those that may not move (`BlockDesc::movable`) stay where they are; of long-lived ones
/// only those move that a goal asks for. Nothing moves while one chunk holds all there is.
struct DefragPolicy {
  /// Chunks are emptied by themselves. Without it only goals (`Pool::defragment`) empty them. Blocks are compacted if
  /// this is set, too.
  bool automatic = true;
  /// A chunk is emptied when the chunks that hold something have more free bytes than this part of a full-size chunk …
  std::uint32_t freeChunkPercent = 150;
  /// … and this part of what is used in them: best fit leaves about as much over, so less cannot be gained.
  std::uint32_t freeUsedPercent = 2;
  /// Also, whatever is free, a chunk is emptied of which less is used …
  std::uint32_t sparsePercent = 20;
  /// … but none of which more is used, unless memory is short or a goal needs it: it costs more than it gives.
  std::uint32_t fullPercent = 95;
  /// A block whose parts come and go is laid out anew when more of it is free.
  std::uint32_t blockFreePercent = 30;
  /// From one chunk to the next; not in quiet steps, nor when memory is short or a goal is set.
  std::uint32_t stepsBetween = 10;
  /// A block stays for so many steps after contents of it arrived: what changes often would be moved in vain.
  std::uint32_t settledSteps = 30;
  /// After a chunk that could not be emptied, or whose room somebody needed meanwhile; twice as many after each further
  /// one that could not, up to 64 times as many, which is also how long such a chunk is left alone; but no longer than
  /// until a full-size chunk more is free than when it could not.
  std::uint32_t retrySteps = 60;

  friend constexpr bool operator==(const DefragPolicy&, const DefragPolicy&) noexcept = default;
};

/// What an application may ask for at a moment that suits it. Steps work on it within their quota until it is reached,
/// or until nothing is left that could be moved for it; then they say so (`StepReport::errors`).
struct DefragGoal {
  Lifetime lifetime = Lifetime::Streaming;
  std::uint32_t freeChunks = 0;  ///< So many chunks are to be emptied; the cheapest first.
  ByteCount holeBytes = 0;       ///< A free range of this size is wanted, of a full-size chunk at most.
};

}  // namespace flux
