#pragma once

/// The command line of `flux replay`.

#include "replay/replay.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace flux::app {

struct ReplayArguments {
  ReplayOptions options;
  std::string json;
  bool print = false;
};

/// Adds the options.
void addReplay(CLI::App& command, ReplayArguments& arguments);

/// Replays, prints, and returns the exit code. Throws Failure.
int replay(ReplayArguments& arguments);

}  // namespace flux::app
