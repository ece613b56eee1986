#pragma once

/// `flux replay` of traces: recorded allocations through the Pool.

#include "replay/result.hpp"

#include <flux/device.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace flux::app {

struct ReplayOptions {
  std::vector<std::filesystem::path> traces;  ///< And recordings (recording_replay.hpp), for the command line.
  std::string backend = "host";               ///< One of `backendNames`.
  ByteCount chunkBytes = 16 * kMiB;
  ByteCount budget = 0;  ///< Of device memory, for traces; what does not fit leaves it. 0: none.
  bool defrag = true;    ///< Blocks move to give chunks back.
  bool lean = false;     ///< As little memory as possible (`makeLean`).
  bool share = true;     ///< Small objects of one kind share blocks.
  bool verify = false;
  bool validate = false;
  /// Strategies that place the trace's objects as well, for comparison (flux/strategies.hpp); empty, a name, or "all".
  std::string policy;
  std::uint32_t repeat = 1;
  std::uint64_t frames = 0;    ///< Of each trace, from its beginning; 0: all, and what follows the last.
  std::filesystem::path json;  ///< Gets the results. Empty: none.
};

/// Ways to disturb a replay. For tests.
struct ReplayHooks {
  std::function<std::unique_ptr<Device>(Device&)> wrapDevice;  ///< Makes the device that the pool gets.
};

/// Replays the traces, one result a trace. A Ctrl-C ends the replays: then the last result is of a part, and traces
/// that had not begun have none. Throws Failure for what cannot be read or replayed. Progress goes to `progress`.
[[nodiscard]] std::vector<ReplayResult> runReplay(const ReplayOptions& options, std::ostream& progress,
                                                  const ReplayHooks& hooks = {});

/// One object for one trace, an array for several.
[[nodiscard]] nlohmann::ordered_json toJson(const std::vector<ReplayResult>& results);

}  // namespace flux::app
