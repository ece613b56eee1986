/// Staging pages: producers that take spans, fill them and hand them over or drop them; a geometry thread that uses
/// what was handed over, submits, and starts pages over. No two spans overlap, none changes before the device has read
/// it, and nobody waits while there is room.

#include "explorer/explorer.hpp"

#include "transfer/staging_pages.hpp"

#include <flux/host.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace flux::explorer {
namespace {

constexpr std::chrono::hours kLong{1};
constexpr ByteCount kPageBytes = 256;
constexpr std::uint32_t kProducers = 2;

struct Bounds {
  ByteCount spanBytes;  ///< A whole page, or a half.
  std::array<std::uint32_t, kProducers> spans;
  std::uint32_t together = 1;  ///< So many does the first producer take at once.
};

/// One page for all producers beside the step's own, so they compete.
class Staging : public Scenario {
 public:
  explicit Staging(const Bounds& bounds) : bounds_(bounds) {
    StagingPages::Filling filling(pages_);
    (void)pages_.reserveOnAnyThread(1, filling);
    check(pages_.recycle(0).has_value() && pages_.openPages() == 1, "a page that is missed is not opened");
  }

  void start() override {
    addDaemon("geometry", [this] {
      for (std::uint32_t seen = 0;;) {
        await(events_, Access::Read, "step", [this, seen] { return happened_ > seen; });
        seen = happened_;
        geometryStep();
      }
    });
    addFiber("first producer", [this] { produce(0); });
    addFiber("second producer", [this] { produce(1); });
  }

 private:
  void tell() {
    step(events_, Access::Write, "tell");
    ++happened_;
  }

  void geometryStep() {
    check(pages_.recycle(value_).has_value(), "a page cannot be opened");
    step(handed_, Access::Write, "take what was handed over");
    std::vector<StagedBytes> batch;
    batch.swap(waiting_);
    if (batch.empty()) return;
    std::vector<std::span<const std::byte>> copies;
    for (const StagedBytes& staged : batch) copies.push_back(pages_.use(staged).bytes);
    batch.clear();
    pages_.submitted(value_ + 1);
    check(pages_.recycle(value_).has_value(), "a page cannot be opened");
    // The device reads only now.
    step(memory_, Access::Write, "the batch is done");
    for (const std::span<const std::byte> bytes : copies) setOwner(bytes, 0);
    ++value_;
    check(pages_.recycle(value_).has_value(), "a page cannot be opened");
  }

  /// Of both halves of a page, or of one; 0 is nobody.
  void setOwner(std::span<const std::byte> bytes, std::uint32_t owner) {
    for (std::size_t at = 0; at < bytes.size(); at += kPageBytes / 2) {
      std::uint32_t& half = owners_[bytes.data() + at];
      check(owner == 0 || half == 0, "memory is taken that is still used");
      half = owner;
    }
  }

  void produce(std::uint32_t number) {
    StagingPages::Filling& filling = fillings_[number];
    const std::uint32_t together = number == 0 ? bounds_.together : 1;
    const std::vector<ByteCount> sizes(together, bounds_.spanBytes);
    for (std::uint32_t i = 0; i < bounds_.spans[number]; i += together) {
      std::vector<StagedBytes> staged(together);
      while (!reserve(sizes, staged, filling)) (void)pages_.waitForRoom(together * bounds_.spanBytes, kLong);
      for (StagedBytes& each : staged) {
        step(memory_, Access::Write, "fill");
        setOwner(each.bytes(), number + 1);
        if (number == 1) {  // changes its mind
          step(memory_, Access::Write, "drop");
          setOwner(each.bytes(), 0);
        } else {
          step(handed_, Access::Write, "hand over");
          waiting_.push_back(std::move(each));
        }
        each = StagedBytes{};
        tell();
      }
    }
  }

  bool reserve(std::span<const ByteCount> sizes, std::span<StagedBytes> staged, StagingPages::Filling& filling) {
    if (sizes.size() > 1) return pages_.reserveOnAnyThread(sizes, staged, filling).has_value();
    Result<StagedBytes> taken = pages_.reserveOnAnyThread(sizes[0], filling);
    if (taken) staged[0] = std::move(*taken);
    return taken.has_value();
  }

  Bounds bounds_;
  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Manual});
  StagingPages pages_{*host_, kPageBytes, 2 * kPageBytes};
  std::array<StagingPages::Filling, kProducers> fillings_{StagingPages::Filling(pages_), StagingPages::Filling(pages_)};
  Object events_{"events"};
  Object handed_{"handed over"};
  Object memory_{"memory"};
  std::uint32_t happened_ = 0;
  std::vector<StagedBytes> waiting_;
  std::map<const std::byte*, std::uint32_t> owners_;  ///< By where half a page begins.
  TimelineValue value_ = 0;
};

MakeScenario scenario(const Bounds& bounds) {
  return [=] { return std::make_unique<Staging>(bounds); };
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  return explorerMain(argc, argv,
                      {{"page", scenario({kPageBytes, {1, 1}})},
                       {"halves", scenario({kPageBytes / 2, {1, 2}})},
                       {"together", scenario({kPageBytes / 2, {2, 1}, 2})}});
}
