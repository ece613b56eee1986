#pragma once

/// Recorded allocations (`traces/README.md`), as operations.

#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "player.hpp"

namespace flux::bench {

struct Trace {
  std::string name;
  std::vector<Operation> operations;   ///< An object is a slot; what changes its size is a pair.
  std::vector<PartKind> kinds;         ///< By slot.
  std::vector<std::size_t> frameEnds;  ///< Numbers of operations before each frame's end.
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
  ByteCount peakLiveBytes = 0;
};

/// All `.gtrace.gz` files of a folder, by name. A file that cannot be read or understood is an error: `error` says
/// which line, and the answer is empty.
std::vector<Trace> readTraces(const std::string& folder, std::string& error);

}  // namespace flux::bench
