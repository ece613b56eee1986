#include "view/view.hpp"

#include "backends.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "lean.hpp"
#include "models/loader.hpp"
#include "report_files.hpp"
#include "view/geometry_thread.hpp"
#include "view/picture.hpp"

#include <flux/recorder.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <limits>
#include <optional>
#include <ostream>
#include <thread>

namespace flux::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kNamedSkips = 8;
constexpr std::chrono::seconds kFramePrinterInterval{2};

/// Threads that load the world: some of the processor's, which also draws.
std::uint32_t loaderThreads() {
  return std::clamp(std::thread::hardware_concurrency() / 4, 1U, 4U);
}

std::string utcNow() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text.data();
}

std::unique_ptr<Renderer> makeRenderer(const ViewOptions& options, bool pictures) {
  if (options.indirect && options.backend != toString(Backend::Vulkan)) {
    throw badUse("--indirect: only --backend vulkan draws by handle, '" + options.backend + "' does not");
  }
  RendererDesc desc;
  desc.width = options.width;
  desc.height = options.height;
  desc.parts = options.renderThreads;
  desc.indirect = options.indirect;
  desc.pictures = pictures;
  desc.verify = options.verify;
  desc.validate = options.validate;
  desc.singleQueue = options.singleThread;
  return requireBackend(options.backend).makeRenderer(desc);
}

LoadedModels loadWorldModels(const ViewOptions& options, std::ostream& progress) {
  std::vector<std::filesystem::path> models = options.models;
  if (models.empty()) {
    if (!std::filesystem::is_directory(kDefaultModelFolder)) {
      throw Failure(std::string("no models: give files or folders, or install Debian's assimp-testmodels (") +
                    kDefaultModelFolder + ")");
    }
    models.emplace_back(kDefaultModelFolder);
  }
  const std::vector<std::filesystem::path> files = findModelFiles(models);
  if (files.empty()) throw Failure("no model files in '" + models.front().string() + "'");
  progress << "flux: loading " << files.size() << " model files\n" << std::flush;
  ModelLoading loading;
  loading.executable = options.loader;
  loading.cancelled = InterruptGuard::interrupted;
  LoadedModels loaded = loadModels(files, loading);
  if (loaded.meshes.empty() && !InterruptGuard::interrupted()) {
    const SkippedModel& first = loaded.skipped.front();
    const std::string line = "cannot load model '" + first.file.string() + "': " + first.reason;
    throw Failure(files.size() == 1 ? line : line + " (nor any other of " + std::to_string(files.size()) + " files)");
  }
  for (std::size_t i = 0; i < loaded.skipped.size() && i < kNamedSkips; ++i) {
    progress << "flux: skipped " << loaded.skipped[i].file.string() << ": " << loaded.skipped[i].reason << '\n';
  }
  if (loaded.skipped.size() > kNamedSkips) {
    progress << "flux: skipped " << loaded.skipped.size() - kNamedSkips << " more files (the report names them)\n";
  }
  return loaded;
}

class FramePrinter {
 public:
  FramePrinter(std::ostream& out, std::uint64_t frames) : out_(out), frames_(frames) {}
  void frameMade(std::uint64_t number, const DrawCounts& draws) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + kFramePrinterInterval;
    out_ << "flux: frame " << number << " of " << frames_ << ", " << draws.issued << " of " << draws.wanted
         << " draws\n"
         << std::flush;
  }

 private:
  std::ostream& out_;
  std::uint64_t frames_;
  Clock::time_point next_ = Clock::now() + kFramePrinterInterval;
};

/// All that a run has alive at once, in the order in which it must be made.
class Run {
 public:
  Run(const ViewOptions& options, const ViewHooks& hooks, Renderer& renderer, const World& world)
      : options_(options),
        spectator_(hooks.spectator),
        renderer_(renderer),
        wrapped_(hooks.wrapDevice ? hooks.wrapDevice(renderer.device()) : nullptr),
        device_(wrapped_ ? *wrapped_ : renderer.device()),
        recorder_(makeRecorder(options.record)),
        pool_(makePool(device_, renderer, options, recorder_.get())),
        flight_(world.cellSize(), world.viewDistance(),
                static_cast<float>(options.width) / static_cast<float>(options.height),
                options.stillAfter != 0 ? options.stillAfter : std::numeric_limits<std::uint64_t>::max()),
        streamer_(world, flight_, *pool_, board_, edits_, options.singleThread ? 0 : loaderThreads(), hooks.spectator),
        verifier_(world, edits_),
        team_(options.renderThreads),
        loop_({world, flight_, streamer_, board_, *pool_, renderer, team_, edits_,
               options.verify ? &verifier_ : nullptr, options.verify && options.budget != 0 ? &wanted_ : nullptr,
               options.indirect, hooks.spectator, hooks.beforeRecord}) {}

  void fly(std::ostream& progress) {
    const auto begin = Clock::now();
    streamer_.start();
    FramePrinter printer(progress, options_.frames);
    const auto flyWith = [&](const auto& advance) {
      for (std::uint64_t frame = 1; frame <= options_.frames && !InterruptGuard::interrupted(); ++frame) {
        if (!advance(frame)) break;
        loop_.makeFrame(frame);
        printer.frameMade(frame, loop_.lastFrame());
      }
      loop_.finish();
    };
    if (options_.singleThread) {
      // The picture shows the same whichever device draws it: what was edited before has arrived by then.
      constexpr std::uint64_t kRestFrames = 2 * Renderer::kFramesInFlight;
      if (options_.frames > kRestFrames) streamer_.restFrom(options_.frames - kRestFrames);
      flyWith([&](std::uint64_t frame) { return turn(frame); });
    } else {
      GeometryThread geometry(streamer_, device_);
      flyWith([&](std::uint64_t frame) { return geometry.advance(frame); });
      geometry.stop();
      error_ = geometry.error();
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
    if (spectator_ != nullptr) spectator_->runEnded(*pool_);
  }

  void fillReport(RunReport& report) const {
    report.error = error_;
    report.frames = loop_.frames();
    report.seconds = seconds_;
    report.drawsWanted = loop_.all().wanted;
    report.drawsIssued = loop_.all().issued;
    report.drawsFallback = loop_.all().fallback;
    report.drawsSkipped = loop_.all().skipped;
    report.drawsWantedFrom60 = loop_.from60().wanted;
    report.drawsIssuedFrom60 = loop_.from60().issued;
    const std::uint64_t lastIncomplete = std::max(loop_.lastIncomplete(), options_.stillAfter);
    if (options_.stillAfter != 0 && lastIncomplete < loop_.frames()) {
      report.framesToSettle = lastIncomplete - options_.stillAfter;
    }
    report.framesWithoutDrawsFrom10 = loop_.framesWithoutDrawsFrom10();
    report.partImbalance = loop_.partImbalance(0.5);
    report.wantedBlocks = loop_.wantedBlocks();
    report.invalidDraws = verifier_.invalidDraws();
    report.firstInvalid = verifier_.firstInvalid();
    report.verifiedBlocks = verifier_.verifiedBlocks();
    report.verifiedParts = verifier_.verifiedParts();
    report.verifiedAddedParts = verifier_.verifiedAddedParts();
    report.maxVersionLagFrames = Verifier::kMaxLagFrames;
    const Renderer::ValidationReport validation = renderer_.validation();
    report.validationMessages = validation.count;
    report.firstValidationMessages = validation.first;

    const PoolStats stats = pool_->stats();
    report.bytesUploaded = stats.uploadedBytes;
    report.copiedBytes = stats.copiedBytes;
    report.relocations = stats.relocations;
    report.relocatedBytes = stats.relocatedBytes;
    report.crossChunkMoves = stats.crossChunkMoves;
    report.compactions = stats.compactions;
    report.releasedBytes = stats.releasedBytes;
    report.chunksReleased = stats.chunksReleased;
    report.blocksAdded = stats.blocksAdded;
    report.blocksRemoved = stats.blocksRemoved;
    report.blocksUpdated = stats.blocksUpdated;
    report.partsAdded = stats.partsAdded;
    report.partsRemoved = stats.partsRemoved;
    report.misses = stats.misses;
    report.evictions = stats.evictions;
    report.restores = stats.restores;
    report.evictedBytes = stats.evictedBytes;
    report.restoredBytes = stats.restoredBytes;
    report.storeBytes = stats.storeBytes;
    const ByteCount held = pool_->heldMemory().longLivedBytes;
    report.leastUploadedBytes = wanted_.bytesMoved(stats.softLimitBytes - std::min(stats.softLimitBytes, held));
    report.deferredPublishes = stats.deferredPublishes;
    report.indirectCalls = renderer_.indirectCalls();
    report.recordMirrors = stats.recordMirrors;
    report.mirroredRecords = stats.mirroredRecords;
    report.peakChunks = stats.peakChunks;
    report.peakReservedBytes = stats.peakReservedBytes;
    report.peakLiveBytes = stats.peakLiveBytes;
    report.stagingPeakBytes = stats.peakStagingBytes;
    report.oneCopyPerFrameBytes = Renderer::kFramesInFlight * stats.peakLiveBytes;

    const StreamerFigures figures = streamer_.figures();
    report.refusedCalls = figures.refusedCalls;
    report.stepsOverBudget = figures.stepsOverBudget;
    report.meanReservedBytes = figures.meanReservedBytes;
    report.meanLiveBytes = figures.meanLiveBytes;
    const Percentiles& frame = loop_.frameTimes();
    report.frameMs = {frame.milliseconds(0.5), frame.milliseconds(0.99), frame.milliseconds(0.999)};
    report.stepUs = stepTimes(figures.stepTimes);
    report.stepCpuUs = stepTimes(figures.stepThreadTimes);
    const Percentiles& publish = figures.publishTimes;
    report.publishUs = {publish.microseconds(0.5), publish.microseconds(0.99), publish.microseconds(0.999)};
  }

  [[nodiscard]] std::string dump() const { return pool_->dump(); }

 private:
  static StepTimes stepTimes(const Percentiles& step) {
    return {step.microseconds(0.5), step.microseconds(0.99), step.microseconds(0.999), step.microseconds(1)};
  }

  static std::unique_ptr<Recorder> makeRecorder(const std::filesystem::path& file) {
    if (file.empty()) return nullptr;
    Result<std::unique_ptr<Recorder>> recorder = Recorder::create(file);
    if (!recorder) throw Failure("--record: '" + file.string() + "': " + describe(recorder.error()));
    return std::move(*recorder);
  }

  static std::unique_ptr<Pool> makePool(Device& device, ChunkListener& listener, const ViewOptions& options,
                                        Recorder* recorder) {
    constexpr ByteCount kViewStoreBytes = 8 * kGiB;
    PoolDesc desc;
    desc.defrag.automatic = options.defrag;
    if (options.lean) makeLean(desc);
    if (options.budget != 0) {
      desc.evicts = true;
      desc.hardLimitBytes = options.budget;
      desc.storeLimitBytes = kViewStoreBytes;
    }
    if (recorder != nullptr) desc.journal = &recorder->journal();
    if (options.indirect) desc.recordMirrors = Renderer::kFramesInFlight + 3;
    Result<std::unique_ptr<Pool>> pool = Pool::create(device, desc, &listener);
    if (!pool) throw Failure("making the pool failed: " + describe(pool.error()));
    return std::move(*pool);
  }

  bool turn(std::uint64_t frame) {
    try {
      streamer_.turn(frame);
      return true;
    } catch (const Failure& failure) {
      error_ = failure.what();
      return false;
    }
  }

  const ViewOptions& options_;
  Spectator* const spectator_;
  Renderer& renderer_;
  std::unique_ptr<Device> wrapped_;
  Device& device_;
  std::unique_ptr<Recorder> recorder_;  ///< Null: nothing is recorded.
  std::unique_ptr<Pool> pool_;
  Flight flight_;
  CellBoard board_;
  EditLog edits_;
  Streamer streamer_;
  Verifier verifier_;
  FurthestUse wanted_;  ///< Of a run with a budget that verifies: it grows with the frames.
  WorkerTeam team_;
  FrameLoop loop_;
  double seconds_ = 0;
  std::string error_;
};

RunReport describeRun(const ViewOptions& options, const DeviceCaps& caps, const LoadedModels& models) {
  RunReport report;
  report.budget = options.budget;
  report.defrag = options.defrag;
  report.lean = options.lean;
  report.stillAfter = options.stillAfter;
  report.command = "view";
  report.backend = toString(caps.backend);
  report.device = caps.deviceName;
  report.driver = caps.driverName;
  report.startedAt = utcNow();
  report.seed = options.seed;
  report.width = options.width;
  report.height = options.height;
  report.renderThreads = options.renderThreads;
  report.singleThread = options.singleThread;
  report.indirect = options.indirect;
  report.verify = options.verify;
  report.validate = options.validate;
  report.modelsLoaded = models.meshes.size();
  for (const SkippedModel& skipped : models.skipped) {
    report.modelsSkipped.push_back({skipped.file.string(), skipped.reason});
  }
  return report;
}

}  // namespace

RunReport runView(const ViewOptions& givenOptions, std::ostream& progress, const ViewHooks& hooks) {
  ViewOptions options = givenOptions;
  if (options.singleThread) options.renderThreads = 1;

  // Everything that can be refused is tried before the long work.
  const OutputFolder out(options.out);
  if (!options.json.empty()) requireWritable(options.json.has_parent_path() ? options.json.parent_path() : ".");
  const InterruptGuard interrupts;
  const std::unique_ptr<Renderer> renderer = makeRenderer(options, hooks.spectator != nullptr);
  LoadedModels models = loadWorldModels(options, progress);
  RunReport report = describeRun(options, renderer->device().caps(), models);

  if (!InterruptGuard::interrupted()) {
    const World world(std::move(models.meshes), options.objects, options.seed);
    report.objects = world.objectsInWindow();
    if (report.objects < options.objects) {
      progress << "flux: these models are large; the world has " << report.objects << " objects\n";
    }
    Run run(options, hooks, *renderer, world);
    run.fly(progress);
    run.fillReport(report);
    if (const std::span<const std::byte> picture = renderer->lastPicture(); !picture.empty()) {
      writePng(out.file("world.png"), picture, options.width, options.height);
    }
    writeWhole(out.file("dump.json"), run.dump());
  }
  report.interrupted = InterruptGuard::interrupted();
  const std::string text = toJson(report).dump(2) + "\n";
  writeWhole(out.file("report.json"), text);
  if (!options.json.empty()) writeWhole(options.json, text);
  return report;
}

}  // namespace flux::app
