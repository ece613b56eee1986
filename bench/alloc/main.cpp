/// What the allocator costs and how tightly it packs, beside exact best fit and first fit in the same run. Times are
/// processor time of the thread, medians of interleaved repetitions. The exit code says whether the live ranges were in
/// order; speed is no test.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "best_fit_baseline.hpp"
#include "chunked.hpp"
#include "first_fit_baseline.hpp"
#include "flux_allocators.hpp"
#include "one_each_baseline.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

/// Each list begins with the reference of its ratios.
Field contestants() {
  Field field;
  field.spaces = {contestant<BestFit, OneSpace>("BF"), contestant<FirstFit, OneSpace>("FF", 20'000),
                  contestant<FluxRanges, OneSpace>("Flux")};
  field.chunks = {contestant<Chunked<BestFit>, Growing>("BF a chunk", 2'000),
                  contestant<Chunked<FirstFit>, Growing>("FF a chunk", 200), contestant<FluxChunks, Growing>("Flux")};
  field.traces = field.chunks;
  field.traces.push_back(contestant<OneEach, Growing>("one device allocation each"));
  return field;
}

int run(int argc, char** argv) {
  CLI::App app("Allocator benchmarks: Flux beside best fit (BF) and first fit (FF)");
  std::vector<std::string> names;
  Settings settings{.traces = FLUX_TRACES};
  std::string csv;
  bool list = false;
  std::vector<std::string> known;
  for (const Workload& workload : workloads()) known.emplace_back(workload.name);
  app.add_option("workloads", names, "Which ones; all by default")->check(CLI::IsMember(known));
  app.add_option("--reps", settings.repetitions, "Repetitions, or seeds where nothing is timed")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  app.add_option("--traces", settings.traces, "Folder of the recorded traces")->capture_default_str();
  app.add_flag("--quick", settings.quick, "Small cases, in seconds: checks more than it measures");
  app.add_option("--csv", csv, "All figures, for scripts/plot_alloc.sh");
  app.add_flag("--list", list, "Say which workloads there are");
  CLI11_PARSE(app, argc, argv);

  if (list) {
    for (const Workload& workload : workloads()) std::printf("%-14s %s\n", workload.name, workload.summary);
    return 0;
  }
  Report report;
  if (!csv.empty() && !report.openCsv(csv)) {
    std::fprintf(stderr, "flux_alloc_bench: cannot write %s\n", csv.c_str());
    return 2;
  }
  const Field field = contestants();
  for (const Workload& workload : workloads()) {
    if (names.empty() || std::ranges::find(names, workload.name) != names.end()) workload.run(field, settings, report);
  }
  report.finish();
  return report.correct() ? 0 : 1;
}

}  // namespace
}  // namespace flux::bench

int main(int argc, char** argv) {
  return flux::bench::run(argc, argv);
}
