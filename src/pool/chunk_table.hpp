#pragma once

#include "base/gauge.hpp"
#include "base/reserved_memory.hpp"

#include <flux/device.hpp>
#include <flux/pool.hpp>

#include <string_view>
#include <vector>

namespace flux {

/// All chunks of a pool: the table that snapshots read, and what the device holds.
///
/// **Thread contract.** The geometry thread changes it. Render threads read the entries of chunks that their
/// snapshot names; such an entry does not change, because a chunk goes only when it has been empty, with
/// everything in it retired (I9). A lookup that finds nothing reads entry 0 (`kNoChunkIndex`), which no chunk ever has.
/// Any thread reads `reservedBytes` and `count`.
class ChunkTable {
 public:
  /// `listener` may be null.
  ChunkTable(Device& device, ChunkListener* listener);
  ~ChunkTable();
  ChunkTable(const ChunkTable&) = delete;
  ChunkTable& operator=(const ChunkTable&) = delete;

  /// Makes a chunk in this step and tells the listener. Errors: TooManyChunks, and the device's.
  [[nodiscard]] Result<ChunkIndex> create(ByteCount bytes, std::string_view name, std::uint64_t step);

  /// REQUIRES: nothing can name the chunk any more.
  void destroy(ChunkIndex index);

  [[nodiscard]] const ChunkInfo* entries() const noexcept { return entries_.data(); }
  [[nodiscard]] const ChunkInfo& operator[](ChunkIndex index) const noexcept {
    return entries_[static_cast<std::uint32_t>(index)];
  }
  /// The step in which the chunk was made.
  [[nodiscard]] std::uint64_t madeIn(ChunkIndex index) const { return madeIn_[static_cast<std::uint32_t>(index)]; }
  [[nodiscard]] ByteCount reservedBytes() const noexcept { return reservedBytes_; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

  /// Calls `visit(index, info)` for every chunk, by index.
  template <class Visit>
  void forEach(const Visit& visit) const {
    for (std::uint32_t i = kFirstChunk; i < used_; ++i) {
      if (entries_[i].bytes != 0) visit(ChunkIndex{i}, entries_[i]);
    }
  }

 private:
  static constexpr std::uint32_t kFirstChunk = static_cast<std::uint32_t>(kNoChunkIndex) + 1;

  Device& device_;
  ChunkListener* listener_;
  ReservedArray<ChunkInfo> entries_;   ///< `bytes` 0: the index is free.
  std::vector<std::uint64_t> madeIn_;  ///< By index.
  std::vector<std::uint32_t> freeIndices_;
  std::uint32_t used_ = kFirstChunk;  ///< Indices from here on have never been given.
  Gauge<std::uint32_t> count_;
  Gauge<ByteCount> reservedBytes_;
};

}  // namespace flux
