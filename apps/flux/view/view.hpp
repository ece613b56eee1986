#pragma once

/// `flux view`: a world streamed, edited and drawn along an automatic flight.

#include "report.hpp"
#include "view/frame_loop.hpp"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace flux::app {

struct ViewOptions {
  std::vector<std::filesystem::path> models;  ///< Files and folders; none: the default folder.
  std::string backend = "host";               ///< One of `backendNames`.
  std::uint64_t frames = 300;
  std::uint64_t stillAfter = 0;  ///< The camera stops after this frame; 0: never.
  std::uint32_t width = 1280, height = 720;
  std::uint32_t objects = 8000;
  std::uint64_t seed = 1;
  std::uint32_t renderThreads = 2;
  bool singleThread = false;
  bool indirect = false;  ///< Draws by handle; Vulkan only.
  bool defrag = true;     ///< Blocks move to give chunks back.
  bool lean = false;      ///< As little memory as possible (`makeLean`).
  ByteCount budget = 0;   ///< Of device memory; what does not fit leaves it. 0: what the device has.
  bool verify = false;
  bool validate = false;
  std::filesystem::path out = "flux-out";  ///< Gets report.json, dump.json and, where there is one, world.png.
  std::filesystem::path json;              ///< Gets the report too. Empty: none.
  std::filesystem::path record;            ///< Gets a recording of the pool. Empty: none.
  std::filesystem::path loader;            ///< The `flux` command, which loads models in child processes.
};

/// Ways to look into a run, and to disturb it.
struct ViewHooks {
  Spectator* spectator = nullptr;  ///< Gets the picture of every frame.
  // For tests.
  std::function<std::unique_ptr<Device>(Device&)> wrapDevice;  ///< Makes the device that the pool gets.
  RecordHook beforeRecord;
};

/// Runs the world and leaves the files of a run. Throws Failure when there is nothing to report; a run that
/// began is always reported (see `failureOf`). Progress and skipped models go to `progress`.
[[nodiscard]] RunReport runView(const ViewOptions& options, std::ostream& progress, const ViewHooks& hooks = {});

}  // namespace flux::app
