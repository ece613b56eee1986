#pragma once

#include "base/gauge.hpp"

#include <flux/types.hpp>

#include <cstdint>

namespace flux {

/// What a pool counts itself; the fields of `PoolStats` of the same names. The others lie where their numbers come
/// from: chunks, retirement, staging, shadows.
///
/// **Thread contract.** As `Gauge`: the geometry thread writes, any thread reads.
struct Counters {
  Gauge<ByteCount> liveBytes;
  Gauge<std::uint32_t> blocks;
  Gauge<std::uint64_t> blocksAdded;
  Gauge<std::uint64_t> blocksRemoved;
  Gauge<std::uint64_t> blocksUpdated;
  Gauge<std::uint64_t> partsAdded;
  Gauge<std::uint64_t> partsRemoved;
  Gauge<std::uint64_t> uploadedBytes;
  Gauge<std::uint64_t> copiedBytes;
  Gauge<std::uint64_t> readBackBytes;
  Gauge<std::uint64_t> relocations;
  Gauge<std::uint64_t> relocatedBytes;
  Gauge<std::uint64_t> crossChunkMoves;
  Gauge<std::uint64_t> compactions;
  Gauge<std::uint64_t> deferredPublishes;
  Gauge<std::uint64_t> mirroredRecords;
  Gauge<std::uint64_t> chunksCreated;
  Gauge<std::uint64_t> chunksMadeAhead;
  Gauge<std::uint64_t> chunksReleased;
  Gauge<std::uint64_t> releasedBytes;
  Gauge<std::uint64_t> refusals;
  Gauge<std::uint64_t> instructions;
  Gauge<std::uint64_t> misses;
  Gauge<std::uint64_t> evictions;
  Gauge<ByteCount> evictedBytes;
  Gauge<std::uint64_t> restores;
  Gauge<ByteCount> restoredBytes;
  Gauge<ByteCount> peakLiveBytes;
  Gauge<ByteCount> peakReservedBytes;
  Gauge<ByteCount> peakStagingBytes;
  Gauge<std::uint32_t> peakChunks;
};

}  // namespace flux
