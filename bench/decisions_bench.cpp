/// What the alternatives to some decisions of docs/design/decisions.md would cost.

#include "alloc/block_layout.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

namespace flux {
namespace {

bool fill(void* /*context*/, const FillRequest& /*request*/) {
  return true;
}

/// A world of blocks on a device whose copies take two to four steps.
struct World {
  explicit World(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const PartDesc part{PartKind::Vertex, 2000, Source::callback(fill, nullptr)};
      BlockDesc desc;
      desc.parts = {&part, 1};
      const Result<BlockHandle> block = pool->add(desc);
      if (!block) std::abort();
      blocks.push_back(*block);
      if (i % 1024 == 1023) step(1);
    }
    step(20);
  }
  void step(int times) {
    for (int i = 0; i < times; ++i) {
      if (!pool->step()) std::abort();
      pool->publish();
    }
  }
  std::unique_ptr<HostDevice> host =
      HostDevice::create({.completion = HostDeviceDesc::Completion::Delayed, .minDelayPolls = 2, .maxDelayPolls = 4});
  std::unique_ptr<Pool> pool = std::move(*Pool::create(*host, {}));
  std::vector<BlockHandle> blocks;
};

/// Blocks that are marked invalid while they move or are updated: the share of draws that every frame would lose. With
/// Flux it is 0. Argument: blocks that change a step.
void drawsLostIfMovesInvalidate(benchmark::State& state) {
  World world(20'000);
  std::mt19937 random(1);
  std::uint64_t draws = 0;
  std::uint64_t moving = 0;
  std::uint64_t lost = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const PartUpdate update{PartId{0}, Source::callback(fill, nullptr)};
      if (!world.pool->update(world.blocks[random() % world.blocks.size()], {&update, 1})) std::abort();
    }
    world.step(1);
    const Frame frame = world.pool->beginFrame();
    for (const BlockHandle block : world.blocks) {
      const BlockLookup found = frame.find(block);
      ++draws;
      lost += found.drawable() ? 0 : 1;
      moving += found.version != world.pool->requestedVersion(block) ? 1 : 0;
    }
  }
  state.counters["invalid_percent"] = 100.0 * static_cast<double>(moving) / static_cast<double>(draws);
  state.counters["lost_with_flux_percent"] = 100.0 * static_cast<double>(lost) / static_cast<double>(draws);
}

constexpr std::uint32_t kDrawn = 20'000;

/// Shared by the threads of a benchmark.
struct Counts {
  std::unique_ptr<World> world = std::make_unique<World>(kDrawn);
  std::vector<std::atomic<std::uint32_t>> references = std::vector<std::atomic<std::uint32_t>>(kDrawn);
};
Counts& counts() {
  static Counts instance;
  return instance;
}

/// Each draw counts a reference up, and down again when its frame ends: what `shared_ptr` in a draw list does.
void referenceCountPerDraw(benchmark::State& state) {
  std::vector<std::atomic<std::uint32_t>>& references = counts().references;
  for (auto _ : state) {
    for (auto& count : references) count.fetch_add(1, std::memory_order_relaxed);
    for (auto& count : references) count.fetch_sub(1, std::memory_order_acq_rel);
  }
  state.SetItemsProcessed(state.iterations() * kDrawn);
}

/// One pin for the whole frame, and a stamp for each draw.
void pinPerFrameAndStampPerDraw(benchmark::State& state) {
  const World& world = *counts().world;
  for (auto _ : state) {
    const Frame frame = world.pool->beginFrame();
    for (const BlockHandle block : world.blocks) frame.use(block);
  }
  state.SetItemsProcessed(state.iterations() * kDrawn);
}

/// Bytes of a block with vertices, indices and 80 bytes of constants, when constants are aligned to so many bytes: 256
/// as a part of the block, 65,536 as a buffer of their own in Direct3D 12.
void constantsAlignment(benchmark::State& state) {
  std::array<std::uint32_t, kPartKindCount> alignments{};
  alignments[static_cast<std::size_t>(PartKind::Uniform)] = 256;
  constexpr std::array<PartRequest, 3> kParts{
      {{PartKind::Vertex, 1200}, {PartKind::Index, 360}, {PartKind::Uniform, 80}}};
  std::array<PartPlacement, 3> places;
  ByteCount bytes = 0;
  for (auto _ : state) {
    const std::optional<LayoutSize> inside = layoutParts(kParts, alignments, places);
    const std::optional<LayoutSize> outside = layoutParts({kParts.data(), 2}, alignments, places);
    const bool own = state.range(0) > 256;
    bytes = own ? outside->bytes + static_cast<ByteCount>(state.range(0)) : inside->bytes;
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["bytes_a_block"] = static_cast<double>(bytes);
  state.counters["MiB_for_20000"] = static_cast<double>(20'000 * bytes) / static_cast<double>(kMiB);
}

BENCHMARK(drawsLostIfMovesInvalidate)->Arg(64)->Arg(1024)->Iterations(50)->Unit(benchmark::kMillisecond);
BENCHMARK(referenceCountPerDraw)->Threads(1)->Threads(2);
BENCHMARK(pinPerFrameAndStampPerDraw)->Threads(1)->Threads(2);
BENCHMARK(constantsAlignment)->Arg(256)->Arg(65536);

}  // namespace
}  // namespace flux
