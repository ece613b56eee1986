#pragma once

/// How a device hashes a range: in pieces, one workgroup a piece.

#include <flux/types.hpp>

#include <algorithm>
#include <cstdint>

namespace flux::app {

/// 4,096 rounds for a workgroup of 64. It has a bound because Mesa's software drivers end a shader's loop after 65,535
/// rounds (LP_MAX_TGSI_LOOP_ITERATIONS), and because a large range is hashed sooner by many workgroups.
inline constexpr ByteCount kHashPieceBytes = kMiB;

/// Calls `use(offset, bytes)` for the pieces of a range, in order. `hashBytes` is a pair of 32-bit sums over the words
/// of a range, each mixed with its index: the hash of the range is the pair of sums over its pieces, if a piece counts
/// its words on from `offset / 4`.
template <class Use>
void forEachHashPiece(ByteCount bytes, Use use) {
  for (ByteOffset offset = 0; offset < bytes; offset += kHashPieceBytes) {
    use(offset, static_cast<std::uint32_t>(std::min(kHashPieceBytes, bytes - offset)));
  }
}

}  // namespace flux::app
