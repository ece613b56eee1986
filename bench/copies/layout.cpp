#include "layout.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace flux::bench {
namespace {

/// Places pieces one behind the other, none across the end of a chunk.
class Packing {
 public:
  explicit Packing(std::uint32_t chunks) : chunks_(chunks) {}

  /// False when it does not fit any more.
  bool place(ByteCount bytes) {
    if (offset_ + bytes > kChunkBytes) {
      ++chunk_;
      offset_ = 0;
    }
    at_ = offset_;
    offset_ += bytes;
    return chunk_ < chunks_;
  }
  [[nodiscard]] std::uint32_t chunk() const { return chunk_; }
  [[nodiscard]] ByteOffset offset() const { return at_; }

 private:
  std::uint32_t chunks_;
  std::uint32_t chunk_ = 0;
  ByteOffset offset_ = 0;
  ByteOffset at_ = 0;
};

}  // namespace

std::vector<Move> scattered(const PieceSizes& sizes, std::uint32_t chunks) {
  std::mt19937 random(1);
  std::vector<Move> moves;
  const auto nextSize = [&] { return sizes.bytes.value_or(4 * (1025 + 2 * (random() % 7679))); };
  Packing sources(chunks);
  for (ByteCount bytes = nextSize(); sources.place(bytes); bytes = nextSize()) {
    moves.push_back({sources.chunk(), 0, sources.offset(), 0, bytes});
  }
  std::vector<std::uint32_t> order(moves.size());
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), random);
  Packing destinations(chunks);
  std::erase_if(order, [&](std::uint32_t i) {
    // In another order fewer of different sizes may fit.
    if (!destinations.place(moves[i].bytes)) {
      moves[i].bytes = 0;
      return true;
    }
    moves[i].destination = destinations.chunk();
    moves[i].destinationOffset = destinations.offset();
    return false;
  });
  std::erase_if(moves, [](const Move& move) { return move.bytes == 0; });
  return moves;
}

std::vector<Move> contiguous(std::uint32_t chunks) {
  std::vector<Move> moves(chunks);
  for (std::uint32_t i = 0; i < chunks; ++i) moves[i] = {i, i, 0, 0, kChunkBytes};
  return moves;
}

ByteCount totalBytes(const std::vector<Move>& moves) {
  return std::accumulate(moves.begin(), moves.end(), ByteCount{0},
                         [](ByteCount sum, const Move& move) { return sum + move.bytes; });
}

}  // namespace flux::bench
