/// The instruction queue: producers that push, wait for room, or give up; a geometry thread that drains. Nobody waits
/// while there is room, instructions of one producer run in their order, each once, and the limits hold.

#include "explorer/explorer.hpp"

#include "frame/instruction_queue.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace flux::explorer {
namespace {

constexpr std::uint32_t kProducers = 2;
constexpr std::chrono::hours kLong{1};

struct Bounds {
  std::array<std::uint32_t, kProducers> instructions;
  std::uint32_t maxInstructions;
  bool bytes;  ///< Each instruction comes with one byte, of which one may wait.
};

class Instructions : public Scenario {
 public:
  explicit Instructions(const Bounds& bounds) : bounds_(bounds), queue_(bounds.maxInstructions, 1) {}

  void start() override {
    // Drains whenever something was pushed, as a geometry thread does for ever.
    addDaemon("geometry", [this] {
      for (std::uint32_t seen = 0;;) {
        await(pushes_, Access::Read, "step", [this, seen] { return pushed_ > seen; });
        seen = pushed_;
        drain();
      }
    });
    addFiber("first producer", [this] { produce(0); });
    addFiber("second producer", [this] { produce(1); });
  }

  void finish() override {
    drain();  // what came early in the last one
    check(ran_ == pushed_, "an instruction does not run once");
    check(queue_.waiting() == 0 && queue_.waitingBytes() == 0, "room is lost");
  }

 private:
  struct Instruction {
    std::uint32_t producer = 0;
    std::uint32_t number = 0;
  };
  using Queue = InstructionQueue<Instruction>;

  void drain() {
    (void)queue_.drain([this](const Instruction& instruction) { run(instruction); });
  }

  void run(const Instruction& instruction) {
    ++ran_;
    check(next_[instruction.producer] <= instruction.number, "instructions of one producer change their order");
    next_[instruction.producer] = instruction.number + 1;
    if (bounds_.bytes) queue_.release(1);
  }

  /// The first producer waits for room whatever happens. The second one drops its instruction, or may also wait for
  /// bytes.
  [[nodiscard]] bool givesUp(std::uint32_t number) const { return number == 1 && (!bounds_.bytes || choose(2) == 1); }

  void produce(std::uint32_t number) {
    const Queue::Producer producer = queue_.makeProducer();
    for (std::uint32_t i = 0; i < bounds_.instructions[number]; ++i) {
      Instruction instruction{number, i};
      while (bounds_.bytes && !queue_.acquire(1)) {
        if (givesUp(number)) return;
        (void)queue_.waitForRoom(kLong);
      }
      while (!queue_.push(producer, instruction)) {
        if (givesUp(number)) {
          if (bounds_.bytes) queue_.release(1);
          return;
        }
        (void)queue_.waitForRoom(kLong);
      }
      step(pushes_, Access::Write, "tell");
      ++pushed_;
    }
  }

  Bounds bounds_;
  Queue queue_;
  Object pushes_{"pushes"};
  std::uint32_t pushed_ = 0;

  // Of the geometry thread.
  std::uint32_t ran_ = 0;
  std::array<std::uint32_t, kProducers> next_{};
};

MakeScenario scenario(const Bounds& bounds) {
  return [=] { return std::make_unique<Instructions>(bounds); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(argc, argv,
                      {{"full", scenario({{2, 1}, 1, false})},
                       {"early", scenario({{2, 1}, 4, false})},
                       {"bytes", scenario({{1, 1}, 2, true})}});
}
