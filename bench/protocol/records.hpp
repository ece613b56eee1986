#pragma once

/// The contents of all tables that are compared: every block is resident and has three parts.

#include <flux/snapshot.hpp>

#include <vector>

namespace flux::bench {

inline constexpr std::uint32_t kChunks = 16;

inline std::vector<ChunkInfo> someChunks() {
  std::vector<ChunkInfo> chunks(kChunks);
  for (std::uint32_t i = 0; i < kChunks; ++i) chunks[i] = {1 + i, 0, 16 * kMiB};
  return chunks;
}

/// What an update of a block changes when its new contents went to a new place: all three columns.
template <class Edit>
void place(const Edit& edit, std::uint32_t index, std::uint32_t version) {
  edit.hot = HotRecord::resident(1, ChunkIndex{(index + version) % kChunks}, index, 3);
  edit.parts = {{0, 16, 32}, {16, 16, 16}};
  edit.cold.version = version;
}

}  // namespace flux::bench
