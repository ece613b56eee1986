#include "alloc/heap_count.hpp"
#include "pool/evacuation.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

// What goes on for as long as a limit is not reached must not take memory for it.

namespace flux {
namespace {

TEST(EvacuationSteadyState, ChunksThatAreHeldAndChosenInTurnsTakeNoMemory) {
  constexpr ByteCount kChunkBytes = 256 * kKiB;
  std::array spaces{ChunkSpace({.chunkBytes = kChunkBytes, .firstChunkBytes = kChunkBytes})};
  std::array<Defragmenter, 0> defragmenters;
  Evacuation evacuation(spaces, defragmenters);
  constexpr std::uint32_t kChunks = 3;
  for (std::uint32_t i = 0; i < kChunks; ++i) {
    spaces[0].addChunk(ChunkIndex{i + 1}, kChunkBytes, false);
    for (int half = 0; half < 2; ++half) ASSERT_TRUE(spaces[0].allocate(kChunkBytes / 2, 1));
  }
  ChunkIndex held{0};
  const Evacuation::AskHolders ask = [&](std::uint32_t, std::uint32_t) { evacuation.hold(held); };
  std::size_t before = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    if (i == 100) before = test::heapAllocations();
    held = ChunkIndex{i % kChunks + 1};
    evacuation.hold(held);
    (void)evacuation.choose(kChunks * kChunkBytes, 1, ask);
    (void)evacuation.choose(kChunks * kChunkBytes, 1, ask);
    for (std::uint32_t c = 1; c <= kChunks; ++c) ASSERT_EQ(evacuation.goes(ChunkIndex{c}), ChunkIndex{c} != held);
  }
  EXPECT_GT(before, 0U) << "the count must work";
  EXPECT_EQ(test::heapAllocations(), before);
}

}  // namespace
}  // namespace flux
