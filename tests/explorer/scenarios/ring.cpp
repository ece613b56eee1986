/// Change lists, replay, publishes that are deferred and coalesce, frames that stay open for ever; as
/// docs/design/model/ring.pml.

#include "explorer/scenarios/frame_world.hpp"

#include <utility>
#include <vector>

namespace flux::explorer {
namespace {

struct Bounds {
  std::uint32_t threads;
  std::uint32_t framesEach;
  std::uint32_t changes;
};

class Ring : public FrameWorld {
 public:
  explicit Ring(const Bounds& bounds) : FrameWorld(1), bounds_(bounds) {}

  void start() override {
    addFiber("geometry", [this] {
      for (std::uint32_t i = 0; i < bounds_.changes; ++i) {
        change(choose(kRecords));
        reclaim();
        publish();
      }
      reclaim();
    });
    for (std::uint32_t i = 0; i < bounds_.threads; ++i) addFiber("render", [this] { drawFrames(); });
  }

  void finish() override {
    for (const Frame& frame : held_) look(frame);
    held_.clear();
    FrameWorld::finish();
  }

 private:
  void drawFrames() {
    for (std::uint32_t k = 0; k < bounds_.framesEach; ++k) {
      Frame frame = gate_.begin("frame");
      look(frame);
      if (choose(2) == 1) {  // stays open until everything else is over
        held_.push_back(std::move(frame));
        return;
      }
      look(frame);
    }
  }

  Bounds bounds_;
  std::vector<Frame> held_;
};

MakeScenario scenario(const Bounds& bounds) {
  return [=] { return std::make_unique<Ring>(bounds); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(argc, argv, {{"one-thread", scenario({1, 2, 5})}, {"two-threads", scenario({2, 1, 4})}});
}
