/// How much goes in before the first failure: into an empty space, and after it was half emptied and filled up again.

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "churn.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

constexpr std::uint32_t kCycles = 6;
constexpr std::uint32_t kSlots = 100'000;

/// One space that is filled with random sizes until one does not fit.
class Filling {
 public:
  Filling(const Contestant<OneSpace>& contestant, ByteCount spaceBytes, std::uint64_t seed)
      : player_(contestant.make(kSlots, {.bytes = spaceBytes})),
        spaceBytes_(spaceBytes),
        random_(seed),
        bytes_(kSlots) {
    for (std::uint32_t slot = kSlots; slot-- != 0;) unused_.push_back(slot);
  }

  /// In percent of the space.
  double fill() {
    for (;;) {
      const std::uint32_t slot = unused_.back();
      const std::uint32_t size = drawSize({}, random_);
      if (!player_->playAll(std::vector<Operation>{{slot, size}})) break;
      unused_.pop_back();
      live_.push_back(slot);
      bytes_[slot] = size;
      liveBytes_ += size;
    }
    return 100 * static_cast<double>(liveBytes_) / static_cast<double>(spaceBytes_);
  }

  void halve() {
    for (std::size_t n = live_.size() / 2; n != 0; --n) {
      std::swap(live_[random_() % live_.size()], live_.back());
      const std::uint32_t slot = live_.back();
      live_.pop_back();
      player_->play(std::vector<Operation>{{slot, 0}});
      liveBytes_ -= std::exchange(bytes_[slot], 0);
      unused_.push_back(slot);
    }
  }

  void check(const std::string& name, Report& report) const {
    checkPlayer(*player_, bytes_, name, report, 256, spaceBytes_);
  }

 private:
  std::unique_ptr<Player> player_;
  ByteCount spaceBytes_;
  std::mt19937_64 random_;
  std::vector<std::uint32_t> bytes_;  // by slot
  std::vector<std::uint32_t> unused_;
  std::vector<std::uint32_t> live_;
  ByteCount liveBytes_ = 0;
};

}  // namespace

void runFill(const Field& field, const Settings& settings, Report& report) {
  const std::uint32_t seeds = settings.quick ? 2 : 4 * settings.repetitions;
  report.table(
      "Filled to the first failure, 256 B to 1 MiB: percent of the space, mean of " + std::to_string(seeds) + " seeds",
      {"allocator", "16 MiB, empty", "after 6 cycles", "256 MiB, empty", "after 6 cycles "});
  for (const Contestant<OneSpace>& contestant : field.spaces) {
    std::vector<std::string> cells{contestant.name};
    for (const ByteCount spaceBytes : {16 * kMiB, 256 * kMiB}) {
      double empty = 0;
      double cycled = 0;
      for (std::uint32_t seed = 0; seed < seeds; ++seed) {
        Filling filling(contestant, spaceBytes, 500 + seed);
        double last = filling.fill();
        empty += last;
        for (std::uint32_t cycle = 0; cycle < kCycles; ++cycle) {
          filling.halve();
          last = filling.fill();
        }
        cycled += last;
        filling.check(contestant.name, report);
      }
      cells.push_back(number(empty / seeds, 2));
      cells.push_back(number(cycled / seeds, 2));
      report.point("fill", contestant.name, "after 6 cycles", static_cast<double>(spaceBytes), cycled / seeds);
    }
    report.row(std::move(cells));
  }
}

}  // namespace flux::bench
