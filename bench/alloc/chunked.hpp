#pragma once

#include <flux/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "player.hpp"

namespace flux::bench {

/// How an allocator of one space is usually put over chunks: one instance a chunk, the first chunk that takes the
/// request, another chunk if none does. What is larger than a chunk gets one of its own size.
template <Allocator Ranges>
class Chunked {
 public:
  struct Held {
    std::uint32_t chunk = 0;
    typename Ranges::Held range;
    explicit operator bool() const { return static_cast<bool>(range); }
  };

  explicit Chunked(const Growing& rules) : rules_(rules), next_(rules.firstChunkBytes) {}

  Held allocate(ByteCount bytes) {
    if (bytes > rules_.chunkBytes) return footprint_.chunks == rules_.mostChunks ? Held{} : take(add(bytes), bytes);
    for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
      if (!chunks_[i]) continue;
      if (const Held held = take(i, bytes)) return held;
    }
    if (footprint_.chunks == rules_.mostChunks) return {};
    while (next_ < bytes) next_ *= 2;
    const std::uint32_t added = add(std::min(next_, rules_.chunkBytes));
    next_ = std::min(2 * next_, rules_.chunkBytes);
    return take(added, bytes);
  }

  void free(const Held& held) {
    Chunk& chunk = *chunks_[held.chunk];
    chunk.ranges.free(held.range);
    if (--chunk.live != 0) return;
    if (chunk.bytes > rules_.chunkBytes || empty_ == rules_.emptyChunksKept) {
      footprint_.reservedBytes -= chunk.bytes;
      --footprint_.chunks;
      chunks_[held.chunk].reset();
    } else {
      ++empty_;
    }
  }

  [[nodiscard]] Place place(const Held& held) const {
    return {held.chunk, chunks_[held.chunk]->ranges.place(held.range).offset};
  }
  [[nodiscard]] Footprint footprint() const { return footprint_; }

 private:
  struct Chunk {
    explicit Chunk(ByteCount size) : bytes(size), ranges(OneSpace{.bytes = size}) {}
    ByteCount bytes;
    Ranges ranges;
    std::uint32_t live = 0;
  };

  Held take(std::uint32_t index, ByteCount bytes) {
    Chunk& chunk = *chunks_[index];
    const Held held{index, chunk.ranges.allocate(bytes)};
    if (held && chunk.live++ == 0 && chunk.bytes <= rules_.chunkBytes) --empty_;
    return held;
  }

  std::uint32_t add(ByteCount bytes) {
    auto slot = std::ranges::find_if(chunks_, [](const auto& chunk) { return !chunk; });
    if (slot == chunks_.end()) slot = chunks_.emplace(chunks_.end());
    *slot = std::make_unique<Chunk>(bytes);
    footprint_.reservedBytes += bytes;
    ++footprint_.chunks;
    ++footprint_.chunksMade;
    if (bytes <= rules_.chunkBytes) ++empty_;
    return static_cast<std::uint32_t>(slot - chunks_.begin());
  }

  Growing rules_;
  ByteCount next_;  // size of the next chunk
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::uint32_t empty_ = 0;  // of `chunkBytes` or less
  Footprint footprint_;
};

}  // namespace flux::bench
