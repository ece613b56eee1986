/// Things whose last counted handle goes on any thread, with the pool and the Host device: an object that frames use,
/// and a block that instructions are about; as docs/design/model/object.pml.

#include "explorer/explorer.hpp"
#include "explorer/scenarios/late_device.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace flux::explorer {
namespace {

constexpr std::chrono::steady_clock::time_point kNow{};
constexpr NativeHandle kName = 7;

struct Bounds {
  std::uint32_t threads;  ///< Each with a handle.
  std::uint32_t steps;    ///< Of the pool while they run.
  std::uint32_t queues;   ///< Of the application, to one of which a frame may submit.
  bool loss;
  bool brings = false;  ///< The last thread's handle goes with an instruction.
};

constexpr std::array<std::byte, 256> kBytes{};

PoolDesc poolDesc() {
  PoolDesc desc;
  desc.chunkBytes = desc.firstChunkBytes = desc.longLivedFirstChunkBytes = 64 * kKiB;
  desc.stagingPageBytes = 4 * kKiB;
  desc.stagingLimitBytes = 8 * kKiB;
  desc.readbackLimitBytes = desc.stagingPageBytes;
  desc.maxBlocks = 4;
  return desc;
}

/// An object: threads record it in a frame through their handle, which may go before the frame ends. Nothing is
/// published.
class SharedObject : public Scenario {
 public:
  explicit SharedObject(const Bounds& bounds)
      : bounds_(bounds), device_(bounds.queues), pool_(Pool::create(device_, poolDesc()).value()) {
    const Shared<NativeHandle> object = pool_->share({kName, &destroy, this, "object"});
    handles_.assign(bounds.threads, object);
  }

  void start() override {
    addFiber("geometry", [this] {
      for (std::uint32_t i = 0; i < bounds_.steps; ++i) stepPool();
    });
    for (Shared<NativeHandle>& handle : handles_) {
      addFiber("thread", [this, &handle] { useObject(handle); });
    }
    if (bounds_.loss) addFiber("loss", [this] { device_.lose(); });
    device_.startQueues();
  }

  void finish() override {
    device_.finishQueues();
    stepPool();
    check(destroyed_ == 1, "an object is not destroyed when nobody can use it any more");
  }

 private:
  void stepPool() {
    const StepLimit limit(500, "the geometry thread waits in a step");
    check(pool_->step({}, kNow).has_value() || device_.lost(), "a step fails");
  }

  void useObject(Shared<NativeHandle>& handle) {
    Frame frame = pool_->beginFrame();
    step(truth_, Access::Write, "record");
    check(destroyed_ == 0, "a frame records an object that is gone");
    ++recording_;
    const bool dropsFirst = choose(2) == 0;
    if (dropsFirst) handle.reset();
    const std::uint32_t to = choose(bounds_.queues + 1);
    const QueueId queue{to};
    TimelineValue value = 0;
    if (to != 0) frame.submitted(queue, value = device_.submit(queue));
    // What was recorded is in a submission now, or thrown away.
    step(truth_, Access::Write, "end");
    --recording_;
    lastUse_[to] = std::max(lastUse_[to], value);
    frame.end();
    handle.reset();
  }

  static void destroy(void* context, NativeHandle object, bool deviceLost) {
    SharedObject& self = *static_cast<SharedObject*>(context);
    Touch touch;
    touch.add(self.truth_, Access::Write);
    self.device_.touchQueues(touch);
    touch.what = "destroy";
    step(touch);
    check(object == kName, "another object is destroyed");
    check(++self.destroyed_ == 1, "an object is destroyed twice");
    check(self.recording_ == 0, "an object is destroyed while an open frame uses it");
    check(deviceLost == self.device_.seenLost(), "who destroys an object is told whether the device is lost");
    if (self.device_.lost()) return;
    for (std::uint32_t q = 1; q <= self.bounds_.queues; ++q) {
      check(self.device_.executed(QueueId{q}) >= self.lastUse_[q], "an object is destroyed while a submission uses it");
    }
  }

  Bounds bounds_;

  // What the truth is, for the checks alone.
  Object truth_{"object"};
  std::uint32_t destroyed_ = 0;
  std::uint32_t recording_ = 0;                      ///< Open frames that recorded it.
  std::array<TimelineValue, kMaxQueues> lastUse_{};  ///< By submissions of frames that have ended.

  LateDevice device_;
  std::unique_ptr<Pool> pool_;
  std::vector<Shared<NativeHandle>> handles_;
};

/// A block: each thread pins it and unpins it again, and then drops its handle. A pin that comes after the last drop,
/// or after its unpin, fails. Or an instruction brings the handle along, and the geometry thread drops it.
class SharedBlock : public Scenario {
 public:
  explicit SharedBlock(const Bounds& bounds)
      : bounds_(bounds), device_(bounds.queues), pool_(Pool::create(device_, poolDesc()).value()) {
    const PartDesc part{PartKind::Vertex, kBytes.size(), Source::bytes(kBytes)};
    const BlockHandle block = pool_->add({.name = "block", .parts = {&part, 1}}).value();
    moveOn();
    handles_.assign(bounds.threads, pool_->share(block));
    for (std::uint32_t i = 0; i < bounds.threads; ++i) producers_.push_back(pool_->makeProducer());
  }

  void start() override {
    addFiber("geometry", [this] {
      for (std::uint32_t i = 0; i < bounds_.steps; ++i) stepPool();
    });
    for (std::uint32_t i = 0; i < bounds_.threads; ++i) {
      addFiber("thread", [this, i] {
        if (bounds_.brings && i + 1 == bounds_.threads) return sendHandle(producers_[i], std::move(handles_[i]));
        check(producers_[i].pin(*handles_[i]).has_value(), "a pin is accepted");
        check(producers_[i].unpin(*handles_[i]).has_value(), "an unpin is accepted");
        handles_[i].reset();
      });
    }
    device_.startQueues();
  }

  void finish() override {
    stepPool();  // what came early in the last step
    if (bounds_.brings) moveOn();
    const PoolStats stats = pool_->stats();
    check(stats.blocks == (bounds_.brings ? 1 : 0) && stats.waitingInstructions == 0, "a shared block is left");
    if (bounds_.brings) check(pool_->remove(added_).has_value(), "a removal is accepted");
    moveOn();
    check(pool_->stats().retiredBytes == 0, "memory is not reclaimed");
  }

 private:
  void stepPool() {
    const StepLimit limit(500, "the geometry thread waits in a step");
    const Result<StepReport> report = pool_->step({}, kNow);
    check(report.has_value(), "a step fails");
    for (const Error& error : report->errors) {
      check(error.code != ErrorCode::StaleHandle, "an instruction runs after its thing has gone");
      check(error.code != ErrorCode::InvalidArgument, "instructions of one thread change their order");
      fail("an instruction is refused");
    }
  }

  /// A new block, whose bytes own the handle until they have been copied.
  void sendHandle(Producer& producer, Shared<BlockHandle> handle) {
    const std::shared_ptr<const std::byte[]> bytes(kBytes.data(), [owned = std::move(handle)](const std::byte*) {});
    const PartDesc part{PartKind::Vertex, kBytes.size(), Source::owned(bytes, kBytes.size())};
    const Result<BlockHandle> added = producer.add({.name = "added", .parts = {&part, 1}});
    check(added.has_value(), "an addition is accepted");
    added_ = *added;
  }

  /// Outside of the fibers: copies and the stages of retirement.
  void moveOn() {
    for (int i = 0; i < 3; ++i) {
      stepPool();
      device_.finishQueues();
      pool_->publish();
    }
  }

  Bounds bounds_;
  LateDevice device_;
  std::unique_ptr<Pool> pool_;
  std::vector<Producer> producers_;
  std::vector<Shared<BlockHandle>> handles_;
  BlockHandle added_;
};

template <class World>
MakeScenario scenario(const Bounds& bounds) {
  return [=] { return std::make_unique<World>(bounds); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(argc, argv,
                      {{"one-thread", scenario<SharedObject>({1, 4, 1, false})},
                       {"two-threads", scenario<SharedObject>({2, 3, 0, false})},
                       {"queues", scenario<SharedObject>({2, 1, 2, false})},
                       {"loss", scenario<SharedObject>({1, 3, 2, true})},
                       {"instructions", scenario<SharedBlock>({2, 1, 1, false})},
                       {"brings", scenario<SharedBlock>({2, 3, 1, false, true})}});
}
