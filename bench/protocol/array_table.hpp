#pragma once

#include "draw_list.hpp"
#include "records.hpp"

namespace flux::bench {

/// The floor: records of the same size in an array that nobody may write while it is read. Nothing is checked.
class ArrayTable {
 public:
  explicit ArrayTable(std::uint32_t blocks) : hot_(blocks + 1) {
    for (std::uint32_t i = 1; i <= blocks; ++i) hot_[i] = HotRecord::resident(1, ChunkIndex{i % kChunks}, i, 3);
  }

  struct View {
    const HotRecord* hot;
    const ChunkInfo* chunks;
  };
  [[nodiscard]] View begin() const { return {hot_.data(), chunks_.data()}; }

  static Draw block(const View& view, const BlockHandle& handle) {
    const HotRecord& hot = view.hot[handle.index];
    const ChunkInfo& chunk = view.chunks[static_cast<std::uint32_t>(hot.chunk())];
    return {chunk.buffer, hot.offsetUnits * kPlaceUnitBytes, hot.sizeUnits * kPlaceUnitBytes};
  }

 private:
  std::vector<ChunkInfo> chunks_ = someChunks();
  std::vector<HotRecord> hot_;
};

}  // namespace flux::bench
