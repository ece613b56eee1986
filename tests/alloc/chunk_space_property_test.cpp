#include "alloc/chunk_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

namespace flux {
namespace {

using Time = std::chrono::steady_clock::time_point;

/// A chunk space beside a plain model of it: the live places of each chunk by address. Every call is checked against
/// what the model knows; what the chunk space is free to choose (the place) is checked against its promises.
class Twin {
 public:
  Twin(const ChunkSpacePolicy& policy, std::uint64_t seed) : policy_(policy), space_(policy), random_(seed) {}

  void run(int operations) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      ++step_;
      // The load swings, so that chunks fill, drain, empty and go.
      const bool rising = (step_ / 3000) % 2 == 0;
      const std::uint64_t draw = random_() % 1000;
      if (draw < 20) {
        retireOrRestore();
      } else if (draw < 24) {
        addAhead();
      } else if (draw < 60) {
        release();
      } else if (draw < 62) {
        keep();
      } else if (draw < (rising ? 640U : 380U)) {
        add();
      } else {
        free();
      }
      if (i % 50 == 0) check();
    }
    check();
  }

  void drain() {
    while (!places_.empty()) free();
    for (const auto& [index, chunk] : chunks_) {
      if (chunk.retired) space_.restoreChunk(ChunkIndex{index});
    }
    while (const std::optional<ChunkIndex> chunk = space_.anyEmpty()) remove(*chunk);
    while (const std::optional<ChunkIndex> chunk = space_.anyUnused()) remove(*chunk);
    EXPECT_TRUE(chunks_.empty());
    EXPECT_EQ(space_.reservedBytes(), 0U);
    EXPECT_EQ(space_.readyBytes() + space_.emptyBytes() + space_.freeBytes(), 0U);
    EXPECT_TRUE(space_.checkInvariants());
  }

 private:
  struct Chunk {
    ByteCount bytes = 0;
    bool dedicated = false;
    bool retired = false;
    bool used = false;
    std::uint64_t emptySince = 0;
    std::map<ByteOffset, ByteCount> live;
  };

  std::uint64_t upTo(std::uint64_t end) { return random_() % end; }

  void add() {
    ByteCount bytes = 1 + (ByteCount{1} << upTo(16)) + upTo(64);
    if (upTo(60) == 0) bytes = policy_.chunkBytes / 4 + upTo(policy_.chunkBytes);
    const ByteCount alignment = upTo(3) == 0 ? 1 + upTo(3000) : ByteCount{1} << upTo(13);
    const std::optional<ChunkIndex> foreseen = space_.wouldFit(bytes, alignment);
    std::optional<Placement> place = space_.allocate(bytes, alignment);
    ASSERT_EQ(place.has_value(), foreseen.has_value());
    if (place) {
      ASSERT_EQ(place->chunk, *foreseen) << "the dry run names the chunk";
    } else {
      expectNoRoom(bytes, alignment);
      addChunk(space_.nextChunkBytes(bytes, alignment), space_.dedicated(bytes));
      place = space_.allocate(bytes, alignment);
      ASSERT_TRUE(place) << "a new chunk has room for what it was made for";
    }
    Chunk& chunk = chunks_.at(static_cast<std::uint32_t>(place->chunk));
    EXPECT_FALSE(chunk.retired);
    EXPECT_TRUE(!chunk.dedicated || space_.dedicated(bytes));
    EXPECT_TRUE(!chunk.dedicated || chunk.live.empty());
    EXPECT_EQ(place->offset % alignment, 0U);
    EXPECT_EQ(place->bytes, (bytes + 15) / 16 * 16);
    EXPECT_LE(place->offset + place->bytes, chunk.bytes);
    const auto next = chunk.live.lower_bound(place->offset);
    EXPECT_TRUE(next == chunk.live.end() || place->offset + place->bytes <= next->first);
    EXPECT_TRUE(next == chunk.live.begin() || std::prev(next)->first + std::prev(next)->second <= place->offset);
    chunk.live.emplace(place->offset, place->bytes);
    chunk.used = true;
    places_.push_back(*place);
  }

  /// A refused request may miss one of very many holes that nearly fit, but none that is larger by an octave's step and
  /// the alignment, and no dedicated chunk.
  void expectNoRoom(ByteCount bytes, ByteCount alignment) {
    const ByteCount surely = bytes + bytes / 16 + 2 * std::lcm(alignment, kPlaceUnitBytes);
    for (const auto& [index, chunk] : chunks_) {
      if (chunk.retired) continue;
      if (chunk.dedicated) {
        const bool tight = chunk.bytes >= bytes && chunk.bytes <= bytes + bytes / 8;
        EXPECT_FALSE(space_.dedicated(bytes) && tight && chunk.live.empty()) << index;
      } else {
        EXPECT_LT(largestHole(chunk), surely) << index;
      }
    }
  }

  static ByteCount largestHole(const Chunk& chunk) {
    ByteCount largest = 0;
    ByteOffset end = 0;
    for (const auto& [offset, bytes] : chunk.live) {
      largest = std::max(largest, offset - end);
      end = offset + bytes;
    }
    return std::max(largest, chunk.bytes - end);
  }

  void addAhead() {
    const ByteCount wanted = 1 + upTo(3 * policy_.chunkBytes);
    const ByteCount bytes = space_.nextReservedBytes(wanted);
    EXPECT_LE(bytes, policy_.chunkBytes);
    EXPECT_TRUE(bytes >= wanted || bytes * 2 >= policy_.chunkBytes);
    if (chunks_.size() < 60) addChunk(bytes, false);
  }

  void addChunk(ByteCount bytes, bool dedicated) {
    std::uint32_t index = 0;
    while (chunks_.count(index) != 0) ++index;
    space_.addChunk(ChunkIndex{index}, bytes, dedicated);
    chunks_[index] = {.bytes = bytes, .dedicated = dedicated};
  }

  void free() {
    if (places_.empty()) return;
    std::swap(places_[upTo(places_.size())], places_.back());
    const Placement place = places_.back();
    places_.pop_back();
    space_.free(place, step_, Time{});
    Chunk& chunk = chunks_.at(static_cast<std::uint32_t>(place.chunk));
    chunk.live.erase(place.offset);
    if (chunk.live.empty()) chunk.emptySince = step_;
  }

  void retireOrRestore() {
    if (chunks_.empty()) return;
    auto chunk = chunks_.begin();
    std::advance(chunk, static_cast<std::ptrdiff_t>(upTo(chunks_.size())));
    if (chunk->second.retired) {
      space_.restoreChunk(ChunkIndex{chunk->first});
    } else if (upTo(2) == 0) {
      space_.retireChunk(ChunkIndex{chunk->first});
    } else {
      return;
    }
    chunk->second.retired = !chunk->second.retired;
  }

  /// What stands ready and is to be kept survives every release that time alone allows.
  void keep() {
    const ByteCount bytes = std::min(upTo(3 * policy_.chunkBytes), space_.readyBytes());
    space_.keepReady(bytes);
    while (const std::optional<ChunkIndex> chunk = space_.releasable(step_ + 1000, Time{})) remove(*chunk);
    EXPECT_GE(space_.readyBytes(), bytes);
  }

  void release() {
    const std::optional<ChunkIndex> chunk = space_.releasable(step_, Time{});
    if (!chunk) return;
    const Chunk& gone = chunks_.at(static_cast<std::uint32_t>(*chunk));
    EXPECT_TRUE(gone.live.empty());
    EXPECT_TRUE(gone.retired || (gone.used && step_ >= gone.emptySince + policy_.emptySteps));
    remove(*chunk);
  }

  void remove(ChunkIndex chunk) {
    space_.removeChunk(chunk);
    chunks_.erase(static_cast<std::uint32_t>(chunk));
  }

  void check() {
    ASSERT_TRUE(space_.checkInvariants()) << "step " << step_;
    ByteCount reserved = 0;
    ByteCount free = 0;
    ByteCount empty = 0;
    ByteCount largest = 0;
    for (const auto& [index, chunk] : chunks_) {
      ByteCount used = 0;
      for (const auto& [offset, bytes] : chunk.live) used += bytes;
      if (chunk.dedicated && !chunk.live.empty()) used = chunk.bytes;
      reserved += chunk.bytes;
      empty += chunk.live.empty() ? chunk.bytes : 0;
      EXPECT_EQ(space_.bytes(ChunkIndex{index}), chunk.bytes);
      EXPECT_EQ(space_.freeBytes(ChunkIndex{index}), chunk.bytes - used);
      EXPECT_EQ(space_.liveRanges(ChunkIndex{index}), chunk.live.size());
      EXPECT_EQ(space_.retired(ChunkIndex{index}), chunk.retired);
      if (chunk.dedicated || chunk.retired) continue;
      free += chunk.bytes - used;
      largest = std::max(largest, largestHole(chunk));
    }
    EXPECT_EQ(space_.reservedBytes(), reserved);
    EXPECT_EQ(space_.freeBytes(), free);
    EXPECT_EQ(space_.emptyBytes(), empty);
    EXPECT_EQ(space_.chunkCount(), chunks_.size());
    EXPECT_EQ(space_.liveRanges(), places_.size());
    EXPECT_LE(space_.largestFreeBytes(), largest);
    EXPECT_GE(space_.largestFreeBytes(), largest - largest / 32);
  }

  ChunkSpacePolicy policy_;
  ChunkSpace space_;
  std::mt19937_64 random_;
  std::map<std::uint32_t, Chunk> chunks_;
  std::vector<Placement> places_;
  std::uint64_t step_ = 0;
};

TEST(ChunkSpaceProperty, EqualsThePlainModel) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Twin twin({.chunkBytes = 256 * kKiB,
               .firstChunkBytes = seed % 2 == 0 ? 256 * kKiB : 64 * kKiB,
               .spareChunks = seed % 3 == 0 ? 0U : 1U,
               .emptySteps = seed % 3 == 0 ? 0U : 40U},
              seed);
    twin.run(20000);
    twin.drain();
  }
}

}  // namespace
}  // namespace flux
