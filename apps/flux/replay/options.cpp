#include "replay/options.hpp"

#include "backends.hpp"
#include "failure.hpp"
#include "lean.hpp"
#include "replay/recording_replay.hpp"
#include "report_files.hpp"

#include <flux/strategies.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace flux::app {

void addReplay(CLI::App& command, ReplayArguments& arguments) {
  ReplayOptions& options = arguments.options;
  command.footer(
      "A recording (flux view --record, flux::Recorder) is replayed call by call, and every place is compared.\n"
      "Each object of a trace becomes a block with one part: textures as texel parts, other kinds as what they are\n"
      "called, and 'other' as storage. Up to 2 KiB objects of one kind share blocks.\n"
      "Each frame of a trace is a frame that is submitted, a step and a publish.");
  command
      .add_option(
          "TRACE", options.traces,
          "Recordings of a pool, and traces of other programs, plain text or gzip (traces/README.md); dumps of the\n"
          "Vulkan Memory Allocator (JSON) and the text of apitrace dump are read as traces")
      ->required();
  command.option_defaults()->take_last();  // so that scripts have defaults which their users override
  command.add_option("--backend", options.backend, "Where to run")
      ->check(CLI::IsMember(backendNames()))
      ->capture_default_str();
  command.add_flag("--verify", options.verify,
                   "Read every drawn object, or every part that has arrived, on the device and compare");
  command.add_flag("--print", arguments.print, "Only list the events of recordings");
  command.add_flag("--validate", options.validate, "Run with the API's own checks, or with a checked host device");
  command.add_option("--chunk-size", options.chunkBytes, "Bytes of a full-size chunk; 8MiB, 64KiB and the like")
      ->transform(CLI::AsSizeValue(true))
      ->capture_default_str();
  command
      .add_option("--budget", options.budget,
                  "Device memory of traces, 24MiB and the like: objects that are not drawn leave it for others")
      ->transform(CLI::AsSizeValue(true));
  command.add_flag("--lean", options.lean, kLeanHelp);
  command.add_flag("!--no-defrag", options.defrag, "Nothing moves to give memory back");
  command.add_flag("!--no-share", options.share, "A block of its own for each object, however small");
  std::vector<std::string> policies(strategyNames().begin(), strategyNames().end());
  policies.emplace_back("all");
  command.add_option("--policy", options.policy, "Also place the objects by a simple strategy, or by all, and compare")
      ->check(CLI::IsMember(policies));
  command.add_option("--repeat", options.repeat, "Replays of each trace; times are of all of them")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--frames", options.frames, "Only so many frames of each trace, or steps of each recording")
      ->check(CLI::Range(1, 1'000'000'000));
  command.add_option("--json", arguments.json, "Write the results here; - is standard output");
}

int replay(ReplayArguments& arguments) {
  ReplayOptions& options = arguments.options;
  std::vector<std::filesystem::path> recordings;
  std::erase_if(options.traces, [&](const std::filesystem::path& file) {
    const bool recording = isRecording(file);
    if (recording) recordings.push_back(file);
    return recording;
  });
  if (arguments.print) {
    if (!options.traces.empty()) throw badUse("--print: '" + options.traces.front().string() + "' is no recording");
    for (const std::filesystem::path& file : recordings) printRecording(file, std::cout);
    return 0;
  }
  const bool jsonToOutput = arguments.json == "-";
  const bool jsonToFile = !jsonToOutput && !arguments.json.empty();
  const std::filesystem::path jsonFile = arguments.json;
  if (jsonToFile) requireWritable(jsonFile.has_parent_path() ? jsonFile.parent_path() : ".");

  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::string failure;
  const auto take = [&](const auto& result) {
    json.push_back(toJson(result));
    if (!jsonToOutput) printSummary(result, std::cout);
    if (failure.empty()) failure = failureOf(result);
  };
  for (const std::filesystem::path& file : recordings) take(replayRecording(options, file));
  if (!options.traces.empty()) {
    for (const ReplayResult& result : runReplay(options, std::cerr)) take(result);
  }
  const std::string text = (json.size() == 1 ? json.front() : json).dump(2) + "\n";
  if (jsonToOutput) std::cout << text;
  if (jsonToFile) writeWhole(jsonFile, text);
  if (!failure.empty()) throw Failure(failure);
  return 0;
}

}  // namespace flux::app
