/// What the frame protocol costs, beside the usual alternatives in the same run, and whether that is within the limits
/// that it is meant to keep. Times are processor time of the thread. Speed is no test: the exit code is 0 whatever they
/// are.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "clock.hpp"
#include "idle.hpp"
#include "lookups.hpp"
#include "memory.hpp"
#include "mirrors.hpp"
#include "publishes.hpp"
#include "results.hpp"

namespace flux::bench {
namespace {

constexpr const char* kUsage =
    "flux_protocol_bench [--quick] [--json FILE] [--csv FILE]\n"
    "  --quick      fewer rounds: seconds instead of a minute, and noisier\n"
    "  --json FILE  all figures\n"
    "  --csv FILE   cost of a publish by its changes, for scripts/plot_publish.sh\n";

struct Options {
  bool quick = false;
  std::string json;
  std::string csv;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      options.quick = true;
    } else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      options.json = argv[++i];
    } else if (std::strcmp(argv[i], "--csv") == 0 && i + 1 < argc) {
      options.csv = argv[++i];
    } else {
      return false;
    }
  }
  return true;
}

bool run(const Options& options) {
  Results results;
  // First of all, while the heap holds nothing that could be used again.
  measureMemory(1'000'000, results);

  const std::uint32_t rounds = options.quick ? 60 : 600;
  measureLookups({20'000, 1, rounds, true}, results);
  measureLookups({20'000, 2, rounds, true}, results);
  measureLookups({1'000'000, 1, rounds / 6, false}, results);

  std::vector<PublishPoint> points = measurePublishes(1U << 16U, rounds / 6, results);
  const std::vector<PublishPoint> more = measurePublishes(1'000'000, rounds / 6, results);
  points.insert(points.end(), more.begin(), more.end());

  measureMirrors(1U << 16U, rounds / 2, results);
  measureIdle(1'000'000, rounds / 2, results);
  measureLooks(100'000, results);

  results.section("Of this program");
  results.add("two readings of the thread's clock, taken off each sample", clockNanoseconds(), "ns");
  results.printVerdicts();
  if (!options.json.empty() && !results.writeJson(options.json)) {
    std::fprintf(stderr, "flux_protocol_bench: cannot write %s\n", options.json.c_str());
    return false;
  }
  if (!options.csv.empty() && !writeCsv(options.csv, points)) {
    std::fprintf(stderr, "flux_protocol_bench: cannot write %s\n", options.csv.c_str());
    return false;
  }
  return true;
}

}  // namespace
}  // namespace flux::bench

int main(int argc, char** argv) {
  flux::bench::Options options;
  if (!flux::bench::parse(argc, argv, options)) {
    std::fputs(flux::bench::kUsage, stderr);
    return 2;
  }
  return flux::bench::run(options) ? 0 : 2;
}
