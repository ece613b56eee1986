#pragma once

#include <flux/types.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace flux::app {

/// What the frames of a run wanted, block by block, and what it would take to have had it with the least bytes moved: a
/// memory that knows the future, and gives up what is wanted again last (L. A. Belady, "A study of replacement
/// algorithms for a virtual-storage computer", 1966; optimal for blocks of one size, and nearly so here).
class FurthestUse {
 public:
  /// The frame that is being noted wants the block, which is so large.
  void want(BlockHandle block, ByteCount bytes);
  void endFrame();

  /// Bytes brought into a memory of `capacity`, so that each frame had what it wanted, as far as that fits at once. A
  /// block is brought when it is wanted, not before. O(wants x log blocks).
  [[nodiscard]] ByteCount bytesMoved(ByteCount capacity) const;

 private:
  struct Block {
    ByteCount bytes = 0;
    std::vector<std::uint32_t> frames;  ///< That want it, in order.
  };
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  ///< Of blocks, by handle.
  std::vector<Block> blocks_;
  std::vector<std::vector<std::uint32_t>> frames_{1};  ///< The blocks that each wants; the last one is being noted.
};

}  // namespace flux::app
