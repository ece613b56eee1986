#include "mirrors.hpp"

#include <array>
#include <string>
#include <vector>

#include "clock.hpp"
#include "draw_list.hpp"
#include "idle_pool.hpp"
#include "statistics.hpp"

namespace flux::bench {
namespace {

constexpr std::uint32_t kChanges = 64;
/// What an application with three frames in flight asks for (`PoolDesc::recordMirrors`).
constexpr std::uint32_t kMirrors = 6;

/// Changes blocks of one pool in a random order, and publishes.
class Side {
 public:
  Side(std::uint32_t blocks, std::uint32_t mirrors) : idle_(blocks, mirrors), order_(shuffledIndices(blocks, 7)) {}

  void publish() {
    constexpr std::array<std::byte, IdlePool::kBlockBytes> kBytes{};
    Pool& pool = idle_.pool();
    for (std::uint32_t i = 0; i < kChanges; ++i) {
      const PartUpdate update{PartId{0}, Source::bytes(kBytes)};
      if (!pool.update(idle_.blocks()[order_[at_] - 1], {&update, 1})) std::abort();
      if (++at_ == order_.size()) at_ = 0;
    }
    for (int i = 0; i < 2; ++i) {  // sent, arrived
      if (!pool.step()) std::abort();
    }
    PublishReport report;
    publishes_.push_back(cpuNanosecondsOf([&] { report = pool.publish(); }) / 1e3);
    if (report.deferred || report.changes != kChanges) std::abort();
  }

  [[nodiscard]] const std::vector<double>& publishes() const { return publishes_; }
  [[nodiscard]] std::uint64_t mirroredRecords() const { return idle_.pool().stats().mirroredRecords; }

 private:
  IdlePool idle_;
  std::vector<std::uint32_t> order_;  ///< Records, so the first block is 1.
  std::size_t at_ = 0;
  std::vector<double> publishes_;  ///< In microseconds.
};

}  // namespace

void measureMirrors(std::uint32_t blocks, std::uint32_t rounds, Results& results) {
  results.section("Record mirrors: " + std::to_string(blocks) + " blocks, " + std::to_string(kChanges) +
                  " change, no frame open");
  Side plain(blocks, 0);
  Side mirrored(blocks, kMirrors);
  const std::uint64_t before = mirrored.mirroredRecords();
  for (std::uint32_t i = 0; i < rounds; ++i) {
    plain.publish();
    mirrored.publish();
  }
  results.add("publish, without mirrors", median(plain.publishes()), "us");
  results.add("publish, with mirrors", median(mirrored.publishes()), "us");
  results.add("with mirrors / without", medianRatio(mirrored.publishes(), plain.publishes()), "x");
  results.add("records written to a mirror, a publish",
              static_cast<double>(mirrored.mirroredRecords() - before) / rounds, "");
}

}  // namespace flux::bench
