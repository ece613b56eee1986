#include "workload.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flux::bench {

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = {
      {"steady", "allocate and free pairs in one space, 10^3 to 10^6 live", runSteady},
      {"chunks", "the same over growing 16 MiB chunks, and what they reserve", runChunks},
      {"chunk-count", "the same live ranges in 10 to 10,000 chunks", runChunkCount},
      {"load", "how full a space gets without a failure", runLoad},
      {"streaming", "meshes that arrive and go in order, with and without stragglers", runStreaming},
      {"fill", "filled to the first failure, empty and after cycles of half emptying", runFill},
      {"nowhere", "a request that fits nowhere", runNowhere},
      {"drop", "reserved over live after a drop to 20 % of the load, while churn goes on", runDrop},
      {"traces", "recorded traces, the allocators alone over 16 MiB chunks", runTraces},
      {"pool-traces", "the same through the Pool on the Host device", runPoolTraces},
      {"first-chunk", "reserved over live and device allocations, by the size of the first chunk", runFirstChunk},
      {"grow-or-add", "adding chunks beside growing one buffer with copies, on the Host device", runGrowOrAdd},
  };
  return all;
}

void checkPlayer(const Player& player, std::span<const std::uint32_t> bytes, const std::string& name, Report& report,
                 ByteCount alignment, ByteCount spaceBytes) {
  if (const std::optional<std::string> wrong = player.check(bytes, alignment, spaceBytes)) {
    report.violation(name + ": " + *wrong);
  }
}

}  // namespace flux::bench
