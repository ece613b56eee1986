/// What a recording costs the geometry thread, in time of that thread, so that it does not matter who else computes.
/// Two pools do the same by turns, of which one is recorded: small blocks that come and go and get new bytes, as in a
/// streamed world; and steps in which nothing happens. Then the same of the world of `flux view`.

#include "../protocol/clock.hpp"
#include "../take.hpp"
#include "measure.hpp"
#include "streamed_blocks.hpp"

#include <flux/recorder.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

namespace flux::bench {
namespace {

constexpr std::size_t kPairs = 24;
constexpr int kRounds = 20;
constexpr int kTurnsARound = 4;  ///< Of each.
constexpr std::uint32_t kCallsATurn = 512;

using Turn = void (StreamedBlocks::*)(std::uint32_t count);

/// What the recorder's thread did, by the way.
struct Behind {
  double nanoseconds = 0;
  double events = 0;
  double bytes = 0;
};

Pair measure(Turn turn, StreamedBlocks& plain, StreamedBlocks& recorded, const Recorder& recorder) {
  std::vector<Round> rounds(kRounds);
  for (Round& round : rounds) {
    const std::uint64_t before = recorder.events();
    for (int i = 0; i < kTurnsARound; ++i) {
      // Each goes first as often as the other.
      for (const bool record : {i % 2 != 0, i % 2 == 0}) {
        (record ? round.recorded : round.plain) +=
            cpuNanosecondsOf([&] { ((record ? recorded : plain).*turn)(kCallsATurn); });
      }
    }
    round.events = static_cast<double>(recorder.events() - before);
  }
  return pairOf(rounds, kTurnsARound * kCallsATurn);
}

void measureSmallBlocks() {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "flux_recording_bench.fluxrec";
  std::vector<Pair> calls;
  std::vector<Pair> idle;
  Behind behind;
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    const std::int64_t others = processCpuNanoseconds() - threadCpuNanoseconds();
    const std::unique_ptr<Recorder> recorder = take(Recorder::create(file));
    {
      std::array<std::optional<StreamedBlocks>, 2> pools;
      for (const std::size_t i : {pair % 2, 1 - pair % 2}) pools[i].emplace(i == 0 ? nullptr : recorder.get());
      calls.push_back(measure(&StreamedBlocks::call, *pools[0], *pools[1], *recorder));
      idle.push_back(measure(&StreamedBlocks::idle, *pools[0], *pools[1], *recorder));
    }
    if (!recorder->close()) std::abort();
    behind.nanoseconds += static_cast<double>(processCpuNanoseconds() - threadCpuNanoseconds() - others);
    behind.events += static_cast<double>(recorder->events());
    behind.bytes += static_cast<double>(recorder->fileBytes());
  }
  std::filesystem::remove(file);
  printCost("a call and its share of steps", calls);
  printCost("an idle step and a publish", idle);
  std::printf("the recorder's own thread: %.0f ns and %.1f bytes of the file an event\n",
              behind.nanoseconds / behind.events, behind.bytes / behind.events);
}

}  // namespace
}  // namespace flux::bench

int main() {
  flux::bench::measureSmallBlocks();
#ifdef FLUX_COMMAND
  flux::bench::measureWorld();
#endif
  return 0;
}
