// Copies scattered pieces to and on a Vulkan device, as others do and as Flux does, and compares every byte.

#include "report.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>

namespace flux::bench {
namespace {

struct Options {
  ByteCount bytes = kGiB;
  int repeats = 5;
  /// Regions cost microseconds each: more are not waited for.
  std::uint64_t maxRegions = 65536;
  std::string json;
};

std::vector<PieceSizes> pieceSizes() {
  return {{"256 B", 256},        {"1 KiB", kKiB},       {"4 KiB", 4 * kKiB},
          {"16 KiB", 16 * kKiB}, {"64 KiB", 64 * kKiB}, {"256 KiB", 256 * kKiB},
          {"1 MiB", kMiB},       {"16 MiB", 16 * kMiB}, {"odd 4-64 KiB", std::nullopt}};
}

CaseResult runCase(Bed& bed, const Options& options, const std::string& name, const std::vector<Move>& moves) {
  std::vector<Move> few = moves;
  if (few.size() > options.maxRegions) few.resize(options.maxRegions);
  return {name, bed.copyByRegions(From::Host, few), bed.copyByFlux(From::Host, moves),
          bed.copyByRegions(From::Device, few), bed.copyByFlux(From::Device, moves)};
}

int run(const Options& options) {
  Bed bed(options.bytes, options.repeats);
  CopyReport report;
  report.device = bed.context().device().caps().deviceName;
  report.driver = bed.context().device().caps().driverName;
  report.copyQueue = bed.context().queues().copyReason;
  report.bytes = bed.chunks() * kChunkBytes;
  report.repeats = options.repeats;
  report.creationMilliseconds = bed.creationMilliseconds();
  report.measured = bed.measuredCrossover();
  report.contiguous = runCase(bed, options, "whole, in order", contiguous(bed.chunks()));
  for (const PieceSizes& sizes : pieceSizes()) {
    report.cases.push_back(runCase(bed, options, sizes.name, scattered(sizes, bed.chunks())));
  }
  print(report, std::cout);
  if (!options.json.empty()) std::ofstream(options.json) << toJson(report).dump(2) << '\n';
  return report.wrongWords() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace flux::bench

int main(int argc, char** argv) {
  try {
    flux::bench::Options options;
    CLI::App app("What copying scattered pieces costs: one region a piece, and Flux's batches", "flux_copy_bench");
    app.add_option("--bytes", options.bytes, "Bytes to copy, a multiple of 16 MiB; 64MiB and the like")
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::Range(flux::bench::kChunkBytes, 16 * flux::kGiB))
        ->capture_default_str();
    app.add_option("--repeats", options.repeats, "Runs of each case, besides a warm-up")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--max-regions", options.maxRegions, "At most so many pieces of a case are copied as regions")
        ->capture_default_str();
    app.add_option("--json", options.json, "Write the results here");
    CLI11_PARSE(app, argc, argv);
    return flux::bench::run(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "flux_copy_bench: %s\n", failure.what());
    return 1;
  }
}
