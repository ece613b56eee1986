/// Pins, tags, both stages of retirement; as docs/design/model/pin.pml.

#include "explorer/scenarios/frame_world.hpp"

namespace flux::explorer {
namespace {

struct Bounds {
  std::uint32_t threads;
  std::uint32_t framesEach;
  std::uint32_t publishes;
  std::uint32_t queues;
};

class Pin : public FrameWorld {
 public:
  explicit Pin(const Bounds& bounds) : FrameWorld(bounds.queues), bounds_(bounds) {}

  void start() override {
    addFiber("geometry", [this] {
      for (std::uint32_t i = 0; i < bounds_.publishes; ++i) {
        change(0);
        publish();
        reclaim();
      }
    });
    for (std::uint32_t i = 0; i < bounds_.threads; ++i) {
      addFiber("render", [this] {
        for (std::uint32_t k = 0; k < bounds_.framesEach; ++k) drawFrame();
      });
    }
    startQueues();
  }

 private:
  void drawFrame() {
    Frame frame = gate_.begin("frame");
    look(frame);
    look(frame);
    if (choose(2) == 1) return;  // recorded and dropped
    const QueueId queue{1 + choose(bounds_.queues)};
    frame.submitted(queue, submit(frame.snapshot(), queue));
    frame.end();
  }

  Bounds bounds_;
};

/// One frame that two threads record and submit, on one queue.
class Shared : public FrameWorld {
 public:
  Shared() : FrameWorld(1) {}

  void start() override {
    addFiber("geometry", [this] {
      change(0);
      publish();
      change(0);
      publish();
      reclaim();
    });
    addFiber("render", [this] {
      frame_ = gate_.begin("frame");
      step(begun_, Access::Write, "begun");
      isBegun_ = true;
      record();
      await(done_, Access::Read, "join", [this] { return isDone_; });
      frame_.end();
    });
    addFiber("worker", [this] {
      await(begun_, Access::Read, "wait for the frame", [this] { return isBegun_; });
      record();
      step(done_, Access::Write, "done");
      isDone_ = true;
    });
    startQueues();
  }

 private:
  void record() {
    look(frame_);
    frame_.submitted(QueueId{1}, submit(frame_.snapshot(), QueueId{1}));
  }

  Frame frame_;
  Object begun_{"frame begun"};
  Object done_{"worker done"};
  bool isBegun_ = false;
  bool isDone_ = false;
};

template <class Made, class... Arguments>
MakeScenario scenario(const Arguments&... arguments) {
  return [=] { return std::make_unique<Made>(arguments...); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(argc, argv,
                      {{"two-frames", scenario<Pin>(Bounds{1, 2, 4, 1})},
                       {"two-threads", scenario<Pin>(Bounds{2, 1, 3, 1})},
                       {"two-queues", scenario<Pin>(Bounds{1, 2, 3, 2})},
                       {"shared", scenario<Shared>()}});
}
