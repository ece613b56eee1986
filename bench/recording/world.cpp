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

constexpr std::size_t kRounds = 5;
constexpr std::uint64_t kFrames = 300;

class Side {
 public:
  Side(const app::World& world, const app::Flight& flight, Recorder* recorder)
      : pool_(makePool(*host_, recorder)), streamer_(world, flight, *pool_, board_, edits_, 0) {
    streamer_.start();
  }

  /// So long has the geometry thread computed for the frame.
  double turn(std::uint64_t number) {
    const std::int64_t begin = threadCpuNanoseconds();
    (void)streamer_.turn(number);
    const auto time = static_cast<double>(threadCpuNanoseconds() - begin);
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
  std::array<std::vector<std::vector<double>>, 2> times;  // plain and recorded, by frame, of all rounds
  times.fill(std::vector<std::vector<double>>(kFrames));
  std::uint64_t events = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const std::unique_ptr<Recorder> recorder = take(Recorder::create(file));
    Side plain(world, flight, nullptr);
    Side recorded(world, flight, recorder.get());
    const std::uint64_t before = recorder->events();
    for (std::uint64_t frame = 0; frame < kFrames; ++frame) {
      for (const std::size_t side : {frame % 2, 1 - frame % 2}) {
        times[side][frame].push_back((side == 0 ? plain : recorded).turn(frame + 1));
      }
    }
    events = recorder->events() - before;
  }
  std::filesystem::remove(file);
  // The median of the rounds leaves out what else the machine did.
  const auto meanOf = [](const std::vector<std::vector<double>>& frames) {
    double sum = 0;
    for (const std::vector<double>& rounds : frames) sum += median(rounds);
    return sum / kFrames;
  };
  printCost("a frame of the default world", meanOf(times[0]), meanOf(times[1]), static_cast<double>(events) / kFrames);
}

}  // namespace flux::bench
