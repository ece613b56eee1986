/// Recorded traces through the Pool on the Host device: each object a block, each frame of the trace a step and a
/// publish.

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../take.hpp"
#include "interleaved.hpp"
#include "latency.hpp"
#include "replay/metered_device.hpp"
#include "trace.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

/// Copies no bytes: a GPU moves them past the processor's caches, Host would move them through those of the thread that
/// is measured.
class UnmovedDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;

  Result<TimelineValue> submit(std::span<const CopyPiece> /*batch*/, std::span<const QueueValue> waits) override {
    return inner_.submit({}, waits);
  }
};

/// What one replay took: by frame, since what preempts it hits single frames, and their medians over the repetitions
/// leave it out.
struct Replay {
  std::vector<double> callNs;  // in `add` and `remove`
  std::vector<double> stepNs;  // in `step` and `publish`
  PoolStats stats;
  double reservedSum = 0;
  double liveSum = 0;
};

/// Leaves the bytes as they are: what is measured is Flux, not the making of contents.
bool fill(void* /*context*/, const FillRequest& /*request*/) {
  return true;
}

Replay replay(const Trace& trace, const PoolDesc& desc) {
  const std::unique_ptr<HostDevice> host =
      HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate, .maxAllocations = ~0U});
  UnmovedDevice unmoved(*host);
  app::MeteredDevice device(unmoved);  // making memory is the device's, not Flux's
  const std::unique_ptr<Pool> pool = take(Pool::create(device, desc));
  std::vector<BlockHandle> blocks(trace.kinds.size());
  Replay result;
  std::size_t next = 0;
  const auto measured = [&](std::vector<double>& into, const auto& work) {
    const std::chrono::nanoseconds inDevice = device.inDevice();
    const std::uint64_t before = fencedTicks();
    work();
    const auto ticks = static_cast<double>(fencedTicks() - before) - static_cast<double>(emptyInterval());
    const auto madeNs = static_cast<double>((device.inDevice() - inDevice).count());
    into.push_back(std::max(0.0, ticks * nanosecondsPerTick() - madeNs));
  };
  for (const std::size_t end : trace.frameEnds) {
    measured(result.callNs, [&] {
      for (; next != end; ++next) {
        const Operation& operation = trace.operations[next];
        BlockHandle& block = blocks[operation.slot];
        if (block && !pool->remove(std::exchange(block, {}))) std::exit(2);
        if (operation.bytes == 0) continue;
        const PartDesc part{trace.kinds[operation.slot], operation.bytes, Source::callback(fill, nullptr)};
        block = take(pool->add({.parts = {&part, 1}}));
      }
    });
    measured(result.stepNs, [&] {
      take(pool->step());
      pool->publish();
    });
    const PoolStats stats = pool->stats();
    result.reservedSum += static_cast<double>(stats.reservedBytes);
    result.liveSum += static_cast<double>(stats.liveBytes);
  }
  result.stats = pool->stats();
  return result;
}

/// The sum over the frames of each one's median over the repetitions, in nanoseconds.
double sumOfMedians(const std::vector<Replay>& replays, std::vector<double> Replay::*ns) {
  double sum = 0;
  std::vector<double> samples(replays.size());
  for (std::size_t frame = 0; frame < (replays[0].*ns).size(); ++frame) {
    for (std::size_t r = 0; r < replays.size(); ++r) samples[r] = (replays[r].*ns)[frame];
    sum += median(samples);
  }
  return sum;
}

}  // namespace

void runPoolTraces(const Field& /*field*/, const Settings& settings, Report& report) {
  std::string error;
  const std::vector<Trace> traces = readTraces(settings.traces, error);
  if (traces.empty()) report.violation(error);
  PoolDesc lean;
  lean.firstChunkBytes = lean.chunkBytes;
  lean.emptyChunkSteps = 0;
  const std::vector<std::pair<const char*, PoolDesc>> pools{{"lean", lean}, {"defaults", {}}};
  for (const Trace& trace : traces) {
    report.table(trace.name + " through the Pool on Host: a block an object, a step and a publish a frame",
                 {"pool", "add or remove, ns", "step and publish, us/frame", "peak chunks", "peak reserved MiB",
                  "mean reserved/live"});
    for (const auto& [name, desc] : pools) {
      std::vector<Replay> replays(settings.quick ? 1 : settings.repetitions);
      for (Replay& result : replays) result = replay(trace, desc);
      const Replay& last = replays.back();
      const double ns = sumOfMedians(replays, &Replay::callNs) / static_cast<double>(trace.allocations + trace.frees);
      const double us = sumOfMedians(replays, &Replay::stepNs) / static_cast<double>(trace.frameEnds.size()) / 1'000;
      report.row({name, number(ns, 1), number(us, 2), std::to_string(last.stats.peakChunks),
                  number(static_cast<double>(last.stats.peakReservedBytes) / kMiB, 1),
                  number(last.reservedSum / last.liveSum, 3)});
      report.point("pool-traces", name, trace.name + " ns/operation", 0, ns);
    }
  }
}

}  // namespace flux::bench
