// The strategies, and a device allocation for each resource as what people have without one, on three workloads. Only
// `us/op` is a time, and one of a device of plain memory; the other columns are counts, the same on every device:
// buffers made and the most there were at once, the most reserved per live byte at its peak, bytes given beyond what
// was asked, bytes copied per live byte.

#include <benchmark/benchmark.h>
#include <flux/host.hpp>
#include <flux/strategies.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "resources/strategies/strategy_base.hpp"

namespace flux {
namespace {

/// A buffer for each resource.
class Dedicated final : public StrategyBase {
 public:
  using StrategyBase::StrategyBase;
  void trim() override {}

 private:
  Result<Place> place(ByteCount bytes, ByteCount /*alignment*/, std::source_location where) override {
    const Result<ChunkIndex> made = makeBuffer(bytes, where);
    return made ? Place{*made, 0, bytes, {}} : Result<Place>(Unexpected(made.error()));
  }
  void reclaim(const Place& place) override { releaseBuffer(place.buffer); }
};

/// A strategy, the frames around it, and what it looked like at its worst.
struct Run {
  explicit Run(std::string_view name) : device(HostDevice::create({.maxAllocations = 1U << 20U})) {
    const StrategyOptions options{.maxBuffers = kMaxChunks};
    strategy = name == "dedicated" ? std::make_unique<Dedicated>(name, *device, options)
                                   : makeStrategy(name, *device, options).value();
  }

  AllocationId allocate(ByteCount bytes) {
    ++operations;
    const AllocationId made = strategy->allocate(bytes).value().id;
    const StrategyStats now = strategy->stats();
    peakBuffers = std::max(peakBuffers, now.buffers);
    peakReserved = std::max(peakReserved, now.reservedBytes);
    if (now.liveBytes > peakLive) {
      peakLive = now.liveBytes;
      padding = now.paddingBytes;
    }
    return made;
  }
  void free(AllocationId id) {
    ++operations;
    (void)strategy->free(id);
  }
  /// The GPU is one to three frames late.
  void step() const {
    const std::array submitted{QueueValue{QueueId{1}, device->submitReads(QueueId{1}, {}, {})}};
    (void)strategy->step(submitted);
  }

  std::unique_ptr<HostDevice> device;
  std::unique_ptr<Strategy> strategy;
  std::uint64_t operations = 0;
  std::uint32_t peakBuffers = 0;
  ByteCount peakReserved = 0;
  ByteCount peakLive = 0;
  ByteCount padding = 0;
};

/// As many in each octave from 64 bytes to 64 KiB.
ByteCount anySize(std::mt19937& random) {
  const ByteCount octave = ByteCount{64} << random() % 10;
  return octave + random() % octave;
}

/// 5,000 resources, of which 100 are replaced in each of 200 frames.
void churn(Run& run) {
  std::mt19937 random(1);
  std::vector<AllocationId> live;
  for (int i = 0; i < 5000; ++i) live.push_back(run.allocate(anySize(random)));
  for (int frame = 0; frame < 200; ++frame) {
    for (int i = 0; i < 100; ++i) {
      AllocationId& chosen = live[random() % live.size()];
      run.free(chosen);
      chosen = run.allocate(anySize(random));
    }
    run.step();
  }
}

/// A scene that is loaded, 100 resources a frame, until it has 10,000.
void load(Run& run) {
  std::mt19937 random(2);
  for (int frame = 0; frame < 100; ++frame) {
    for (int i = 0; i < 100; ++i) (void)run.allocate(anySize(random));
    run.step();
  }
}

/// 500 resources that live for one frame, in each of 200 frames.
void frames(Run& run) {
  std::mt19937 random(3);
  for (int frame = 0; frame < 200; ++frame) {
    for (int i = 0; i < 500; ++i) (void)run.allocate(anySize(random));
    run.strategy->freeAll();
    run.step();
  }
}

void strategy(benchmark::State& state, std::string_view name, void (*workload)(Run&)) {
  std::uint64_t operations = 0;
  for (auto _ : state) {
    Run run(name);
    workload(run);
    operations += run.operations;
    const StrategyStats stats = run.strategy->stats();
    const auto live = static_cast<double>(run.peakLive);
    state.counters["made"] = static_cast<double>(stats.buffersMade);
    state.counters["at once"] = run.peakBuffers;
    state.counters["reserved/live"] = static_cast<double>(run.peakReserved) / live;
    state.counters["padding %"] = 100 * static_cast<double>(run.padding) / live;
    state.counters["copied/live"] = static_cast<double>(stats.copiedBytes) / live;
  }
  state.counters["per op"] =
      benchmark::Counter(static_cast<double>(operations), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Grown to 16 MiB and a little, 64 KiB at a time.
void growth(benchmark::State& state, GrowthPolicy policy) {
  constexpr ByteCount kPush = 64 * kKiB;
  constexpr ByteCount kFinal = 16 * kMiB + kPush;
  for (auto _ : state) {
    Run run("chunked");
    GrowingBlock block(*run.strategy, policy);
    ByteCount mostCapacity = 0;
    for (ByteCount size = kPush; size <= kFinal; size += kPush) {
      (void)block.resize(size);
      if (size >= kMiB) mostCapacity = std::max(mostCapacity, block.capacity() * 1000 / size);
      run.step();
    }
    state.counters["growths"] = static_cast<double>(run.strategy->stats().copies);
    state.counters["copied/size"] = static_cast<double>(run.strategy->stats().copiedBytes) / kFinal;
    state.counters["capacity/size"] = static_cast<double>(mostCapacity) / 1000;
  }
}

const bool kRegistered = [] {
  std::vector<std::string_view> names(strategyNames().begin(), strategyNames().end());
  names.emplace_back("dedicated");
  constexpr std::array<std::pair<const char*, void (*)(Run&)>, 3> kWorkloads{
      {{"churn", churn}, {"load", load}, {"frames", frames}}};
  for (const auto& [title, workload] : kWorkloads) {
    for (const std::string_view name : names) {
      benchmark::RegisterBenchmark(("strategy/" + std::string(title) + "/" + std::string(name)).c_str(), strategy, name,
                                   workload)
          ->Unit(benchmark::kMillisecond);
    }
  }
  for (const GrowthPolicy policy :
       {GrowthPolicy::Exponential, GrowthPolicy::OneAndAHalf, GrowthPolicy::FixedStep, GrowthPolicy::Exact}) {
    benchmark::RegisterBenchmark(("growth/" + std::string(toString(policy))).c_str(), growth, policy)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace flux
