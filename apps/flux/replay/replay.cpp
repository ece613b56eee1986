#include "replay/replay.hpp"

#include "failure.hpp"
#include "interrupt.hpp"
#include "replay/replayer.hpp"
#include "report_files.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <ostream>

namespace flux::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kProgressInterval{2};
/// For a trace that does not say how long it took.
constexpr double kFrameSeconds = 1.0 / 60;

std::unique_ptr<ReplayTarget> makeTarget(const ReplayOptions& options) {
  const ReplayTargetDesc desc{options.verify, options.validate};
#if defined(FLUX_APP_VULKAN)
  if (options.backend == "vulkan") return makeVulkanTarget(desc);
#endif
  if (options.backend == "host") return makeHostTarget(desc);
  throw badUse("unknown backend '" + options.backend + "'");
}

ReplayerDesc replayerDesc(const ReplayOptions& options, const TraceHeader& header) {
  ReplayerDesc desc;
  desc.verify = options.verify;
  desc.pool.chunkBytes = options.chunkBytes;
  if (options.lean) {
    desc.pool.firstChunkBytes = desc.pool.longLivedFirstChunkBytes = options.chunkBytes;
    desc.pool.spareChunks = 0;
    desc.pool.emptyChunkSteps = 0;
  }
  const bool known = header.seconds > 0 && header.frames > 0;
  const double seconds = known ? header.seconds / static_cast<double>(header.frames) : kFrameSeconds;
  desc.frameTime = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  return desc;
}

class ProgressPrinter {
 public:
  ProgressPrinter(std::ostream& out, std::string trace, std::uint64_t frames)
      : out_(out), trace_(std::move(trace)), frames_(frames) {}
  void frameEnded(std::uint64_t number) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + kProgressInterval;
    out_ << "flux: " << trace_ << ": frame " << number;
    if (frames_ != 0) out_ << " of " << frames_;
    out_ << '\n' << std::flush;
  }

 private:
  std::ostream& out_;
  std::string trace_;
  std::uint64_t frames_;
  Clock::time_point next_ = Clock::now() + kProgressInterval;
};

/// One replay of a trace, from its first line to its end, to the last wanted frame, or to a Ctrl-C.
void replayOnce(const ReplayOptions& options, const ReplayHooks& hooks, const std::filesystem::path& file,
                ReplayResult& result, std::ostream& progress) {
  TraceReader reader(file);
  const std::unique_ptr<ReplayTarget> target = makeTarget(options);
  const std::unique_ptr<Device> wrapped = hooks.wrapDevice ? hooks.wrapDevice(target->device()) : nullptr;
  const DeviceCaps& caps = target->device().caps();
  result.source = reader.header().source;
  result.scene = reader.header().scene;
  result.backend = toString(caps.backend);
  result.device = caps.deviceName;
  result.driver = caps.driverName;

  Replayer replayer(*target, wrapped != nullptr ? *wrapped : target->device(), replayerDesc(options, reader.header()),
                    result.times);
  ProgressPrinter printer(progress, result.trace, options.frames != 0 ? options.frames : reader.header().frames);
  TraceEvent event;
  while (reader.next(event)) {
    replayer.apply(event);
    if (event.kind != TraceEvent::Kind::FrameEnd) continue;
    printer.frameEnded(replayer.frames());
    if (replayer.frames() == options.frames || InterruptGuard::interrupted()) break;
  }
  result.interrupted = InterruptGuard::interrupted();
  result.counts = replayer.finish(result.interrupted);
  ++result.repeats;
  const ReplayTarget::Messages messages = target->messages();
  result.validationMessages = messages.count;
  result.firstValidationMessages = messages.first;
}

}  // namespace

std::vector<ReplayResult> runReplay(const ReplayOptions& options, std::ostream& progress, const ReplayHooks& hooks) {
  // Everything that can be refused is tried before the long work.
  if (!options.json.empty()) requireWritable(options.json.has_parent_path() ? options.json.parent_path() : ".");
  for (const std::filesystem::path& file : options.traces) (void)TraceReader(file);
  const InterruptGuard interrupts;

  std::vector<ReplayResult> results;
  for (const std::filesystem::path& file : options.traces) {
    if (InterruptGuard::interrupted()) break;
    ReplayResult& result = results.emplace_back();
    result.trace = file.string();
    result.chunkBytes = options.chunkBytes;
    result.lean = options.lean;
    result.verify = options.verify;
    const auto begin = Clock::now();
    while (result.repeats < options.repeat && !InterruptGuard::interrupted()) {
      replayOnce(options, hooks, file, result, progress);
    }
    result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  if (!options.json.empty()) writeWhole(options.json, toJson(results).dump(2) + "\n");
  return results;
}

nlohmann::ordered_json toJson(const std::vector<ReplayResult>& results) {
  if (results.size() == 1) return toJson(results.front());
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ReplayResult& result : results) json.push_back(toJson(result));
  return json;
}

}  // namespace flux::app
