#include "backends.hpp"
#include "failure.hpp"
#include "info.hpp"
#include "inspect/inspect.hpp"
#include "lean.hpp"
#include "models/child_process.hpp"
#include "models/loader.hpp"
#include "replay/options.hpp"
#include "view/view.hpp"
#if defined(FLUX_APP_WINDOW)
#include "window/view_window.hpp"
#endif

#include <flux/version.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <thread>

namespace flux::app {
namespace {

constexpr std::uint32_t kMaxRenderThreads = 64;
constexpr std::uint32_t kMaxPixels = 16384;
constexpr std::uint64_t kMaxFrames = 1'000'000'000;

struct ViewArguments {
  ViewOptions options;
  std::string size = "1280x720";
  std::string json;
  bool window = false;
  std::string screenshot;
};

/// "640x480" and nothing else.
void parseSize(const std::string& text, ViewOptions& options) {
  const auto number = [&](std::string_view digits) -> std::uint32_t {
    const bool isNumber = !digits.empty() && digits.size() <= 5 &&
                          std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    const std::uint32_t value = isNumber ? static_cast<std::uint32_t>(std::stoul(std::string(digits))) : 0;
    if (value == 0 || value > kMaxPixels) {
      throw badUse("--size: '" + text + "' is not a size like 1280x720, from 1 to " + std::to_string(kMaxPixels));
    }
    return value;
  };
  const std::size_t x = std::min(text.find('x'), text.size());
  options.width = number(std::string_view(text).substr(0, x));
  options.height = number(std::string_view(text).substr(std::min(x + 1, text.size())));
}

void addView(CLI::App& app, ViewArguments& view) {
  ViewOptions& options = view.options;
  const std::vector<std::string> backends = backendNames();
  options.backend = backends.front();
  options.renderThreads = std::clamp(std::thread::hardware_concurrency(), 2U, kMaxRenderThreads);
  app.add_option("MODEL", options.models,
                 "Model files, and folders with model files (default: Debian's assimp-testmodels)");
  app.option_defaults()->take_last();  // so that scripts have defaults which their users override
  app.add_option("--backend", options.backend, "Where to run")->check(CLI::IsMember(backends))->capture_default_str();
  const CLI::Option* frames =
      app.add_option("--frames", options.frames, "Frames to make; with --window the default is: until it is closed")
          ->check(CLI::Range(std::uint64_t{1}, kMaxFrames))
          ->capture_default_str();
  app.add_option("--still-after", options.stillAfter,
                 "The camera stops after this frame; the report says when all that it sees was there");
  app.add_option("--size", view.size, "Size of the picture in pixels")->capture_default_str();
  app.add_option("--objects", options.objects, "Objects that are loaded at once")
      ->check(CLI::Range(1U, World::kMaxObjects))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Decides where which object stands")->capture_default_str();
  app.add_option("--render-threads", options.renderThreads, "Threads that record command lists")
      ->check(CLI::Range(1U, kMaxRenderThreads))
      ->capture_default_str();
  app.add_option("--budget", options.budget,
                 "Device memory for the world, 64MiB and the like: what is out of view leaves it for what is in view")
      ->transform(CLI::AsSizeValue(true));
  app.add_flag("!--no-defrag", options.defrag, "Nothing moves to give memory back");
  app.add_flag("--lean", options.lean, kLeanHelp);
  app.add_flag("--single-thread", options.singleThread, "Everything on one thread and one queue");
  app.add_option("--out", options.out, "Folder for world.png, report.json and dump.json")->capture_default_str();
  app.add_option("--json", view.json, "Write the report here too; - is standard output");
  app.add_option("--record", options.record, "Record what the pool does here, for flux replay");
  app.add_flag("--indirect", options.indirect,
               "Let the device look objects up by handle and draw them by a few indirect calls (Vulkan)");
  app.add_flag("--verify", options.verify, "Hash every drawn part on the device and compare");
  app.add_flag("--validate", options.validate, "Run with the API's own checks, or with a checked host device");
  CLI::Option* window = app.add_flag("--window", view.window,
                                     "Show the world in a window: Space pauses the flight, P shows and hides the panel "
                                     "of the memory, Esc closes it. Each frame is "
                                     "copied to the host and shown by OpenGL, whatever the back end");
  app.add_option("--screenshot", view.screenshot, "Write what the window shows last here, as PNG")->needs(window);
  app.callback([&view, frames] {
    if (view.window && frames->count() == 0) view.options.frames = kMaxFrames;
  });
}

RunReport runView(const ViewArguments& arguments) {
  if (!arguments.window) return app::runView(arguments.options, std::cerr);
#if defined(FLUX_APP_WINDOW)
  return runViewInWindow(arguments.options, arguments.screenshot, std::cerr);
#else
  throw badUse("--window: this flux was built without GLFW and Dear ImGui (FLUX_WINDOW)");
#endif
}

void addInspect(CLI::App& app, InspectOptions& options) {
  app.footer(
      "Pool::dump writes dumps; flux view leaves one as dump.json. flux view --record and flux::Recorder write\n"
      "recordings. A page is one file that loads nothing else.");
  app.add_option("FILE", options.files,
                 "A dump or a recording, or a recording after a step: run.fluxrec@100; with --diff before, and after")
      ->required();
  app.add_flag("--diff", options.diff, "What has changed between two dumps, or steps of a recording, of one run");
  app.add_option("--html", options.html, "Write a page that shows everything");
  app.add_option("--svg", options.svg, "Write a picture: of a dump the chunks, of a recording its memory over time");
  app.add_option("--perfetto", options.perfetto, "Write the time line of a recording, for ui.perfetto.dev");
}

int view(ViewArguments& arguments) {
  parseSize(arguments.size, arguments.options);
  const bool jsonToOutput = arguments.json == "-";
  if (!jsonToOutput) arguments.options.json = arguments.json;
  arguments.options.loader = runningExecutable();
  const RunReport report = runView(arguments);
  if (jsonToOutput) {
    std::cout << toJson(report).dump(2) << '\n';
  } else {
    printSummary(report, std::cout);
    std::cout << "  files            " << arguments.options.out.string() << '\n';
  }
  const std::string failure = failureOf(report);
  if (!failure.empty()) throw Failure(failure);
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("Flux manages GPU memory for real-time renderers: this command shows and measures it.", "flux");
  app.set_version_flag("--version", std::string("flux ") + FLUX_VERSION_STRING);
  app.allow_windows_style_options(false);  // models may be named by paths that begin with a slash
  app.require_subcommand(0, 1);            // that there is one is checked below, so that a wrong one is named

  InfoOptions infoOptions;
  CLI::App* infoCommand = app.add_subcommand("info", "Show devices, memory and limits, and what Flux would choose");
  infoCommand->add_flag("--json", infoOptions.json, "As JSON");

  ViewArguments viewArguments;
  CLI::App* viewCommand =
      app.add_subcommand("view",
                         "Stream and draw a world of real models along a flight, while objects are edited and "
                         "parts are added to and removed from their live blocks");
  addView(*viewCommand, viewArguments);

  ReplayArguments replayArguments;
  CLI::App* replayCommand =
      app.add_subcommand("replay", "Replay recordings of a pool, and traces of allocations, through the pool");
  addReplay(*replayCommand, replayArguments);

  InspectOptions inspectOptions;
  CLI::App* inspectCommand = app.add_subcommand("inspect", "Show what a dump or a recording of a pool says");
  addInspect(*inspectCommand, inspectOptions);

  // How the command loads models in child processes; not for people.
  std::vector<std::string> modelFiles;
  CLI::App* loadCommand = app.add_subcommand("load-models")->group("");
  loadCommand->add_option("FILE", modelFiles);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    throw badUse(error.what());
  }
  if (loadCommand->parsed()) return runLoadModels(modelFiles, takeStandardOutput());
  if (infoCommand->parsed()) return runInfo(infoOptions, std::cout);
  if (viewCommand->parsed()) return view(viewArguments);
  if (replayCommand->parsed()) return replay(replayArguments);
  if (inspectCommand->parsed()) {
    runInspect(inspectOptions, std::cout);
    return 0;
  }
  throw badUse("a subcommand is needed: info, inspect, view or replay (see flux --help)");
}

}  // namespace
}  // namespace flux::app

int main(int argc, char** argv) {
  int exitCode = 1;
  std::string message;
  try {
    return flux::app::run(argc, argv);
  } catch (const flux::app::Failure& failure) {
    exitCode = failure.exitCode();
    message = failure.what();
  } catch (const std::exception& failure) {
    message = failure.what();
  }
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fprintf(stderr, "flux: %s\n", message.c_str());
  return exitCode;
}
