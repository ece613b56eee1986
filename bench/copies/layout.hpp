#pragma once

/// Which bytes a case copies where.

#include <flux/device.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flux::bench {

/// Both sides are in chunks of this size, as Flux makes them.
inline constexpr ByteCount kChunkBytes = 16 * kMiB;

/// The sizes of a case's pieces.
struct PieceSizes {
  std::string name;
  /// Without it: odd multiples of 4 bytes between 4 and 64 KiB.
  std::optional<ByteCount> bytes;
};

/// One piece: from a place in the source chunk (or the page of the same number and contents) to a place in a
/// destination chunk. Chunks count from 0 on both sides.
struct Move {
  std::uint32_t source = 0;
  std::uint32_t destination = 0;
  ByteOffset sourceOffset = 0;
  ByteOffset destinationOffset = 0;
  ByteCount bytes = 0;
};

/// As many pieces as fit into `chunks` chunks on both sides. Sources are in order, destinations shuffled (the same at
/// every run), so that nothing can be merged.
[[nodiscard]] std::vector<Move> scattered(const PieceSizes& sizes, std::uint32_t chunks);

/// Whole chunks in order.
[[nodiscard]] std::vector<Move> contiguous(std::uint32_t chunks);

[[nodiscard]] ByteCount totalBytes(const std::vector<Move>& moves);

}  // namespace flux::bench
