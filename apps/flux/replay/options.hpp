#pragma once

/// The command line of `flux replay`.

#include "replay/replay.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace flux::app {

struct ReplayArguments {
  ReplayOptions options;
  std::string json;
};

/// Adds the options; `backends`: the names that `--backend` takes.
void addReplay(CLI::App& command, ReplayArguments& arguments, const std::vector<std::string>& backends);

/// Replays, prints, and returns the exit code. Throws Failure.
int replay(ReplayArguments& arguments);

}  // namespace flux::app
