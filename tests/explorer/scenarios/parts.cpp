/// Parts that a producer adds to a live block and removes again: their ids are on the geometry thread's side until it
/// tells them.

#include "explorer/explorer.hpp"
#include "explorer/scenarios/late_device.hpp"

#include <flux/pool.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace flux::explorer {
namespace {

constexpr std::chrono::steady_clock::time_point kNow{};
constexpr std::array<std::byte, 64> kBytes{};
constexpr PartId kFirstPart{0};

PoolDesc poolDesc() {
  PoolDesc desc;
  desc.chunkBytes = desc.firstChunkBytes = desc.longLivedFirstChunkBytes = 64 * kKiB;
  desc.stagingPageBytes = 4 * kKiB;
  desc.stagingLimitBytes = 8 * kKiB;
  desc.readbackLimitBytes = desc.stagingPageBytes;
  desc.maxBlocks = 4;
  return desc;
}

struct Bounds {
  std::uint32_t steps;  ///< Of the pool while the others run.
  std::uint32_t looks;  ///< Of the producer, at the ids that it waits for.
  bool removal;         ///< The block is removed by another thread meanwhile, so that the parts may be refused.
};

/// A producer adds a part, looks now and then whether its id is known, and removes the part when it is.
class Parts : public Scenario {
 public:
  explicit Parts(const Bounds& bounds)
      : bounds_(bounds),
        pool_(Pool::create(device_, poolDesc()).value()),
        producer_(pool_->makeProducer()),
        other_(pool_->makeProducer()) {
    const PartDesc part{PartKind::Vertex, kBytes.size(), Source::bytes(kBytes)};
    block_ = pool_->add({.name = "block", .parts = {&part, 1}}).value();
    moveOn();
  }

  void start() override {
    addFiber("geometry", [this] {
      for (std::uint32_t i = 0; i < bounds_.steps; ++i) stepPool();
    });
    addFiber("producer", [this] { addAndRemove(); });
    if (bounds_.removal) {
      addFiber("other", [this] { check(other_.remove(block_).has_value(), "a removal is accepted"); });
    }
    device_.startQueues();
  }

  void finish() override {
    moveOn();
    check(added_->done(), "who adds parts is never told");
    const Frame frame = pool_->beginFrame();
    if (bounds_.removal) {
      check(added_->ids().size() == (refused_ == 0 || removed_ ? 1 : 0), "parts that are refused have ids");
      check(!frame.find(block_).drawable(), "a removed block is drawn");
      return;
    }
    check(added_->ids().size() == 1, "a part that was added has no id");
    check(frame.find(block_, kFirstPart).drawable(), "another part is removed");
    check(frame.find(block_, added_->ids()[0]).drawable() == !removed_, "a part is not what was asked for last");
    check(pool_->stats().liveBytes == (removed_ ? 1 : 2) * kBytes.size(), "live bytes are not those of the parts");
  }

 private:
  void addAndRemove() {
    const PartDesc part{PartKind::Index, kBytes.size(), Source::bytes(kBytes)};
    const Result<AddedParts> added = producer_.addParts(block_, {&part, 1});
    check(added.has_value(), "an addition is accepted");
    added_ = *added;
    for (std::uint32_t i = 0; i < bounds_.looks; ++i) {
      const std::span<const PartId> ids = added_->ids();
      if (ids.empty()) continue;
      check(ids[0] != kFirstPart, "a producer meets an id that is not there yet");
      check(producer_.removeParts(block_, ids).has_value(), "a removal of parts is accepted");
      removed_ = true;
      return;
    }
  }

  void stepPool() {
    const StepLimit limit(500, "the geometry thread waits in a step");
    const Result<StepReport> report = pool_->step({}, kNow);
    check(report.has_value(), "a step fails");
    for (const Error& error : report->errors) {
      check(bounds_.removal && error.code == ErrorCode::StaleHandle, "an instruction is refused");
      ++refused_;
    }
  }

  /// Outside of the fibers: copies and the stages of retirement.
  void moveOn() {
    for (int i = 0; i < 4; ++i) {
      stepPool();
      device_.finishQueues();
      pool_->publish();
    }
  }

  Bounds bounds_;
  LateDevice device_;
  std::unique_ptr<Pool> pool_;
  Producer producer_;
  Producer other_;
  BlockHandle block_;
  std::optional<AddedParts> added_;
  bool removed_ = false;
  std::uint32_t refused_ = 0;  ///< Instructions.
};

MakeScenario scenario(const Bounds& bounds) {
  return [=] { return std::make_unique<Parts>(bounds); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(argc, argv, {{"added", scenario({4, 4, false})}, {"refused", scenario({3, 2, true})}});
}
