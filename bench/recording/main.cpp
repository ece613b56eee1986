/// What a recording costs the geometry thread, in time of that thread, so that it does not matter who else computes.
/// Two pools do the same by turns, of which one is recorded: blocks come and go and get new bytes, as in a streamed
/// world, with a step, a publish and a frame for every 16 of them; and steps in which nothing happens. Then the same of
/// the world of `flux view`.

#include "../protocol/clock.hpp"
#include "../take.hpp"
#include "measure.hpp"

#include <flux/host.hpp>
#include <flux/recorder.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

namespace flux::bench {
namespace {

constexpr std::uint32_t kBlocks = 8000;
constexpr int kRounds = 60;
constexpr int kCallsARound = 2000;
constexpr int kCallsAStep = 16;

/// A pool and what is done to it.
class World {
 public:
  explicit World(Recorder* recorder) : recorder_(recorder) {
    PoolDesc desc;
    if (recorder != nullptr) desc.journal = &recorder->journal();
    pool_ = take(Pool::create(*host_, desc));
    for (std::uint32_t i = 0; i < kBlocks; ++i) {
      blocks_.push_back(add());
      if (i % kCallsAStep == 0) step();
    }
  }

  /// A call takes so long, steps included.
  double busyRound() {
    const std::int64_t begin = threadCpuNanoseconds();
    for (int i = 0; i < kCallsARound; ++i) {
      BlockHandle& block = blocks_[random_() % blocks_.size()];
      if (i % 2 == 0) {
        const PartUpdate update{PartId{0}, Source::bytes(bytes_), 0, bytes_.size()};
        take(pool_->update(block, {&update, 1}));
      } else {
        if (!pool_->remove(block)) std::abort();
        block = add();
      }
      if (i % kCallsAStep == 0) step();
    }
    return static_cast<double>(threadCpuNanoseconds() - begin) / kCallsARound;
  }

  /// A step and a publish take so long.
  double idleRound() {
    const std::int64_t begin = threadCpuNanoseconds();
    for (int i = 0; i < kCallsARound; ++i) {
      take(pool_->step());
      pool_->publish();
    }
    return static_cast<double>(threadCpuNanoseconds() - begin) / kCallsARound;
  }

  [[nodiscard]] std::uint64_t events() const { return recorder_ != nullptr ? recorder_->events() : 0; }

 private:
  BlockHandle add() {
    const PartDesc parts[] = {{PartKind::Vertex, 1024 + random_() % 8192, Source::callback(fill, nullptr)},
                              {PartKind::Index, 256 + random_() % 2048, Source::callback(fill, nullptr)}};
    const std::string name = "object " + std::to_string(next_++);
    BlockDesc desc;
    desc.name = name;
    desc.parts = parts;
    return take(pool_->add(desc));
  }
  void step() {
    take(pool_->step());
    pool_->publish();
    Frame frame = pool_->beginFrame();
    (void)frame.waits();
  }
  /// Leaves the bytes as they are: what is measured is Flux, not the making of bytes.
  static bool fill(void* /*context*/, const FillRequest& /*request*/) { return true; }

  Recorder* recorder_;
  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  std::unique_ptr<Pool> pool_;
  std::mt19937 random_{1};
  std::uint32_t next_ = 0;
  std::vector<BlockHandle> blocks_;
  std::vector<std::byte> bytes_ = std::vector<std::byte>(256);
};

void compare(const char* what, World& plain, World& recorded, double (World::*round)()) {
  std::vector<double> without;
  std::vector<double> with;
  const std::uint64_t before = recorded.events();
  for (int i = 0; i < kRounds; ++i) {
    without.push_back((plain.*round)());
    with.push_back((recorded.*round)());
  }
  const double events = static_cast<double>(recorded.events() - before) / (kRounds * kCallsARound);
  printCost(what, median(without), median(with), events);
}

int run() {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "flux_recording_bench.fluxrec";
  {
    const std::unique_ptr<Recorder> recorder = take(Recorder::create(file));
    World plain(nullptr);
    World recorded(recorder.get());
    compare("a call and its share of steps", plain, recorded, &World::busyRound);
    compare("an idle step and a publish", plain, recorded, &World::idleRound);
  }
  std::printf("%.1f MiB on the disk\n",
              static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(kMiB));
  std::filesystem::remove(file);
#ifdef FLUX_COMMAND
  measureWorld();
#endif
  return 0;
}

}  // namespace
}  // namespace flux::bench

int main() {
  return flux::bench::run();
}
