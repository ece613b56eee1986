#pragma once

#include <cstdint>

#include "results.hpp"

namespace flux::bench {

struct LookupRun {
  std::uint32_t blocks = 0;
  std::uint32_t readers = 0;
  std::uint32_t rounds = 0;
  bool limits = false;  ///< Whether the requirements speak of this run.
};

/// What a lookup costs while a writer changes the table, beside the alternatives, and what an update costs the writer.
void measureLookups(const LookupRun& run, Results& results);

}  // namespace flux::bench
