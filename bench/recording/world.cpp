// What a recording costs in the world of `flux view`: two of them fly the same way by turns, of which one is recorded.
// The geometry thread does the same in both: it makes the bytes of cells, edits objects, steps and publishes.

#include "../protocol/clock.hpp"
#include "../take.hpp"
#include "measure.hpp"

#include "models/loader.hpp"
#include "view/streamer.hpp"
#include "view/view.hpp"

#include <flux/host.hpp>
#include <flux/recorder.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

namespace flux::bench {
namespace {

constexpr std::size_t kFlights = 10;
constexpr std::uint64_t kFrames = 300;

class Side {
 public:
  Side(const app::World& world, const app::Flight& flight, Recorder* recorder)
      : pool_(makePool(*host_, recorder)), streamer_(world, flight, *pool_, board_, edits_, 0) {
    streamer_.start();
  }

  /// So long has the geometry thread computed for the frame.
  double turn(std::uint64_t number) {
    const double time = cpuNanosecondsOf([&] { (void)streamer_.turn(number); });
    const Frame frame = pool_->beginFrame("flux view");
    (void)frame.waits();
    return time;
  }

 private:
  static std::unique_ptr<Pool> makePool(Device& device, Recorder* recorder) {
    PoolDesc desc;
    if (recorder != nullptr) desc.journal = &recorder->journal();
    return take(Pool::create(device, desc));
  }

  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  std::unique_ptr<Pool> pool_;
  app::CellBoard board_;
  app::EditLog edits_;
  app::Streamer streamer_;
};

app::World defaultWorld() {
  const app::ViewOptions defaults;
  app::ModelLoading loading;
  loading.executable = FLUX_COMMAND;
  std::vector<app::Mesh> models = app::loadModels(app::findModelFiles({app::kDefaultModelFolder}), loading).meshes;
  return {std::move(models), defaults.objects, defaults.seed};
}

}  // namespace

void measureWorld() {
  if (!std::filesystem::is_directory(app::kDefaultModelFolder)) {
    std::printf("the default world needs the models of %s\n", app::kDefaultModelFolder);
    return;
  }
  const app::ViewOptions defaults;
  const app::World world = defaultWorld();
  const app::Flight flight(world.cellSize(), world.viewDistance(),
                           static_cast<float>(defaults.width) / static_cast<float>(defaults.height));
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "flux_recording_bench.fluxrec";
  std::vector<Pair> pairs;
  for (std::size_t flown = 0; flown < kFlights; ++flown) {
    const std::unique_ptr<Recorder> recorder = take(Recorder::create(file));
    std::array<std::optional<Side>, 2> sides;
    for (const std::size_t i : {flown % 2, 1 - flown % 2}) {
      sides[i].emplace(world, flight, i == 0 ? nullptr : recorder.get());
    }
    std::vector<Round> rounds(kFrames);
    for (std::uint64_t frame = 0; frame < kFrames; ++frame) {
      Round& round = rounds[frame];
      const std::uint64_t before = recorder->events();
      // Each goes first as often as the other.
      for (const std::size_t i : {frame % 2, 1 - frame % 2}) {
        (i == 0 ? round.plain : round.recorded) = sides[i]->turn(frame + 1);
      }
      round.events = static_cast<double>(recorder->events() - before);
    }
    pairs.push_back(pairOf(rounds, 1));
  }
  std::filesystem::remove(file);
  printCost("a frame of the default world", pairs);
}

}  // namespace flux::bench
