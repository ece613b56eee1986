#include "replay/replay.hpp"

#include "backends.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "lean.hpp"
#include "replay/policy_replayer.hpp"
#include "replay/replayer.hpp"
#include "report_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <ostream>

namespace flux::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kProgressInterval{2};
/// What `PoolDesc::chunkBytes` allows.
constexpr ByteCount kMinChunkBytes = 64 * kKiB;
constexpr ByteCount kChunkGrainBytes = 256;
/// Host memory for what leaves the device.
constexpr ByteCount kStoreBytes = 8 * kGiB;
/// For a trace that does not say how long it took.
constexpr double kFrameSeconds = 1.0 / 60;

std::unique_ptr<ReplayTarget> makeTarget(const ReplayOptions& options) {
  return requireBackend(options.backend).makeTarget({.verify = options.verify, .validate = options.validate});
}

ReplayerDesc replayerDesc(const ReplayOptions& options, const TraceHeader& header) {
  ReplayerDesc desc;
  desc.share = options.share;
  desc.verify = options.verify;
  desc.pool.chunkBytes = options.chunkBytes;
  desc.pool.defrag.automatic = options.defrag;
  if (options.budget != 0) {
    desc.pool.evicts = true;
    desc.pool.hardLimitBytes = options.budget;
    desc.pool.storeLimitBytes = kStoreBytes;
  }
  if (options.lean) makeLean(desc.pool);
  const bool known = header.seconds > 0 && header.frames > 0;
  const double seconds = known ? header.seconds / static_cast<double>(header.frames) : kFrameSeconds;
  desc.frameTime = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  return desc;
}

class ProgressPrinter {
 public:
  ProgressPrinter(std::ostream& out, std::string what, const ReplayOptions& options, const TraceHeader& header)
      : out_(out), what_(std::move(what)), frames_(options.frames != 0 ? options.frames : header.frames) {}
  void frameEnded(std::uint64_t number) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + kProgressInterval;
    out_ << "flux: " << what_ << ": frame " << number;
    if (frames_ != 0) out_ << " of " << frames_;
    out_ << '\n' << std::flush;
  }

 private:
  std::ostream& out_;
  std::string what_;
  std::uint64_t frames_;
  Clock::time_point next_ = Clock::now() + kProgressInterval;
};

/// Until the trace ends, or the last wanted frame, or a Ctrl-C.
template <class Replays>
void applyEvents(TraceReader& reader, const ReplayOptions& options, Replays& replayer, ProgressPrinter& printer) {
  TraceEvent event;
  while (reader.next(event)) {
    replayer.apply(event);
    if (event.kind != TraceEvent::Kind::FrameEnd) continue;
    printer.frameEnded(replayer.frames());
    if (replayer.frames() == options.frames || InterruptGuard::interrupted()) break;
  }
}

PolicyFigures replayPolicy(const ReplayOptions& options, const std::filesystem::path& file, std::string_view policy,
                           std::ostream& progress) {
  TraceReader reader(file);
  const std::unique_ptr<ReplayTarget> target = makeTarget(options);
  StrategyOptions strategy;
  strategy.chunkBytes = options.chunkBytes;
  if (options.lean) strategy.firstBytes = options.chunkBytes;
  PolicyReplayer replayer(*target, policy, strategy);
  ProgressPrinter printer(progress, file.string() + " by policy " + std::string(policy), options, reader.header());
  applyEvents(reader, options, replayer, printer);
  return replayer.finish();
}

/// One replay of a trace through the Pool.
void replayOnce(const ReplayOptions& options, const ReplayHooks& hooks, const std::filesystem::path& file,
                ReplayResult& result, std::ostream& progress) {
  TraceReader reader(file);
  const std::unique_ptr<ReplayTarget> target = makeTarget(options);
  const std::unique_ptr<Device> wrapped = hooks.wrapDevice ? hooks.wrapDevice(target->device()) : nullptr;
  const DeviceCaps& caps = target->device().caps();
  result.source = reader.header().source;
  result.scene = reader.header().scene;
  result.ownReservedBytes = reader.header().ownReservedBytes;
  result.ownChunks = reader.header().ownChunks;
  result.backend = toString(caps.backend);
  result.device = caps.deviceName;
  result.driver = caps.driverName;

  Replayer replayer(*target, wrapped != nullptr ? *wrapped : target->device(), replayerDesc(options, reader.header()),
                    result.times);
  ProgressPrinter printer(progress, result.trace, options, reader.header());
  applyEvents(reader, options, replayer, printer);
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
  if (options.chunkBytes < kMinChunkBytes || options.chunkBytes % kChunkGrainBytes != 0) {
    throw badUse("--chunk-size: " + std::to_string(options.chunkBytes) + " is no multiple of 256 bytes from 64 KiB on");
  }
  if (!options.json.empty()) requireWritable(options.json.has_parent_path() ? options.json.parent_path() : ".");
  for (const std::filesystem::path& file : options.traces) (void)TraceReader(file);
  const auto policies = strategyNames();
  const bool policyKnown = std::ranges::find(policies, options.policy) != policies.end();
  if (!options.policy.empty() && options.policy != "all" && !policyKnown) {
    throw badUse("unknown policy '" + options.policy + "'");
  }
  const InterruptGuard interrupts;

  std::vector<ReplayResult> results;
  for (const std::filesystem::path& file : options.traces) {
    if (InterruptGuard::interrupted()) break;
    ReplayResult& result = results.emplace_back();
    result.trace = file.string();
    result.chunkBytes = options.chunkBytes;
    result.budget = options.budget;
    result.lean = options.lean;
    result.defrag = options.defrag;
    result.share = options.share;
    result.verify = options.verify;
    const auto begin = Clock::now();
    while (result.repeats < options.repeat && !InterruptGuard::interrupted()) {
      replayOnce(options, hooks, file, result, progress);
    }
    if (!options.policy.empty()) result.policies.push_back(poolFigures(result));
    for (const std::string_view policy : strategyNames()) {
      if (InterruptGuard::interrupted()) break;
      if (options.policy != "all" && options.policy != policy) continue;
      PolicyFigures figures = replayPolicy(options, file, policy, progress);
      if (!InterruptGuard::interrupted()) result.policies.push_back(std::move(figures));
    }
    result.interrupted = InterruptGuard::interrupted();
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
