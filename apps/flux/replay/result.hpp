#pragma once

/// What a replay found.

#include "report.hpp"
#include "report_percentiles.hpp"

#include <flux/types.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace flux::app {

/// What one replay counted. *live*: bytes of the trace's objects. *reserved*: device chunks, empty ones included.
struct ReplayCounts {
  std::uint64_t events = 0, frames = 0;
  std::uint64_t allocs = 0, frees = 0, resizes = 0, updates = 0, draws = 0;
  std::uint64_t updatesBeforeUpload = 0;  ///< Of `updates`: changed the bytes to come of an object not yet uploaded.
  std::uint64_t misses = 0;               ///< Draws of objects whose first bytes had not arrived yet.
  std::uint64_t failures = 0;             ///< Objects that found no room.
  std::vector<std::string> firstFailures;

  ByteCount peakLiveBytes = 0, peakReservedBytes = 0;
  std::uint32_t peakChunks = 0;
  double meanLiveBytes = 0, meanReservedBytes = 0, meanRetiredBytes = 0;  ///< Over the frames.
  double meanSmallObjects = 0;                                            ///< Objects that share blocks.
  /// Of one of them on average: what it asked for, its share of the blocks, what of that frames may still read or
  /// copies fill, and what Flux keeps in system memory.
  double smallObjectBytes = 0, smallObjectSpaceBytes = 0, smallObjectHeldBytes = 0, smallObjectMetadataBytes = 0;
  std::uint64_t chunksCreated = 0, chunksReleased = 0, releasedBytes = 0;
  std::uint64_t relocations = 0, relocatedBytes = 0, compactions = 0;  ///< Blocks that moved for room.
  ByteCount uploadedBytes = 0;
  // With a budget:
  std::uint64_t evictions = 0, restores = 0;
  ByteCount evictedBytes = 0, restoredBytes = 0;
  std::uint64_t stepsOverBudget = 0;  ///< After which chunks took more.
  ByteCount movedBytes = 0;           ///< Of blocks that came to the device, the first time or again.
  ByteCount leastMovedBytes = 0;      ///< By a memory as large as the soft limit that knew the future.

  std::uint64_t invalidDraws = 0;
  std::vector<InvalidDraw> firstInvalid;
  std::uint64_t verifiedDraws = 0;
  ByteCount verifiedBytes = 0;
};

/// What calls took, over all replays of a trace.
struct ReplayTimes {
  Percentiles alloc;       ///< `Pool::add`.
  Percentiles free;        ///< `Pool::remove`.
  Percentiles step;        ///< `Pool::step`, the making of contents included.
  Percentiles stepThread;  ///< The same in time of the processor for the thread.
  /// Of each replay: an add or a remove on average, without what the device took to make chunks in it, and that.
  std::vector<double> nsPerOp, deviceNsPerOp;
};

/// How one way to place a trace's objects does: the Pool, or a strategy (flux/strategies.hpp).
struct PolicyFigures {
  std::string policy;
  std::uint64_t failures = 0;
  std::uint64_t creations = 0;  ///< Device allocations made.
  std::uint32_t peakChunks = 0;
  ByteCount peakLiveBytes = 0, peakReservedBytes = 0;
  double efficiency = 0;     ///< Mean live bytes over mean reserved ones.
  double fragmentation = 0;  ///< Mean free bytes over mean reserved ones: neither live, nor padding, nor retired.
  ByteCount copiedBytes = 0;
  double nsPerOp = 0, deviceNsPerOp = 0;  ///< As in `ReplayTimes`.
};

/// One trace, replayed. Field names here and above are the names in the JSON; units are in the names, counts have none.
struct ReplayResult {
  std::string trace;  ///< The file.
  std::string source, scene;
  /// What the program's own allocator had for all of it in the end; 0: the trace does not say.
  ByteCount ownReservedBytes = 0;
  std::uint64_t ownChunks = 0;
  std::string backend, device, driver;
  ByteCount chunkBytes = 0;
  ByteCount budget = 0;  ///< Of device memory; 0: none was given.
  bool lean = false;
  bool defrag = true;
  bool share = false;
  bool verify = false;
  std::uint32_t repeats = 0;  ///< Replays that were made.
  bool interrupted = false;   ///< The counts are of what had been replayed by then.
  double seconds = 0;         ///< All replays, verification included.
  ReplayCounts counts;        ///< Of the last replay.
  ReplayTimes times;
  std::vector<PolicyFigures> policies;  ///< The Pool, and the strategies that were asked for; empty if none was.
  std::uint64_t validationMessages = 0;
  std::vector<std::string> firstValidationMessages;
};

/// 0 without values.
[[nodiscard]] double medianOf(std::vector<double> values);

[[nodiscard]] nlohmann::ordered_json toJson(const ReplayResult& result);

/// Why the replay has to be called a failure, in one line; empty when it has not.
[[nodiscard]] std::string failureOf(const ReplayResult& result);

/// The Pool as a row beside the strategies.
[[nodiscard]] PolicyFigures poolFigures(const ReplayResult& result);

/// A table for people.
void printSummary(const ReplayResult& result, std::ostream& out);

}  // namespace flux::app
