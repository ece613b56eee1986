#pragma once

#include <flux/pool.hpp>

namespace flux::app {

inline constexpr const char* kLeanHelp = "As little memory as possible: no spare chunk, no ramp, no hysteresis";

/// As little memory as possible, which `--lean` asks for: no spare chunk, no small first chunks for streaming, no
/// waiting before an empty chunk goes, and chunks are emptied sooner and tried again sooner. What that costs is in
/// docs/design/defragmentation.md.
inline void makeLean(PoolDesc& desc) {
  desc.firstChunkBytes = desc.chunkBytes;
  desc.spareChunks = 0;
  desc.emptyChunkSteps = 0;
  desc.defrag.freeChunkPercent = 100;
  desc.defrag.stepsBetween = 0;
  desc.defrag.settledSteps = 5;
  desc.defrag.retrySteps = 5;
}

}  // namespace flux::app
