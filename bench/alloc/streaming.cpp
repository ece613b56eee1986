/// Streaming of meshes: every frame some arrive, and those that came a while ago go; a few stay for much longer.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "churn.hpp"
#include "interleaved.hpp"
#include "load.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

constexpr std::uint32_t kArrivals = 200;  // a frame
constexpr std::uint32_t kLifetime = 60;   // frames
constexpr SizeRange kSizes{.smallest = 4U << 10U, .largest = 512U << 10U};

struct Script {
  std::vector<Operation> operations;
  std::vector<std::size_t> frameEnds;
  std::vector<std::uint32_t> bytes;  // by slot, at the end
  std::uint32_t peakLive = 0;
  ByteCount peakLiveBytes = 0;
};

Script write(std::uint32_t frames, std::uint32_t stragglersPercent) {
  Script script;
  std::mt19937_64 random(400 + stragglersPercent);
  std::vector<std::vector<std::uint32_t>> leaving(frames + 1);  // slots, by frame
  std::vector<std::uint32_t> unused;
  ByteCount liveBytes = 0;
  std::uint32_t live = 0;
  for (std::uint32_t frame = 0; frame < frames; ++frame) {
    for (const std::uint32_t slot : leaving[frame]) {
      script.operations.push_back({slot, 0});
      liveBytes -= script.bytes[slot];
      script.bytes[slot] = 0;
      unused.push_back(slot);
      --live;
    }
    for (std::uint32_t i = 0; i < kArrivals; ++i) {
      if (unused.empty()) {
        unused.push_back(static_cast<std::uint32_t>(script.bytes.size()));
        script.bytes.push_back(0);
      }
      const std::uint32_t slot = unused.back();
      unused.pop_back();
      const bool stays = random() % 100 < stragglersPercent;
      const std::uint32_t leaves = frame + (stays ? 300 + static_cast<std::uint32_t>(random() % 1'201) : kLifetime);
      if (leaves < frames) leaving[leaves].push_back(slot);
      script.bytes[slot] = drawSize(kSizes, random);
      script.operations.push_back({slot, script.bytes[slot]});
      liveBytes += script.bytes[slot];
      ++live;
    }
    script.peakLive = std::max(script.peakLive, live);
    script.peakLiveBytes = std::max(script.peakLiveBytes, liveBytes);
    script.frameEnds.push_back(script.operations.size());
  }
  return script;
}

void run(std::uint32_t stragglersPercent, const Field& field, const Settings& settings, Report& report) {
  const Script script = write(settings.quick ? 400 : 3'500, stragglersPercent);
  const auto slots = static_cast<std::uint32_t>(script.bytes.size());
  const OneSpace space{.bytes = script.peakLiveBytes * 100 / 85 / 256 * 256};
  std::vector<Contestant<OneSpace>> contestants;
  for (const Contestant<OneSpace>& contestant : field.spaces) {
    if (contestant.most >= script.peakLive) contestants.push_back(contestant);
  }
  std::vector<Samples> bursts(contestants.size());
  std::vector<std::uint64_t> failures(contestants.size());
  const std::vector<Series> series =
      interleaved(settings.repetitions, contestants.size(), [&](std::uint32_t repetition, std::size_t i) {
        const std::unique_ptr<Player> player = contestants[i].make(slots, space);
        std::size_t begin = 0;
        const double ns = cpuNanosecondsOf([&] {
          for (const std::size_t end : script.frameEnds) {
            const std::span<const Operation> frame{script.operations.data() + begin, end - begin};
            bursts[i].measure([&] { player->play(frame); });
            begin = end;
          }
        });
        failures[i] = player->failures();
        if (repetition == 0) checkPlayer(*player, script.bytes, contestants[i].name, report, 256, space.bytes);
        return ns / static_cast<double>(script.operations.size());
      });

  report.table("Streaming: " + std::to_string(kArrivals) + " meshes of 4 to 512 KiB a frame, " +
                   std::to_string(kLifetime) + " frames each, " + std::to_string(stragglersPercent) +
                   " % stay for 300 to 1,500; at most " + std::to_string(script.peakLive) + " live, at 85 %",
               {"allocator", "ns/operation", "spread", "x of " + contestants[0].name, "frame p50, us", "frame p99, us",
                "failures", "highest load, %"});
  for (std::size_t i = 0; i < contestants.size(); ++i) {
    const double load = highestLoad(contestants[i], slots, script.operations, script.peakLiveBytes);
    report.row({contestants[i].name, number(series[i].median(), 1), series[i].spread(1), ratio(series[i], series[0]),
                number(bursts[i].percentileNs(0.5) / 1'000, 1), number(bursts[i].percentileNs(0.99) / 1'000, 1),
                std::to_string(failures[i]), number(load, 1)});
    report.point("streaming", contestants[i].name, "ns/operation", stragglersPercent, series[i].median());
    report.point("streaming", contestants[i].name, "highest load", stragglersPercent, load);
  }
}

}  // namespace

void runStreaming(const Field& field, const Settings& settings, Report& report) {
  run(0, field, settings, report);
  run(10, field, settings, report);
}

}  // namespace flux::bench
