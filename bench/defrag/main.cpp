// What defragmentation wins and costs, on a device whose chunks have no memory.
//
// The scattered state is one that other allocators are measured at, too: 866 chunks of 16 MiB, filled with blocks of 1
// KiB to 4 MiB (as many in each octave), of which all but 18,000 go again at random. Then steps run until nothing moves
// any more; frames come and go as in an application, so that each place that is left waits for some. The lower bound is
// what the emptiest chunks held that had to go at least: nothing that empties as many can copy less.
//
// Times are processor time of the thread; planning is what the step does to find chunks, blocks and places.
//
//   flux_defrag_bench [--quick] [--json FILE]

#include "offsets_device.hpp"
#include "protocol/clock.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using namespace flux;
using bench::threadCpuNanoseconds;

constexpr std::size_t kFramesInFlight = 3;
constexpr std::uint32_t kQuietSteps = 5000;  // so long nothing moves: it is over
constexpr double kMostChunks = 1.05;
constexpr double kMostCopied = 0.75;

struct Scale {
  std::uint32_t chunks;
  std::uint32_t blocks;
  std::uint32_t settledBlocks;
};

/// Planning, timed.
class PlanningClock {
 public:
  [[nodiscard]] Profiler table() {
    return {.context = this, .beginZone = &begin, .endZone = &end, .plot = [](void*, ProfilePlot, double) noexcept {}};
  }
  std::vector<double> microseconds;

 private:
  static std::uint64_t begin(void*, ProfileZone zone) noexcept {
    return zone == ProfileZone::Defragment ? static_cast<std::uint64_t>(threadCpuNanoseconds()) : 0;
  }
  static void end(void* context, std::uint64_t begun) noexcept {
    if (begun == 0) return;
    const double ns = static_cast<double>(threadCpuNanoseconds()) - static_cast<double>(begun);
    static_cast<PlanningClock*>(context)->microseconds.push_back(std::max(0.0, ns - bench::clockNanoseconds()) / 1000);
  }
};

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "flux_defrag_bench: %s\n", describe(result.error()).c_str());
    std::exit(1);
  }
  return std::move(*result);
}

bool fillWithNothing(void*, const FillRequest&) {
  return true;
}

/// A pool, its blocks, and frames that come and go.
class Scene {
 public:
  explicit Scene(const PoolDesc& desc) : pool_(need(Pool::create(device_, desc))) {}

  void add(ByteCount bytes) {
    const PartDesc part{PartKind::Vertex, bytes, Source::callback(&fillWithNothing, nullptr)};
    blocks_.push_back(need(pool_->add({.name = "block", .parts = {&part, 1}})));
  }
  void removeAtRandom(std::size_t left, std::mt19937& random) {
    std::ranges::shuffle(blocks_, random);
    for (; blocks_.size() > left; blocks_.pop_back()) (void)pool_->remove(blocks_.back());
  }
  /// Processor time of the step, in microseconds.
  double step(const StepQuota& quota = {}) {
    const double ns = bench::cpuNanosecondsOf([&] { (void)need(pool_->step(quota)); });
    (void)pool_->publish();
    frames_.push_back(pool_->beginFrame());
    if (frames_.size() > kFramesInFlight) frames_.pop_front();
    return ns / 1000;
  }
  void settle() {
    StepQuota quota;
    quota.uploadBytes = kGiB;
    quota.moveBytes = 0;
    for (int i = 0; i < 100; ++i) step(quota);
  }
  void endFrames() { frames_.clear(); }
  [[nodiscard]] Pool& pool() { return *pool_; }

 private:
  bench::OffsetsDevice device_;
  std::unique_ptr<Pool> pool_;
  std::vector<BlockHandle> blocks_;
  std::deque<Frame> frames_;
};

/// Used bytes of all chunks, the emptiest first.
std::vector<ByteCount> usedOfChunks(const Pool& pool) {
  struct Visitor final : PoolVisitor {
    void chunk(const ChunkView& chunk) override { used.push_back(chunk.bytes - chunk.freeBytes); }
    std::vector<ByteCount> used;
  } visitor;
  pool.inspect(visitor);
  std::ranges::sort(visitor.used);
  return visitor.used;
}

PoolDesc bigPool() {
  PoolDesc desc;
  desc.firstChunkBytes = desc.chunkBytes;
  desc.hardLimitBytes = 64 * kGiB;
  return desc;
}

std::string text(double value, int digits) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return buffer.data();
}

/// From the scattered state to where nothing moves any more. False: it has won too little, or copied too much.
bool runScattered(const Scale& scale, nlohmann::ordered_json& json) {
  PlanningClock clock;
  const Profiler profiler = clock.table();
  PoolDesc desc = bigPool();
  desc.profiler = &profiler;
  Scene scene(desc);
  std::mt19937 random(1);
  std::uniform_real_distribution<double> octaves(10, 22);
  StepQuota filling;
  filling.uploadBytes = kGiB;
  filling.moveBytes = 0;
  while (scene.pool().stats().chunks < scale.chunks) {
    for (int i = 0; i < 16; ++i) scene.add(static_cast<ByteCount>(std::exp2(octaves(random))));
    scene.step(filling);
  }
  scene.removeAtRandom(scale.blocks, random);
  for (int i = 0; i < 8; ++i) scene.step(filling);

  const PoolStats before = scene.pool().stats();
  const std::vector<ByteCount> used = usedOfChunks(scene.pool());
  ByteCount usedBytes = 0;
  for (const ByteCount each : used) usedBytes += each;
  const ByteCount chunkBytes = desc.chunkBytes;
  const auto fewest = static_cast<std::uint32_t>((usedBytes + chunkBytes - 1) / chunkBytes);
  clock.microseconds.clear();

  std::vector<double> steps;
  std::uint64_t lastChange = 0;
  std::uint64_t step = 0;
  PoolStats stats = before;
  for (; step < lastChange + kQuietSteps; ++step) {
    steps.push_back(scene.step());
    const PoolStats now = scene.pool().stats();
    if (now.relocatedBytes != stats.relocatedBytes || now.chunks != stats.chunks) lastChange = step;
    stats = now;
  }
  steps.resize(lastChange + 1);
  clock.microseconds.resize(lastChange + 1);

  const ByteCount released = stats.releasedBytes - before.releasedBytes;
  const ByteCount copied = stats.relocatedBytes - before.relocatedBytes;
  const std::size_t gone = static_cast<std::size_t>(released / chunkBytes);
  ByteCount least = 0;
  for (std::size_t i = 0; i < std::min(gone, used.size()); ++i) least += used[i];
  const double ofFewest = static_cast<double>(stats.chunks) / fewest;
  const double ofReleased = released != 0 ? static_cast<double>(copied) / static_cast<double>(released) : 0;
  const double bound = released != 0 ? static_cast<double>(least) / static_cast<double>(released) : 0;

  std::printf("%u blocks, %s MiB used in %u chunks of 16 MiB\n", before.blocks,
              text(static_cast<double>(usedBytes) / static_cast<double>(kMiB), 0).c_str(), before.chunks);
  std::printf("  chunks afterwards     %u, the fewest possible %u: %s x\n", stats.chunks, fewest,
              text(ofFewest, 3).c_str());
  std::printf("  copied                %s MiB for %s MiB released: %s, lower bound %s\n",
              text(static_cast<double>(copied) / static_cast<double>(kMiB), 0).c_str(),
              text(static_cast<double>(released) / static_cast<double>(kMiB), 0).c_str(), text(ofReleased, 3).c_str(),
              text(bound, 3).c_str());
  json = {{"blocks", before.blocks},
          {"chunksBefore", before.chunks},
          {"chunksAfter", stats.chunks},
          {"chunksFewest", fewest},
          {"relocations", stats.relocations - before.relocations},
          {"relocatedBytes", copied},
          {"releasedBytes", released},
          {"copiedOfReleased", ofReleased},
          {"lowerBound", bound},
          {"steps", lastChange}};
  std::printf("  steps                 %llu, moves %llu\n", static_cast<unsigned long long>(lastChange),
              static_cast<unsigned long long>(stats.relocations - before.relocations));
  for (const auto& [name, values] : {std::pair{"planning", &clock.microseconds}, std::pair{"step", &steps}}) {
    const double p50 = percentile(*values, 0.5);
    const double p99 = percentile(*values, 0.99);
    const double p999 = percentile(*values, 0.999);
    std::printf("  %-21s p50 %s us, p99 %s us, p99.9 %s us, most %s us\n", name, text(p50, 1).c_str(),
                text(p99, 1).c_str(), text(p999, 1).c_str(), text(values->back(), 1).c_str());
    json[std::string(name) + "Us"] = {{"p50", p50}, {"p99", p99}, {"p999", p999}, {"most", values->back()}};
  }
  return ofFewest <= kMostChunks && ofReleased <= kMostCopied;
}

/// A step of a pool in which nothing is to be done, and no frame has begun since the last one.
void runSettled(std::uint32_t blocks, nlohmann::ordered_json& json) {
  Scene scene(bigPool());
  std::mt19937 random(2);
  std::uniform_int_distribution<ByteCount> sizes(64, 8192);
  for (std::uint32_t i = 0; i < blocks; ++i) scene.add(sizes(random));
  scene.settle();
  scene.endFrames();
  for (int i = 0; i < 1000; ++i) (void)need(scene.pool().step());
  constexpr int kSteps = 200'000;
  const double ns = bench::cpuNanosecondsOf([&] {
                      for (int i = 0; i < kSteps; ++i) (void)need(scene.pool().step());
                    }) /
                    kSteps;
  std::printf("settled, %u blocks in %u chunks: %s ns a step\n", blocks, scene.pool().stats().chunks,
              text(ns, 0).c_str());
  json.push_back({{"blocks", blocks}, {"chunks", scene.pool().stats().chunks}, {"stepNs", ns}});
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::string jsonFile;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      quick = true;
    } else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      jsonFile = argv[++i];
    } else {
      std::fprintf(stderr, "flux_defrag_bench [--quick] [--json FILE]\n");
      return 2;
    }
  }
  const Scale scale = quick ? Scale{87, 1800, 18'000} : Scale{866, 18'000, 1'000'000};
  nlohmann::ordered_json json;
  const bool good = runScattered(scale, json["scattered"]);
  json["settled"] = nlohmann::ordered_json::array();
  if (!quick) runSettled(18'000, json["settled"]);
  runSettled(scale.settledBlocks, json["settled"]);
  if (!jsonFile.empty()) std::ofstream(jsonFile) << json.dump(2) << '\n';
  if (!good) {
    std::fprintf(
        stderr, "flux_defrag_bench: more than %s x the fewest chunks, or more than %s bytes copied for each released\n",
        text(kMostChunks, 2).c_str(), text(kMostCopied, 2).c_str());
  }
  return good ? 0 : 1;
}
