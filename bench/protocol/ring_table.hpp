#pragma once

#include "frame/snapshot_ring.hpp"

#include "draw_list.hpp"
#include "records.hpp"

namespace flux::bench {

/// What is measured: Flux's own snapshots, as the pool uses them. Updates on one thread, frames on any.
class RingTable {
 public:
  explicit RingTable(std::uint32_t blocks) : ring_(gate_, blocks + 1, chunks_.data()) {
    if (!ring_.grow(blocks + 1)) std::abort();
    for (std::uint32_t i = 1; i <= blocks; ++i) edit(i, 1);
    publish();
  }

  void edit(std::uint32_t index, std::uint32_t version) { place(ring_.edit(index), index, version); }
  SnapshotRing::Published publish() { return ring_.publish(0); }
  [[nodiscard]] Frame begin() { return gate_.begin("bench"); }

  static Draw block(const Frame& frame, const BlockHandle& handle) {
    const BlockLookup found = frame.find(handle);
    return {found.place.buffer, found.place.offset, found.place.bytes};
  }
  static Draw part(const Frame& frame, const BlockHandle& handle) {
    const PartLookup found = frame.find(handle, PartId{1});
    return {found.place.buffer, found.place.offset, found.place.bytes};
  }

 private:
  std::vector<ChunkInfo> chunks_ = someChunks();
  FrameGate gate_;
  SnapshotRing ring_;
};

}  // namespace flux::bench
