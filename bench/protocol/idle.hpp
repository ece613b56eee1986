#pragma once

#include <cstdint>

#include "results.hpp"

namespace flux::bench {

/// What a step costs the geometry thread when nothing is to be done, with this many resident blocks.
void measureIdle(std::uint32_t blocks, std::uint32_t rounds, Results& results);

/// What it costs to look at everything.
void measureLooks(std::uint32_t blocks, Results& results);

}  // namespace flux::bench
