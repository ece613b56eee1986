/// What a lookup and a publish cost, beside the usual alternatives in the same run: a plain array, and a hash map
/// under a reader-writer lock.

#include <flux/frame.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "frame/snapshot_ring.hpp"

namespace flux {
namespace {

constexpr std::uint32_t kLookups = 1U << 14U;

std::vector<BlockHandle> randomHandles(std::uint32_t count) {
  std::mt19937 random(1);
  std::vector<BlockHandle> handles(kLookups);
  for (BlockHandle& handle : handles) handle = {1 + static_cast<std::uint32_t>(random() % count), 1};
  return handles;
}

struct Table {
  explicit Table(std::uint32_t count) : ring(gate, count + 1, chunks.data()) {
    parts = {{0, 16, PartKind::Vertex}, {16, 16, PartKind::Index}, {32, 16, PartKind::Uniform}};
    layout = {parts.data(), 3, 48, 16};
    (void)ring.grow(count + 1);
    for (std::uint32_t i = 1; i <= count; ++i) {
      const SnapshotRing::Edit edit = ring.edit(i);
      edit.hot = HotRecord::resident(1, ChunkIndex{i % 16}, i, 3);
      edit.parts = {{0, 16, 32}, {16, 16, 16}};
      edit.cold.layout = &layout;
    }
    ring.publish(0);
  }
  std::vector<ChunkInfo> chunks = std::vector<ChunkInfo>(16, ChunkInfo{1, 0, kMiB});
  std::vector<PartPlacement> parts;
  BlockLayout layout;
  FrameGate gate;
  SnapshotRing ring;
};

struct Out {
  std::uint64_t buffer, offset, bytes;
};
void findBlock(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  Table table(count);
  const std::vector<BlockHandle> handles = randomHandles(count);
  const Frame frame = table.gate.begin("bench");
  std::vector<Out> out(kLookups);
  for (auto _ : state) {
    Out* o = out.data();
    for (const BlockHandle handle : handles) {
      const BlockLookup found = frame.find(handle);
      if (found.drawable()) *o++ = {found.place.buffer, found.place.offset, found.place.bytes};
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kLookups);
}
/// The floor: 16-byte records in an array, nothing checked.
void plainArrayRead(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const std::vector<HotRecord> records(count + 1);
  const std::vector<ChunkInfo> chunks(16);
  const std::vector<BlockHandle> handles = randomHandles(count);
  std::vector<Out> out(kLookups);
  for (auto _ : state) {
    Out* o = out.data();
    for (const BlockHandle handle : handles) {
      const HotRecord& record = records[handle.index];
      *o++ = {chunks[record.chunkAndState >> 12].buffer, record.offsetUnits * 16ULL, record.sizeUnits * 16ULL};
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kLookups);
}

void findPart(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  Table table(count);
  const std::vector<BlockHandle> handles = randomHandles(count);
  const Frame frame = table.gate.begin("bench");
  std::vector<Out> out(kLookups);
  for (auto _ : state) {
    Out* o = out.data();
    for (const BlockHandle handle : handles) {
      const PartLookup found = frame.find(handle, PartId{1});
      if (found.drawable()) *o++ = {found.place.buffer, found.place.offset, found.place.bytes};
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kLookups);
}

void sharedMutexMap(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  std::shared_mutex mutex;
  std::unordered_map<std::uint32_t, Place> map;
  for (std::uint32_t i = 0; i < count; ++i) map[i] = {1, ChunkIndex{i % 16}, i, 48, 0};
  const std::vector<BlockHandle> handles = randomHandles(count);
  for (auto _ : state) {
    for (const BlockHandle handle : handles) {
      const std::shared_lock lock(mutex);
      benchmark::DoNotOptimize(map.find(handle.index)->second);
    }
  }
  state.SetItemsProcessed(state.iterations() * kLookups);
}

/// Arguments: records, records that change a publish.
void publish(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const auto changes = static_cast<std::uint32_t>(state.range(1));
  Table table(count);
  std::mt19937 random(2);
  for (auto _ : state) {
    for (std::uint32_t i = 0; i < changes; ++i) {
      table.ring.edit(1 + static_cast<std::uint32_t>(random() % count)).hot.sizeUnits += 1;
    }
    benchmark::DoNotOptimize(table.ring.publish(0));
  }
}

/// What publishing by copying the whole hot column would cost.
void copyWholeTable(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  std::vector<HotRecord> from(count);
  std::vector<HotRecord> to(count);
  for (auto _ : state) {
    to = from;
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
}

BENCHMARK(plainArrayRead)->Arg(20'000)->Arg(1'000'000);
BENCHMARK(findBlock)->Arg(20'000)->Arg(1'000'000);
BENCHMARK(findPart)->Arg(20'000)->Arg(1'000'000);
BENCHMARK(sharedMutexMap)->Arg(20'000)->Arg(1'000'000);
BENCHMARK(publish)->Args({20'000, 64})->Args({1'000'000, 64})->Args({1'000'000, 1024});
BENCHMARK(copyWholeTable)->Arg(20'000)->Arg(1'000'000);

}  // namespace
}  // namespace flux
