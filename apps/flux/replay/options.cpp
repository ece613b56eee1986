#include "replay/options.hpp"

#include "backends.hpp"
#include "failure.hpp"

#include <flux/strategies.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace flux::app {

void addReplay(CLI::App& command, ReplayArguments& arguments) {
  ReplayOptions& options = arguments.options;
  command.footer(
      "Each object of a trace becomes a block with one part: textures as texel parts, other kinds as what they are\n"
      "called, and 'other' as storage. Up to 2 KiB objects of one kind share blocks.\n"
      "Each frame of a trace is a frame that is submitted, a step and a publish.");
  command.add_option("TRACE", options.traces, "Recorded traces, plain text or gzip (traces/README.md)")->required();
  command.option_defaults()->take_last();  // so that scripts have defaults which their users override
  command.add_option("--backend", options.backend, "Where to run")
      ->check(CLI::IsMember(backendNames()))
      ->capture_default_str();
  command.add_flag("--verify", options.verify, "Read every drawn object on the device and compare");
  command.add_flag("--validate", options.validate, "Run with the API's own checks, or with a checked host device");
  command.add_option("--chunk-size", options.chunkBytes, "Bytes of a full-size chunk; 8MiB, 64KiB and the like")
      ->transform(CLI::AsSizeValue(true))
      ->capture_default_str();
  command.add_flag("--lean", options.lean, "As little memory as possible: no spare chunk, no ramp, no hysteresis");
  command.add_flag("!--no-share", options.share, "A block of its own for each object, however small");
  std::vector<std::string> policies(strategyNames().begin(), strategyNames().end());
  policies.emplace_back("all");
  command.add_option("--policy", options.policy, "Also place the objects by a simple strategy, or by all, and compare")
      ->check(CLI::IsMember(policies));
  command.add_option("--repeat", options.repeat, "Replays of each trace; times are of all of them")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--frames", options.frames, "Only so many frames of each trace")
      ->check(CLI::Range(1, 1'000'000'000));
  command.add_option("--json", arguments.json, "Write the results here; - is standard output");
}

int replay(ReplayArguments& arguments) {
  const bool jsonToOutput = arguments.json == "-";
  if (!jsonToOutput) arguments.options.json = arguments.json;
  const std::vector<ReplayResult> results = runReplay(arguments.options, std::cerr);
  if (jsonToOutput) {
    std::cout << toJson(results).dump(2) << '\n';
  } else {
    for (const ReplayResult& result : results) printSummary(result, std::cout);
  }
  for (const ReplayResult& result : results) {
    if (const std::string failure = failureOf(result); !failure.empty()) throw Failure(failure);
  }
  return 0;
}

}  // namespace flux::app
