#include "explorer/explorer.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

namespace flux::explorer {

int explorerMain(int argc, char** argv, std::initializer_list<NamedScenario> scenarios) {
  Options options;
  std::vector<std::string_view> names;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--replay") == 0 && i + 1 < argc) {
      options.replay = argv[++i];
    } else {
      names.emplace_back(argv[i]);
    }
  }
  const auto named = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  const bool known = std::all_of(names.begin(), names.end(), [&](std::string_view name) {
    return std::any_of(scenarios.begin(), scenarios.end(), [&](const NamedScenario& s) { return name == s.name; });
  });
  if (!known || (!options.replay.empty() && names.size() != 1)) {
    std::fprintf(stderr, "usage: %s [SCENARIO...] | SCENARIO --replay SCHEDULE; scenarios:", argv[0]);
    for (const NamedScenario& scenario : scenarios) std::fprintf(stderr, " %s", scenario.name);
    std::fprintf(stderr, "\n");
    return 2;
  }

  int result = 0;
  for (const NamedScenario& scenario : scenarios) {
    if (!names.empty() && !named(scenario.name)) continue;
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = explore(scenario.make, options);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (!options.replay.empty()) std::printf("%s", outcome.trace.c_str());
    if (!outcome.failure.empty()) {
      std::printf("%s: FAILED: %s\n  after %llu interleavings; again with: %s --replay \"%s\"\n", scenario.name,
                  outcome.failure.c_str(), static_cast<unsigned long long>(outcome.interleavings), scenario.name,
                  outcome.schedule.c_str());
      result = 1;
    } else if (options.replay.empty()) {
      std::printf("%s: nothing wrong in %llu interleavings (%llu more runs were redundant, %llu steps, %.1f s)\n",
                  scenario.name, static_cast<unsigned long long>(outcome.interleavings),
                  static_cast<unsigned long long>(outcome.redundant), static_cast<unsigned long long>(outcome.steps),
                  seconds.count());
    }
    std::fflush(stdout);
  }
  return result;
}

}  // namespace flux::explorer
