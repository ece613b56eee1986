#pragma once

/// The answer of `Pool::wouldFit`: where something would go, or why it would not, and what waiting would change.

#include <flux/types.hpp>

#include <cstdint>
#include <string>

namespace flux {

enum class FitOutcome : std::uint8_t {
  Fits,           ///< There is room in a chunk: `FitReport::chunk`.
  Grows,          ///< A chunk of `FitReport::chunkBytes` would be made for it.
  OverBudget,     ///< The hard limit would be exceeded by `FitReport::missingBytes`.
  OverSoftLimit,  ///< The soft limit would be exceeded by `FitReport::missingBytes` (of pools that evict).
  TooManyChunks,  ///< The device allows no further allocation, and no chunk is empty.
  TooLarge,       ///< No chunk can be that large.
  Invalid,        ///< No parts, more than 64, a part without bytes, or an alignment of 0.
  DeviceLost,
};

struct FitReport {
  FitOutcome outcome = FitOutcome::Invalid;
  ByteCount bytes = 0;          ///< What it would take, padding included.
  ChunkIndex chunk{};           ///< Fits: where it would go.
  ByteCount chunkBytes = 0;     ///< Grows: of the new chunk.
  ByteCount releasedBytes = 0;  ///< Grows: how much of empty chunks would at least have to go first.
  ByteCount missingBytes = 0;  ///< OverBudget: what would have to go, beside all empty chunks. OverSoftLimit: likewise.

  // The chunks of that lifetime as they are.
  ByteCount freeBytes = 0;
  ByteCount largestFreeBytes = 0;  ///< The largest free range, to within 1/128.

  // What will come free by itself (of all lifetimes): a reason to try again some frames later.
  ByteCount forFramesBytes = 0;  ///< Some open frame may still name it, or no newer snapshot has been published.
  ByteCount forQueuesBytes = 0;  ///< Some queue may still use it.

  /// Whether adding it now would find a place. A pool that evicts adds a streaming block all the same: it comes to the
  /// device when it is wanted and others have left (`Pool::wouldEvict`).
  explicit operator bool() const noexcept { return outcome == FitOutcome::Fits || outcome == FitOutcome::Grows; }

  /// How scattered the free bytes are, from 0 (one range) to nearly 1.
  [[nodiscard]] double fragmentation() const noexcept {
    return freeBytes != 0 ? 1.0 - static_cast<double>(largestFreeBytes) / static_cast<double>(freeBytes) : 0.0;
  }
};

/// The report in one sentence for people. Allocates.
[[nodiscard]] std::string explain(const FitReport& report);

}  // namespace flux
