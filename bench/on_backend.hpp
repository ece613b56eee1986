#pragma once

#include "backends.hpp"
#include "failure.hpp"

#include <flux/result.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>

namespace flux::bench {

/// Ends the program if it failed.
template <class T>
T need(Result<T> result) {
  if (!result) throw app::Failure(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The main program of a benchmark that runs on every back end that the command has: `run(backend, quick)`, as the
/// command line says. `quickly`: what is seen in a quick run.
template <class Run>
int runOnBackend(int argc, char** argv, const char* purpose, const char* quickly, const Run& run) {
  CLI::App options{purpose};
  std::string backend = "host";
  bool quick = false;
  options.add_option("--backend", backend, "One of those that the flux command has");
  options.add_flag("--quick", quick, quickly);
  CLI11_PARSE(options, argc, argv);
  try {
    run(backend, quick);
  } catch (const app::Failure& failure) {
    std::fprintf(stderr, "%s: %s\n", std::filesystem::path(argv[0]).filename().c_str(), failure.what());
    return 1;
  }
  return 0;
}

}  // namespace flux::bench
