/// One operation of the frame protocol, of the allocator or of the Vulkan back end, again and again, for a tool that
/// counts instructions: scripts/count_instructions.sh. The same work on every run.

#include "alloc/chunk_space.hpp"
#include "alloc/range_allocator.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "../protocol/array_table.hpp"
#include "../protocol/draw_list.hpp"
#include "../protocol/idle_pool.hpp"
#include "../protocol/ring_table.hpp"
#include "../recording/streamed_blocks.hpp"
#include "null_vulkan.hpp"

namespace flux::bench {
namespace {

constexpr std::uint32_t kBlocks = 20'000;
constexpr std::uint32_t kPiecesPerBatch = 4096;

template <class Table, class Lookup>
void lookups(std::uint32_t passes, const Lookup& lookup) {
  Table table(kBlocks);
  const std::vector<BlockHandle> handles = randomHandles(kBlocks, 1);
  std::vector<Draw> draws(handles.size());
  const auto view = table.begin();
  for (std::uint32_t i = 0; i < passes; ++i) {
    recordDraws(handles, draws, [&](const BlockHandle& handle) { return lookup(view, handle); });
    asm volatile("" : : "r"(draws.data()) : "memory");  // the draws are wanted
  }
}

void publishes(std::uint32_t count) {
  constexpr std::uint32_t kChanges = 64;
  constexpr std::uint32_t kRecords = 64 * kChanges;
  // Twice around all records, so that no list grows any more.
  constexpr std::uint32_t kBefore = 2 * kRecords / kChanges;
  RingTable ring(kRecords);
  const std::vector<std::uint32_t> order = shuffledIndices(kRecords, 1);
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < kBefore + count; ++i) {
    for (std::uint32_t change = 0; change < kChanges; ++change) ring.edit(order[at++ % order.size()], i);
    ring.publish();
  }
}

void idleSteps(std::uint32_t count) {
  IdlePool idle(1000);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!idle.pool().step({}, idle.now()) || idle.pool().publish().changes != 0) std::abort();
  }
}

/// One of the live ranges goes, another one comes; drawn before, so that drawing does not count.
struct Exchange {
  std::uint32_t which;
  std::uint32_t units;
};

constexpr std::uint32_t kLive = 10'000;

/// Log-uniform from 256 B to 1 MiB, in units of 16 bytes.
std::vector<Exchange> exchanges() {
  std::mt19937 random(1);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random()) % bound; };
  std::vector<Exchange> drawn(1U << 16U);
  for (Exchange& exchange : drawn) {
    const std::uint32_t octave = 16U << below(12);
    exchange = {below(kLive), octave + below(octave)};
  }
  return drawn;
}

/// Carries out `count` exchanges after as many as make the holes steady.
template <class Take, class Free>
void churn(std::uint32_t count, const Take& take, const Free& free) {
  const std::vector<Exchange> drawn = exchanges();
  std::vector<decltype(take(0U))> live;
  live.reserve(kLive);
  for (std::uint32_t i = 0; i < kLive; ++i) live.push_back(take(drawn[i].units));
  for (std::uint32_t i = 0; i < 5 * kLive + count; ++i) {
    const Exchange& exchange = drawn[i % drawn.size()];
    free(live[exchange.which]);
    live[exchange.which] = take(exchange.units);
  }
}

void rangePairs(std::uint32_t count) {
  RangeAllocator ranges;
  ranges.addSpace(0, 1U << 27U);
  churn(
      count, [&](std::uint32_t units) { return ranges.allocate(units).range.id; },
      [&](RangeId id) { ranges.free(id); });
}

void rangeRefusals(std::uint32_t count) {
  RangeAllocator ranges;
  ranges.addSpace(0, 1U << 20U);
  while (ranges.allocate(1000).status == RangeStatus::Ok) {
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (ranges.allocate(2000).status != RangeStatus::Full) std::abort();
  }
}

/// Requests that a few free ranges of their own size class almost hold.
void rangeCloseRefusals(std::uint32_t count) {
  RangeAllocator ranges;
  ranges.addSpace(0, 1U << 20U);
  std::vector<RangeId> live;
  while (const RangeId id = ranges.allocate(1000).range.id) live.push_back(id);
  for (std::size_t i = 0; i < 4; ++i) ranges.free(live[i * live.size() / 5]);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (ranges.allocate(1004).status != RangeStatus::Full) std::abort();
  }
}

void chunkPairs(std::uint32_t count) {
  ChunkSpace chunks({.firstChunkBytes = 16 * kMiB});
  std::uint32_t made = 0;
  const auto take = [&](std::uint32_t units) {
    const ByteCount bytes = units * kPlaceUnitBytes;
    std::optional<Placement> place = chunks.allocate(bytes, 16);
    if (!place) {
      chunks.addChunk(ChunkIndex{made++}, 16 * kMiB, false);
      place = chunks.allocate(bytes, 16);
    }
    return *place;
  };
  churn(count, take, [&](const Placement& place) { chunks.free(place, 0, {}); });
}

/// Batches of 64 pieces: from a page into four chunks, and moves between two of them.
void submits(std::uint32_t count) {
  constexpr std::uint32_t kChunks = 4;
  constexpr ByteCount kChunkBytes = kMiB;
  constexpr ByteCount kPieceBytes = 4 * kKiB;
  const std::unique_ptr<VulkanDevice> device = makeNullVulkanDevice(kVulkanPlainCopies);
  for (std::uint32_t i = 0; i < kChunks; ++i) {
    if (!device->createChunk(ChunkIndex{i}, kChunkBytes)) std::abort();
  }
  if (!device->openStaging(StagingIndex{0}, kMiB)) std::abort();
  std::array<CopyPiece, 64> batch;
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const bool moved = i % 8 == 7;
    // In no order, every other piece behind the one before it.
    const ByteOffset place = kPieceBytes * (i % 2 == 0 ? 126 - i : 128 - i);
    const CopyEnd source = moved ? CopyEnd(ChunkIndex{0}) : CopyEnd(StagingIndex{0});
    batch[i] = {source, ChunkIndex{1 + i / 2 % (kChunks - 1)}, i * kPieceBytes, place, kPieceBytes};
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!device->submit(batch) || !device->poll()) std::abort();
  }
}

/// Batches of 4,096 pieces for the copy kernel: from two pages into 64 chunks, in no order.
void kernelSubmits(std::uint32_t count) {
  constexpr std::uint32_t kChunks = 64;
  constexpr ByteCount kPieceBytes = 4 * kKiB;
  const std::unique_ptr<VulkanDevice> device = makeNullVulkanDevice(kVulkanKernelCopies);
  for (std::uint32_t i = 0; i < kChunks; ++i) {
    if (!device->createChunk(ChunkIndex{i}, kMiB)) std::abort();
  }
  for (std::uint32_t i = 0; i < 2; ++i) {
    if (!device->openStaging(StagingIndex{i}, kMiB)) std::abort();
  }
  std::vector<CopyPiece> batch;
  for (const std::uint32_t place : shuffledIndices(kPiecesPerBatch, 1)) {
    const auto i = static_cast<std::uint32_t>(batch.size());
    batch.push_back({StagingIndex{i / 256 % 2}, ChunkIndex{place % kChunks}, i % 256 * kPieceBytes,
                     place / kChunks * kPieceBytes, kPieceBytes});
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!device->submit(batch) || !device->poll()) std::abort();
  }
}

/// Calls of a pool with their steps, publishes and frames. Only this function is counted, so not what the recorder's
/// own thread does.
[[gnu::noinline]] void countedCalls(StreamedBlocks& blocks, std::uint32_t count) {
  blocks.call(count);
}

void calls(std::uint32_t count, bool recorded) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "flux_instruction_probe.fluxrec";
  {
    std::unique_ptr<Recorder> recorder;
    if (recorded) recorder = take(Recorder::create(file));
    StreamedBlocks blocks(recorder.get());
    countedCalls(blocks, count);
  }
  std::filesystem::remove(file);
}

bool run(std::string_view what, std::uint32_t count) {
  if (what == "array") {
    lookups<ArrayTable>(count, [](const auto& view, const auto& handle) { return ArrayTable::block(view, handle); });
  } else if (what == "block") {
    lookups<RingTable>(count, [](const auto& view, const auto& handle) { return RingTable::block(view, handle); });
  } else if (what == "part") {
    lookups<RingTable>(count, [](const auto& view, const auto& handle) { return RingTable::part(view, handle); });
  } else if (what == "publish") {
    publishes(count);
  } else if (what == "idle") {
    idleSteps(count);
  } else if (what == "call") {
    calls(count, false);
  } else if (what == "recorded-call") {
    calls(count, true);
  } else if (what == "range") {
    rangePairs(count);
  } else if (what == "refusal") {
    rangeRefusals(count);
  } else if (what == "close-refusal") {
    rangeCloseRefusals(count);
  } else if (what == "chunk") {
    chunkPairs(count);
  } else if (what == "submit") {
    submits(count);
  } else if (what == "kernel") {
    kernelSubmits(count);
  } else {
    return false;
  }
  return true;
}

}  // namespace
}  // namespace flux::bench

int main(int argc, char** argv) {
  if (argc == 3 && flux::bench::run(argv[1], static_cast<std::uint32_t>(std::atoi(argv[2])))) return 0;
  std::fprintf(stderr,
               "flux_instruction_probe "
               "array|block|part|publish|idle|call|recorded-call|range|refusal|close-refusal|chunk|submit|"
               "kernel COUNT\n"
               "(array, block, part: passes of %u lookups; range, chunk: pairs of allocate and free)\n",
               flux::bench::kLookupsPerPass);
  return 2;
}
