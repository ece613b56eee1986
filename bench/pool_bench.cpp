/// What the geometry thread pays for a block's whole life through the pool.

#include "take.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

namespace flux {
namespace {

using bench::take;

struct Fixture {
  explicit Fixture(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      blocks.push_back(add());
      if (i % 1024 == 0) settle(1);
    }
    settle(300);
  }

  BlockHandle add() {
    const PartDesc part{PartKind::Vertex, 256 + random() % 2048, Source::callback(fill, nullptr)};
    BlockDesc desc;
    desc.parts = {&part, 1};
    return take(pool->add(desc));
  }

  void settle(int steps) {
    for (int i = 0; i < steps; ++i) {
      take(pool->step());
      pool->publish();
    }
  }

  /// Leaves the bytes as they are: what is measured is Flux, not a copy of bytes.
  static bool fill(void* /*context*/, const FillRequest& /*request*/) { return true; }

  std::mt19937 random{1};
  std::unique_ptr<HostDevice> host = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  std::unique_ptr<Pool> pool = take(Pool::create(*host, {}));
  std::vector<BlockHandle> blocks;
};

/// One block added, one removed, with a step and a publish for every 64 of them; the copies are part of it.
void churn(benchmark::State& state) {
  Fixture f(static_cast<std::uint32_t>(state.range(0)));
  std::uint32_t sinceStep = 0;
  for (auto _ : state) {
    BlockHandle& block = f.blocks[f.random() % f.blocks.size()];
    if (!f.pool->remove(block)) std::abort();
    block = f.add();
    if (++sinceStep == 64) {
      f.settle(1);
      sinceStep = 0;
    }
  }
}

BENCHMARK(churn)->Arg(1'000)->Arg(20'000);

}  // namespace
}  // namespace flux
