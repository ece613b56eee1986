#pragma once

#include <cstdint>

#include "results.hpp"

namespace flux::bench {

/// What a record takes in each table, as the system counts it: the growth of the process's resident memory.
void measureMemory(std::uint32_t records, Results& results);

}  // namespace flux::bench
