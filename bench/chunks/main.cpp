// What a chunk costs its thread when it is made and when it goes, by its size.
//
//   flux_chunk_bench [--backend NAME] [--quick]

#include "on_backend.hpp"
#include "protocol/clock.hpp"

#include <flux/device.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace flux;
using bench::wallNanoseconds;

struct Cost {
  std::vector<double> makeMilliseconds;
  std::vector<double> releaseMilliseconds;
};

/// Of memory that the driver has not kept for it: so many chunks are there at once.
Cost measure(Device& device, ByteCount bytes, std::uint32_t chunks, int rounds) {
  const auto milliseconds = [](std::int64_t since) { return static_cast<double>(wallNanoseconds() - since) / 1e6; };
  Cost cost;
  for (int round = 0; round < rounds; ++round) {
    for (std::uint32_t i = 1; i <= chunks; ++i) {
      const std::int64_t begin = wallNanoseconds();
      bench::need(device.createChunk(ChunkIndex{i}, bytes));
      cost.makeMilliseconds.push_back(milliseconds(begin));
    }
    for (std::uint32_t i = 1; i <= chunks; ++i) {
      const std::int64_t begin = wallNanoseconds();
      device.destroyChunk(ChunkIndex{i});
      cost.releaseMilliseconds.push_back(milliseconds(begin));
    }
  }
  return cost;
}

void run(const std::string& backend, bool quick) {
  const auto target = app::requireBackend(backend).makeTarget({});
  std::printf("%s\n%8s %14s %14s %14s %14s\n", target->device().caps().deviceName.c_str(), "MiB", "make ms", "p99",
              "release ms", "p99");
  for (const ByteCount mebibytes : {1U, 4U, 16U, 64U, 256U}) {
    const Cost cost = measure(target->device(), mebibytes * kMiB, quick ? 2 : 8, quick ? 1 : 16);
    std::printf("%8zu %14.3f %14.3f %14.3f %14.3f\n", static_cast<std::size_t>(mebibytes),
                bench::median(cost.makeMilliseconds), bench::percentile(cost.makeMilliseconds, 0.99),
                bench::median(cost.releaseMilliseconds), bench::percentile(cost.releaseMilliseconds, 0.99));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return bench::runOnBackend(argc, argv, "Measures how long making and releasing chunks takes, by their size",
                             "Few chunks, to see that it works", run);
}
