#pragma once

/// What a run of the command found: one schema for every command that runs the world.

#include <flux/types.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace flux::app {

struct FrameTimes {
  double p50 = 0, p99 = 0, p999 = 0;
};
struct StepTimes {
  double p50 = 0, p99 = 0, p999 = 0, max = 0;
};

/// A draw whose bytes were not those that its version must have, or whose version was too old.
struct InvalidDraw {
  std::uint64_t frame = 0;
  std::string object;  ///< Its name in the world, model included, or in the trace.
  std::string part;    ///< Which of its bytes: "vertex", "constants", …; "version" when it was too old.
  ContentVersion version = 0;
};

/// "3 invalid draws; the first: …"
[[nodiscard]] std::string invalidDrawsText(std::uint64_t count, const std::vector<InvalidDraw>& first);
/// "3 validation messages; the first: …"
[[nodiscard]] std::string validationText(std::uint64_t count, const std::vector<std::string>& first);
[[nodiscard]] nlohmann::ordered_json toJson(const std::vector<InvalidDraw>& draws);

struct SkippedFile {
  std::string file;
  std::string reason;
};

/// The report. Field names here are the names in the JSON; units are in the names, counts have none.
struct RunReport {
  std::string command;
  std::string backend;
  std::string device;
  std::string driver;
  std::string startedAt;  ///< UTC, ISO 8601.
  std::uint64_t seed = 0;
  std::uint32_t width = 0, height = 0;
  std::uint32_t objects = 0;
  std::uint32_t renderThreads = 0;
  bool singleThread = false;
  bool indirect = false;  ///< The device looked the objects up and drew them by indirect calls.
  bool defrag = true;
  bool lean = false;
  ByteCount budget = 0;          ///< Of device memory; 0: none was given.
  std::uint64_t stillAfter = 0;  ///< The frame after which the camera stood still; 0: none.
  bool verify = false;
  bool validate = false;
  std::uint64_t modelsLoaded = 0;
  std::vector<SkippedFile> modelsSkipped;

  std::uint64_t frames = 0;  ///< Numbered from 1.
  double seconds = 0;        ///< From the first frame to the last, its end included.
  bool interrupted = false;
  std::string error;  ///< What stopped the run; empty as a rule.

  /// Objects inside the camera's view, whether or not they are there; each is issued, drawn as its fallback, or
  /// skipped.
  std::uint64_t drawsWanted = 0, drawsIssued = 0, drawsFallback = 0, drawsSkipped = 0;
  std::uint64_t drawsWantedFrom60 = 0, drawsIssuedFrom60 = 0;
  /// From `stillAfter` on, until all that is in view was drawn as itself and stayed so; none: it never was.
  std::optional<std::uint64_t> framesToSettle;
  std::uint64_t framesWithoutDrawsFrom10 = 0;
  double partImbalance = 0;  ///< A frame's slowest part in times of its mean part, while recording; p50.

  std::uint64_t invalidDraws = 0;
  std::vector<InvalidDraw> firstInvalid;  ///< At most 8.
  std::uint64_t verifiedBlocks = 0;       ///< Distinct blocks whose own bytes were verified.
  std::uint64_t wantedBlocks = 0;         ///< Distinct blocks that were wanted.
  std::uint64_t verifiedParts = 0;
  std::uint64_t verifiedAddedParts = 0;   ///< Of those: that had been added to live blocks.
  std::uint32_t maxVersionLagFrames = 0;  ///< The bound that `invalidDraws` holds versions to.
  std::uint64_t validationMessages = 0;
  std::vector<std::string> firstValidationMessages;

  std::uint64_t bytesUploaded = 0;
  std::uint64_t copiedBytes = 0;      ///< Unchanged parts of updated blocks.
  std::uint64_t relocations = 0;      ///< Blocks that moved for room, compactions included.
  std::uint64_t crossChunkMoves = 0;  ///< Of those: to another chunk.
  std::uint64_t relocatedBytes = 0, compactions = 0, releasedBytes = 0, chunksReleased = 0;
  std::uint64_t blocksAdded = 0, blocksRemoved = 0, blocksUpdated = 0;
  std::uint64_t partsAdded = 0, partsRemoved = 0;  ///< To and from live blocks.
  std::uint64_t misses = 0;                        ///< Blocks that frames asked for because they were not there.
  std::uint64_t evictions = 0, restores = 0;       ///< Blocks that left the device, and came back.
  ByteCount evictedBytes = 0, restoredBytes = 0;
  /// Of a run with a budget that verifies: what a memory that knows what is wanted next would have had uploaded.
  ByteCount leastUploadedBytes = 0;
  ByteCount storeBytes = 0;           ///< Of host memory, for blocks that are not on the device, in the end.
  std::uint64_t stepsOverBudget = 0;  ///< After which chunks took more than the hard limit.
  std::uint64_t refusedCalls = 0;     ///< Adds and updates that had to be repeated later.
  std::uint64_t deferredPublishes = 0;
  std::uint64_t indirectCalls = 0;    ///< That drew all objects of all frames; 0 without `indirect`, as the next two.
  std::uint32_t recordMirrors = 0;    ///< Copies of the records in device memory.
  std::uint64_t mirroredRecords = 0;  ///< Written to them.
  std::uint32_t peakChunks = 0;
  ByteCount peakReservedBytes = 0, peakLiveBytes = 0;
  /// Means over the frames from 60 on (over all frames when there are no more than 60).
  double meanReservedBytes = 0, meanLiveBytes = 0;
  ByteCount stagingPeakBytes = 0;
  ByteCount oneCopyPerFrameBytes = 0;  ///< What one copy of the geometry for each frame in flight would take.

  FrameTimes frameMs;    ///< A whole frame on the frame thread.
  StepTimes stepUs;      ///< `Pool::step` on the geometry thread.
  StepTimes stepCpuUs;   ///< The same in time of the processor for that thread.
  FrameTimes publishUs;  ///< `Pool::publish`, where it had something to publish.
};

[[nodiscard]] nlohmann::ordered_json toJson(const RunReport& report);

/// What a frame's publishes wrote to mirrors of the records, in the mean.
[[nodiscard]] double mirroredBytesPerFrame(const RunReport& report);

/// Why the run has to be called a failure, in one line; empty when it has not.
[[nodiscard]] std::string failureOf(const RunReport& report);

/// A table for people.
void printSummary(const RunReport& report, std::ostream& out);

}  // namespace flux::app
