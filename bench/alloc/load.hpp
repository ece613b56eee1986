#pragma once

#include <flux/types.hpp>

#include <cstdint>
#include <span>

#include "player.hpp"

namespace flux::bench {

/// The highest load, in percent, at which a space takes all operations without a failure: by bisection on its size,
/// which is `peakBytes` over the load.
double highestLoad(const Contestant<OneSpace>& contestant, std::uint32_t slots, std::span<const Operation> operations,
                   ByteCount peakBytes, ByteCount alignment = 16);

}  // namespace flux::bench
