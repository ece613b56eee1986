#pragma once

#include <cstdint>

#include "results.hpp"

namespace flux::bench {

/// What a publish costs where the records are mirrored in device memory, beside the same without mirrors.
void measureMirrors(std::uint32_t blocks, std::uint32_t rounds, Results& results);

}  // namespace flux::bench
