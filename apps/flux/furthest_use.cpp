#include "furthest_use.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace flux::app {

void FurthestUse::want(BlockHandle block, ByteCount bytes) {
  const std::uint64_t key = std::uint64_t{block.generation} << 32U | block.index;
  const auto [found, isNew] = numbers_.try_emplace(key, static_cast<std::uint32_t>(blocks_.size()));
  if (isNew) blocks_.emplace_back();
  Block& wanted = blocks_[found->second];
  const auto frame = static_cast<std::uint32_t>(frames_.size() - 1);
  wanted.bytes = std::max(wanted.bytes, bytes);
  if (!wanted.frames.empty() && wanted.frames.back() == frame) return;
  wanted.frames.push_back(frame);
  frames_.back().push_back(found->second);
}

void FurthestUse::endFrame() {
  frames_.emplace_back();
}

ByteCount FurthestUse::bytesMoved(ByteCount capacity) const {
  constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint32_t kAway = kNever - 1;
  std::set<std::pair<std::uint32_t, std::uint32_t>> memory;  // by the next frame that wants them
  std::vector<std::uint32_t> next(blocks_.size(), kAway);    // of those in memory
  std::vector<std::size_t> seen(blocks_.size());             // how many of its frames are over
  ByteCount used = 0;
  ByteCount moved = 0;
  const auto place = [&](std::uint32_t block, std::uint32_t when) {
    if (next[block] != kAway) memory.erase({next[block], block});
    next[block] = when;
    memory.emplace(when, block);
  };
  for (std::uint32_t frame = 0; frame < frames_.size(); ++frame) {
    for (const std::uint32_t block : frames_[frame]) {
      const ByteCount bytes = blocks_[block].bytes;
      if (next[block] == kAway) {
        // What this frame wants is not given up for something else that it wants.
        while (used + bytes > capacity && !memory.empty() && memory.rbegin()->first > frame) {
          const std::uint32_t furthest = memory.rbegin()->second;
          memory.erase(std::prev(memory.end()));
          next[furthest] = kAway;
          used -= blocks_[furthest].bytes;
        }
        if (used + bytes > capacity) continue;
        used += bytes;
        moved += bytes;
      }
      place(block, frame);
    }
    for (const std::uint32_t block : frames_[frame]) {
      const Block& wanted = blocks_[block];
      ++seen[block];
      if (next[block] == kAway) continue;
      place(block, seen[block] < wanted.frames.size() ? wanted.frames[seen[block]] : kNever);
    }
  }
  return moved;
}

}  // namespace flux::app
