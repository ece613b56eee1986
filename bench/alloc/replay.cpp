/// Recorded traces over growing chunks, the allocators alone.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "interleaved.hpp"
#include "trace.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

/// Nothing is kept, nothing ramps up: what the allocator itself needs.
constexpr Growing kLean{.emptyChunksKept = 0};

struct Held {
  std::uint32_t peakChunks = 0;
  ByteCount peakReserved = 0;
  double reservedSum = 0;  // over the frames
  double liveSum = 0;
  std::uint64_t chunksMade = 0;
};

/// What is held after each operation and at each frame's end.
Held watch(Player& player, const Trace& trace, const std::string& name, Report& report) {
  Held held;
  std::vector<std::uint32_t> bytes(trace.kinds.size());
  ByteCount live = 0;
  std::size_t next = 0;
  for (const std::size_t end : trace.frameEnds) {
    for (; next != end; ++next) {
      const Operation& operation = trace.operations[next];
      player.play({&operation, 1});
      live += operation.bytes;
      live -= bytes[operation.slot];
      bytes[operation.slot] = operation.bytes;
      held.peakChunks = std::max(held.peakChunks, player.footprint().chunks);
      held.peakReserved = std::max(held.peakReserved, player.footprint().reservedBytes);
    }
    held.reservedSum += static_cast<double>(player.footprint().reservedBytes);
    held.liveSum += static_cast<double>(live);
  }
  held.chunksMade = player.footprint().chunksMade;
  checkPlayer(player, bytes, name, report, 16);
  return held;
}

}  // namespace

void runTraces(const Field& field, const Settings& settings, Report& report) {
  std::string error;
  const std::vector<Trace> traces = readTraces(settings.traces, error);
  if (traces.empty()) report.violation(error);
  for (const Trace& trace : traces) {
    const double operations = static_cast<double>(trace.allocations + trace.frees);
    const std::vector<Series> series =
        interleaved(settings.repetitions, field.traces.size(), [&](std::uint32_t, std::size_t i) {
          const std::unique_ptr<Player> player = field.traces[i].make(trace.kinds.size(), kLean);
          return cpuNanosecondsOf([&] { player->play(trace.operations); }) / operations;
        });
    report.table(trace.name + ": " + std::to_string(trace.allocations) + " allocations, " +
                     std::to_string(trace.frees) + " frees, peak live " +
                     number(static_cast<double>(trace.peakLiveBytes) / kMiB, 1) + " MiB, over 16 MiB chunks",
                 {"allocator", "ns/operation", "spread", "x of " + field.traces[0].name, "peak chunks",
                  "peak reserved MiB", "peak reserved/live", "mean reserved/live", "device allocations"});
    for (std::size_t i = 0; i < field.traces.size(); ++i) {
      const std::string& name = field.traces[i].name;
      const std::unique_ptr<Player> player = field.traces[i].make(trace.kinds.size(), kLean);
      const Held held = watch(*player, trace, name, report);
      report.row({name, number(series[i].median(), 1), series[i].spread(1), ratio(series[i], series[0]),
                  std::to_string(held.peakChunks), number(static_cast<double>(held.peakReserved) / kMiB, 1),
                  number(static_cast<double>(held.peakReserved) / static_cast<double>(trace.peakLiveBytes), 3),
                  number(held.reservedSum / held.liveSum, 3), std::to_string(held.chunksMade)});
      report.point("traces", name, trace.name + " ns/operation", 0, series[i].median());
      report.point("traces", name, trace.name + " peak chunks", 0, held.peakChunks);
    }
  }
}

}  // namespace flux::bench
