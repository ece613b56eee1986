#pragma once

/// What a pool counts: `Pool::stats` for every frame of every thread, `Pool::detailedStats` for tools.

#include <flux/frame.hpp>
#include <flux/types.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace flux {

/// Counters and gauges. *live*: bytes that the application asked for. *reserved*: device chunks, empty ones included.
///
/// **Consistency.** On the geometry thread all numbers are those after its last call, and fit together. On another
/// thread each number is one that it had at some moment of the call that reads it, never half written; two numbers may
/// be of different moments (a block counted, its bytes not yet), but for `openFrames` and `published`, which are of
/// one.
struct PoolStats {
  ByteCount liveBytes = 0;
  ByteCount reservedBytes = 0;
  ByteCount retiredBytes = 0;  ///< Waits for frames or queues (`RetirementStats`); part of reserved, not of live.
  ByteCount stagingBytes = 0;  ///< Pages for readback included.
  ByteCount shadowBytes = 0;   ///< Host memory.
  ByteCount storeBytes = 0;    ///< Host memory: of blocks that are not on the device, or can leave it at once.
  ByteCount hardLimitBytes = 0;
  ByteCount softLimitBytes = 0;  ///< Of what blocks take; as the hard one if nothing is evicted.
  std::uint32_t blocks = 0;
  std::uint32_t chunks = 0;
  std::uint32_t openFrames = 0;
  SnapshotNumber published = 0;
  std::uint64_t steps = 0;
  std::uint64_t blocksAdded = 0;
  std::uint64_t blocksRemoved = 0;
  std::uint64_t blocksUpdated = 0;  ///< Accepted updates, and calls that add parts.
  std::uint64_t partsAdded = 0;     ///< To live blocks, and to shared ones.
  std::uint64_t partsRemoved = 0;   ///< From live blocks.
  std::uint64_t uploadedBytes = 0;
  std::uint64_t copiedBytes = 0;
  std::uint64_t readBackBytes = 0;
  std::uint64_t relocations = 0;      ///< Blocks that moved for room, compactions included.
  std::uint64_t relocatedBytes = 0;   ///< Copied for them, also where a move was given up.
  std::uint64_t crossChunkMoves = 0;  ///< Of `relocations`: those to another chunk.
  std::uint64_t compactions = 0;      ///< Blocks that were laid out anew without their gaps.
  std::uint64_t deferredPublishes = 0;
  std::uint64_t mirroredRecords = 0;  ///< Written to mirrors, 64 bytes each.
  std::uint32_t recordMirrors = 0;    ///< That have been made.
  std::uint64_t chunksCreated = 0;
  std::uint64_t chunksMadeAhead = 0;  ///< Of those, the ones that no request waited for.
  std::uint64_t chunksReleased = 0;
  std::uint64_t releasedBytes = 0;  ///< Their sizes.
  std::uint64_t refusals = 0;       ///< Requests for device memory that found no place; `Pool::dump` explains the last.
  std::uint64_t instructions = 0;   ///< Of other threads, refused ones included.
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;  ///< Blocks that left the device.
  ByteCount evictedBytes = 0;   ///< Of the places that they left.
  std::uint64_t restores = 0;   ///< Blocks that came back.
  ByteCount restoredBytes = 0;  ///< To places of so many bytes.
  std::uint32_t waitingInstructions = 0;
  bool deviceLost = false;
  ByteCount peakLiveBytes = 0;
  ByteCount peakReservedBytes = 0;
  ByteCount peakStagingBytes = 0;
  std::uint32_t peakChunks = 0;
};

/// What waits before it can be used again, and for whom.
struct RetirementStats {
  ByteCount forFramesBytes = 0;  ///< Some open frame may still name it, or no newer snapshot has been published.
  ByteCount forQueuesBytes = 0;  ///< Some queue may still use it.
  std::uint32_t forFrames = 0;   ///< Ranges, layouts, handle indices, shared objects.
  std::uint32_t forQueues = 0;
  OpenFrame oldestFrame;  ///< The frame that holds back the most; its label is empty if none is open.
  QueueValue queue;       ///< What the oldest thing waits for, and how far that queue is; 0: for no queue.
  TimelineValue queueCompleted = 0;
};

/// The chunks of one lifetime.
struct ChunkClassStats {
  ByteCount reservedBytes = 0;
  ByteCount freeBytes = 0;         ///< In chunks that blocks share.
  ByteCount largestFreeBytes = 0;  ///< In them, to within 1/128.
  std::uint32_t chunks = 0;

  /// How scattered the free bytes are, from 0 (one range) to nearly 1.
  [[nodiscard]] double fragmentation() const noexcept {
    return freeBytes != 0 ? 1.0 - static_cast<double>(largestFreeBytes) / static_cast<double>(freeBytes) : 0.0;
  }
};

/// What things in shared blocks cost: `blockBytes / parts` of device memory and `metadataBytes / parts` of system
/// memory each.
struct SharedUsage {
  std::uint32_t blocks = 0;
  std::uint32_t parts = 0;
  ByteCount liveBytes = 0;   ///< Asked for.
  ByteCount blockBytes = 0;  ///< Space of the blocks in device memory, gaps included.
  /// Of `blockBytes`: what frames may still read after its part went or got newer contents, and contents on their way.
  ByteCount heldBytes = 0;
  /// System memory: records of all snapshots, layouts (retired ones included), tables, gaps, allocator nodes; by
  /// capacity.
  ByteCount metadataBytes = 0;
};

/// What one owner (`Pool::makeTag`) has, and what was moved for it. All tags together, the untagged included, make up
/// `PoolStats::blocks`, `liveBytes`, `uploadedBytes`, `copiedBytes`, `relocatedBytes`, `evictions` and `evictedBytes`.
struct TagStats {
  Tag tag = kUntagged;
  std::string_view name;  ///< Valid as long as the pool; empty for `kUntagged`.
  std::uint32_t blocks = 0;
  ByteCount liveBytes = 0;
  /// Device memory of its blocks' places, those that they are moving to included, what has retired not. What is over
  /// `liveBytes` are holes: padding, gaps, second places.
  ByteCount placeBytes = 0;
  std::uint64_t uploadedBytes = 0;   ///< Since the pool was made; also for blocks that are gone.
  std::uint64_t copiedBytes = 0;     ///< Likewise: moved on the device.
  std::uint64_t relocatedBytes = 0;  ///< Likewise: of blocks that moved for room.
  std::uint64_t evictions = 0;       ///< Likewise: blocks that left the device.
  std::uint64_t evictedBytes = 0;    ///< Likewise: of the places that they left.
};

struct DetailedStats {
  PoolStats totals;
  RetirementStats retirement;
  std::array<ChunkClassStats, 2> classes;  ///< By `Lifetime`.
  SharedUsage shared;
  std::vector<TagStats> tags;  ///< By `Tag`, from `kUntagged` on.
};

}  // namespace flux
