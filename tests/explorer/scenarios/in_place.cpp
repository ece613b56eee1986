/// Updates in place: the geometry thread overwrites what frames draw, on a copy queue and a draw queue that execute
/// late. A frame has to meet the same bytes in all its submissions: those of the last update before its first `waits`.

#include "explorer/explorer.hpp"
#include "explorer/scenarios/late_device.hpp"

#include <flux/pool.hpp>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

namespace flux::explorer {
namespace {

constexpr ByteCount kPartBytes = 256;
constexpr std::size_t kParts = 2;
constexpr std::chrono::steady_clock::time_point kNow{};

struct Bounds {
  std::uint32_t frames;   ///< Each on a thread of its own.
  std::uint32_t lists;    ///< That a frame submits, one part of the block each.
  std::uint32_t updates;  ///< Of both parts.
};

std::array<std::byte, kPartBytes> contents(std::uint32_t part, std::uint32_t stamp) {
  std::array<std::byte, kPartBytes> bytes;
  bytes.fill(static_cast<std::byte>(stamp * 16 + part));
  return bytes;
}

/// Knows what each batch of copies brings.
class StampedDevice : public LateDevice {
 public:
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    check(batch.size() == kParts, "an update is torn apart");
    Result<TimelineValue> value = LateDevice::submit(batch, waits);
    if (value) stamps[*value] = stamp;  // in one step with the submission
    return value;
  }

  std::uint32_t stamp = 0;  ///< Of the newest update.
  std::map<TimelineValue, std::uint32_t> stamps;
};

class InPlace : public Scenario {
 public:
  explicit InPlace(const Bounds& bounds) : bounds_(bounds) {
    PoolDesc desc;
    desc.chunkBytes = desc.firstChunkBytes = desc.longLivedFirstChunkBytes = 64 * kKiB;
    desc.stagingPageBytes = 4 * kKiB;
    desc.stagingLimitBytes = 8 * kKiB;
    desc.readbackLimitBytes = desc.stagingPageBytes;
    desc.maxBlocks = 4;
    pool_ = std::move(Pool::create(device_, desc).value());
    std::array<std::array<std::byte, kPartBytes>, kParts> bytes;
    std::array<PartDesc, kParts> parts;
    for (std::uint32_t i = 0; i < kParts; ++i) {
      bytes[i] = contents(i, 0);
      parts[i] = {PartKind::Storage, kPartBytes, Source::bytes(bytes[i])};
    }
    block_ = pool_->add({.name = "block", .parts = parts}).value();
    stepPool();
    device_.finishQueues();
    stepPool();
    (void)pool_->publish();
  }

  void start() override {
    addFiber("geometry", [this] {
      for (std::uint32_t i = 0; i < bounds_.updates; ++i) {
        overwrite();
        stepPool();
      }
    });
    for (std::uint32_t i = 0; i < bounds_.frames; ++i) addFiber("render", [this] { drawFrame(); });
    device_.startQueues();
  }

  void finish() override {
    stepPool();
    device_.finishQueues();
    stepPool();
    const Frame frame = pool_->beginFrame();
    for (std::uint32_t i = 0; i < kParts; ++i) {
      const std::uint64_t hash = device_.read(frame.find(block_, PartId{i}).place);
      check(hash == hashBytes(contents(i, device_.stamp)), "an update is lost");
    }
    check(frame.snapshot() == 1, "something is published");
  }

 private:
  void overwrite() {
    ++device_.stamp;
    std::array<std::array<std::byte, kPartBytes>, kParts> bytes;
    std::array<PartUpdate, kParts> updates;
    for (std::uint32_t i = 0; i < kParts; ++i) {
      bytes[i] = contents(i, device_.stamp);
      updates[i] = {PartId{i}, Source::bytes(bytes[i])};
    }
    check(pool_->updateInPlace(block_, updates).has_value(), "an update is accepted");
  }

  void stepPool() {
    const StepLimit limit(500, "the geometry thread waits in a step");
    check(pool_->step({}, kNow).has_value(), "a step fails");
  }

  void drawFrame() {
    Frame frame = pool_->beginFrame();
    for (std::uint32_t list = 0; list < bounds_.lists; ++list) {
      const PartLookup found = frame.find(block_, PartId{list});
      const std::span<const QueueValue> waits = frame.waits();
      check(waits.size() == 1 && waits[0].queue == kCopyQueue, "a frame waits for the copies");
      check(device_.stamps.contains(waits[0].value), "a frame waits for copies that are not submitted");
      const auto bytes = contents(list, device_.stamps.at(waits[0].value));
      frame.submitted(kDrawQueue, device_.draw(found.place, hashBytes(bytes), waits));
    }
    frame.end();
  }

  Bounds bounds_;
  StampedDevice device_;
  std::unique_ptr<Pool> pool_;
  BlockHandle block_;
};

MakeScenario scenario(const Bounds& bounds) {
  return [=] { return std::make_unique<InPlace>(bounds); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(
      argc, argv,
      {{"one-frame", scenario({1, 1, 2})}, {"two-frames", scenario({2, 1, 1})}, {"two-lists", scenario({1, 2, 1})}});
}
