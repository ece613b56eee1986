#pragma once

/// The consumer of all lookups, the same for everything that is compared: it records what a draw call needs.

#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace flux::bench {

struct Draw {
  NativeHandle buffer = 0;
  ByteOffset offset = 0;
  ByteCount bytes = 0;
};

/// Of one pass of a frame, at most.
inline constexpr std::uint32_t kLookupsPerPass = 1U << 14U;

/// Writes the draw of each handle for which `lookup` finds bytes to `out`, which has room for all; returns how many.
template <class Lookup>
std::size_t recordDraws(std::span<const BlockHandle> handles, std::span<Draw> out, const Lookup& lookup) {
  Draw* next = out.data();
  for (const BlockHandle& handle : handles) {
    const Draw draw = lookup(handle);
    if (draw.bytes != 0) *next++ = draw;
  }
  return static_cast<std::size_t>(next - out.data());
}

/// Indices 1 to `blocks` in a random order, each once; the same on each run.
inline std::vector<std::uint32_t> shuffledIndices(std::uint32_t blocks, std::uint32_t seed) {
  std::vector<std::uint32_t> indices(blocks);
  std::iota(indices.begin(), indices.end(), 1U);
  std::mt19937 random(seed);
  for (std::uint32_t i = blocks; i > 1; --i) std::swap(indices[i - 1], indices[random() % i]);
  return indices;
}

/// What one pass of a frame looks up, each block at most once. All blocks have generation 1.
inline std::vector<BlockHandle> randomHandles(std::uint32_t blocks, std::uint32_t seed) {
  std::vector<BlockHandle> handles;
  for (const std::uint32_t index : shuffledIndices(blocks, seed)) {
    if (handles.size() < kLookupsPerPass) handles.push_back({index, 1});
  }
  return handles;
}

}  // namespace flux::bench
