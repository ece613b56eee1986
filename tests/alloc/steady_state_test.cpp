#include "alloc/block_layout.hpp"
#include "alloc/chunk_space.hpp"
#include "alloc/heap_count.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

// Once warm, placing and freeing blocks must not touch the heap.

namespace flux {
namespace {

constexpr std::size_t kBlocks = 5000;

/// Blocks come and go, some in chunks of their own, and chunks with them.
class World {
 public:
  World() { live_.reserve(2 * kBlocks); }

  void churn(std::uint32_t seed, int operations) {
    std::mt19937 random(seed);
    for (int i = 0; i < operations; ++i, ++step_) {
      const auto draw = static_cast<std::uint32_t>(random());
      if (live_.size() < kBlocks) {
        add(draw);
      } else {
        std::swap(live_[draw % kBlocks], live_.back());
        remove();
      }
      if (const auto chunk = chunks_.releasable(step_, {})) release(*chunk);
    }
  }

  void drain() {
    while (!live_.empty()) remove();
  }

 private:
  struct Block {
    Placement place;
    const BlockLayout* layout = nullptr;
  };

  void add(std::uint32_t draw) {
    std::array<PartRequest, 4> parts{{{PartKind::Vertex, 1 + draw % 4000},
                                      {PartKind::Index, 1 + draw % 1000},
                                      {PartKind::Uniform, 256},
                                      {PartKind::Storage, draw % 5000 == 0 ? 9 * kMiB : 16}}};
    std::array<PartPlacement, 4> places;
    const std::size_t count = 1 + draw % 4;
    const auto size = layoutParts(std::span(parts).first(count), std::array<std::uint32_t, kPartKindCount>{}, places);
    auto place = chunks_.allocate(size->bytes, size->alignment);
    if (!place) {
      std::uint32_t chunk = 0;
      while (chunk < used_.size() && used_[chunk]) ++chunk;
      used_.at(chunk) = true;
      chunks_.addChunk(ChunkIndex{chunk}, chunks_.nextChunkBytes(size->bytes, size->alignment),
                       chunks_.dedicated(size->bytes));
      place = chunks_.allocate(size->bytes, size->alignment);
    }
    live_.push_back({*place, layouts_.create(std::span(places).first(count), *size)});
  }

  void remove() {
    chunks_.free(live_.back().place, step_, {});
    layouts_.release(live_.back().layout);
    live_.pop_back();
  }

  void release(ChunkIndex chunk) {
    chunks_.removeChunk(chunk);
    used_.at(static_cast<std::size_t>(chunk)) = false;
  }

  ChunkSpace chunks_{{}};
  LayoutStore layouts_;
  std::vector<Block> live_;
  std::array<bool, 64> used_{};
  std::uint64_t step_ = 0;
};

TEST(SteadyState, ChurnAllocatesNothingOnTheHeap) {
  World world;
  world.churn(1, 100000);
  world.drain();
  world.churn(2, 100000);
  const std::size_t before = test::heapAllocations();
  EXPECT_GT(before, 0U) << "the count must work";
  world.churn(2, 100000);
  EXPECT_EQ(test::heapAllocations(), before);
}

}  // namespace
}  // namespace flux
