#pragma once

#include <flux/types.hpp>

#include "player.hpp"

namespace flux::bench {

/// What programs without an allocator do: one device allocation a resource. Counts them, and whole pages of memory.
class OneEach {
 public:
  struct Held {
    std::uint32_t chunk = 0;
    ByteCount bytes = 0;
    explicit operator bool() const { return bytes != 0; }
  };

  explicit OneEach(const Growing& /*rules*/) {}

  Held allocate(ByteCount bytes) {
    bytes = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
    footprint_.reservedBytes += bytes;
    ++footprint_.chunks;
    return {static_cast<std::uint32_t>(footprint_.chunksMade++), bytes};
  }

  void free(const Held& held) {
    footprint_.reservedBytes -= held.bytes;
    --footprint_.chunks;
  }

  [[nodiscard]] Place place(const Held& held) const { return {held.chunk, 0}; }
  [[nodiscard]] Footprint footprint() const { return footprint_; }

 private:
  static constexpr ByteCount kPageBytes = 4 * kKiB;  // the least that any driver gives
  Footprint footprint_;
};

}  // namespace flux::bench
