#pragma once

/// Loading a scene: allocations until it is there, through `FluxChunks`, with the chunks really made on a device.

#include <flux/device.hpp>
#include <flux/types.hpp>

#include <cstdint>
#include <vector>

#include "player.hpp"

namespace flux::bench {

/// Sizes of a scene's objects, log-uniform from 256 B up to 1 MiB or a sixteenth of the scene.
std::vector<std::uint32_t> sceneSizes(ByteCount sceneBytes);

/// What loading cost, the start included.
struct Loading {
  Footprint footprint;
  ByteCount liveBytes = 0;
  ByteCount copiedBytes = 0;
  ByteCount peakReservedBytes = 0;
  std::uint32_t madeLater = 0;  ///< Device allocations while objects arrived.
  double makeMs = 0;            ///< In making memory on the device.
  double copyMs = 0;            ///< In copying what was there to a larger buffer.
  double worstMs = 0;           ///< The longest that one allocation had to wait.
};

/// Adds chunks, the first of `firstChunkBytes`, doubling up to `chunkBytes`; some at the start, so that `reserveBytes`
/// are there.
Loading loadIntoChunks(const std::vector<std::uint32_t>& sizes, ByteCount chunkBytes, ByteCount firstChunkBytes,
                       ByteCount reserveBytes = 0);

/// One buffer that is replaced by one `factor` times as large, with a copy, when it is full.
Loading loadIntoOneBuffer(const std::vector<std::uint32_t>& sizes, ByteCount firstBytes, double factor);

}  // namespace flux::bench
