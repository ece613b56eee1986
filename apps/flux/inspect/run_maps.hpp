#pragma once

/// What lies where at chosen steps of a recorded run. The pool does the run once more, on a device without memory.

#include "inspect/dump_file.hpp"
#include "inspect/map_item.hpp"
#include "inspect/run_series.hpp"

#include <flux/inspect.hpp>
#include <flux/recording.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flux::app {

/// One request that found no place; repeated by steps, it is one.
struct RunRefusal {
  std::string name;
  std::string error;
  std::string explanation;
  PlaceRequest request;
  ByteCount largestFreeBytes = 0;
  std::uint64_t firstStep = 0;
  std::uint64_t lastStep = 0;
  std::uint64_t times = 0;
};

struct RunMaps {
  std::vector<std::uint64_t> stops;      ///< Steps; the last is that with which it ends.
  std::vector<DumpBlock> blocks;         ///< Those of `end` first, in its order; then those that are gone by then.
  std::vector<MapItem> items;            ///< By chunk, offset and time. `of` a retired range is a `WaitsFor`.
  std::vector<MapChunk> chunks;          ///< By index and time.
  std::vector<RunRefusal> refusals;      ///< In the order in which they were met; the first thousand.
  std::vector<double> fragmentation[2];  ///< Of each lifetime, one a step.
  DumpFile end;                          ///< The pool at the end.
  std::optional<ReplayDifference> difference;  ///< Then the end is before that.
  std::optional<Error> failure;                ///< Likewise.
};

/// At which steps maps are taken of a run of so many steps with at most so many blocks: as many as can be looked at,
/// and can be taken in a few seconds; and the first of those that are `wanted`. The end is none of them.
[[nodiscard]] std::vector<std::uint64_t> chooseStops(std::uint64_t steps, std::uint64_t blocks,
                                                     const std::vector<std::uint64_t>& wanted);

/// Plays. Maps are taken at `stops`, which rise, and at the end. If there are more than `mostItems` items every second
/// stop goes, until they are fewer. Throws Failure if the recording has no pool.
[[nodiscard]] RunMaps playMaps(RecordingReader reader, std::string name, const std::vector<std::uint64_t>& stops,
                               std::size_t mostItems = 1'000'000);

/// The pool right after so many steps, or at the end. Throws Failure if the recording does not get there.
[[nodiscard]] DumpFile dumpAfter(RecordingReader reader, const std::string& name, std::optional<std::uint64_t> steps);

/// Those of the series, and the fragmentation of each lifetime.
[[nodiscard]] std::vector<RunLine> linesOf(const RunSeries& series, const RunMaps& maps);

/// Why it does not go to the end, a sentence each; empty: it does.
[[nodiscard]] std::vector<std::string> problemsOf(const RunSeries& series, const RunMaps& maps);

}  // namespace flux::app
