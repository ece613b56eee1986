/// A city is left, most of its blocks go, work goes on: how soon do chunks become empty so that they can be given back?
/// Nothing is moved.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "churn.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

constexpr std::uint32_t kLive = 10'000;
constexpr std::uint32_t kLeft = kLive / 5;
/// Of churn after the drop, in multiples of the live count.
constexpr std::array<double, 9> kSamples = {0, 0.5, 1, 2, 3, 5, 10, 15, 20};

struct Script {
  std::vector<Operation> before;
  std::vector<Operation> drop;
  std::array<std::vector<Operation>, kSamples.size()> after;  // up to each sample
  ByteCount liveBefore = 0;
  std::array<ByteCount, kSamples.size()> live{};
  std::vector<std::uint32_t> bytesOfSlots;  // at the end
};

Script write(std::uint64_t seed) {
  Script script;
  Churn churn(kLive, {}, seed);
  script.before = churn.fill();
  const std::vector<Operation> steady = churn.pairs(std::size_t{10} * kLive);
  script.before.insert(script.before.end(), steady.begin(), steady.end());
  script.liveBefore = churn.liveBytes();
  script.drop = churn.dropTo(kLeft);
  double done = 0;
  for (std::size_t i = 0; i < kSamples.size(); ++i) {
    script.after[i] = churn.pairs(static_cast<std::size_t>((kSamples[i] - done) * kLeft));
    script.live[i] = churn.liveBytes();
    done = kSamples[i];
  }
  script.bytesOfSlots = churn.bytesOfSlots();
  return script;
}

}  // namespace

void runDrop(const Field& field, const Settings& settings, Report& report) {
  const std::uint32_t seeds = settings.quick ? 1 : settings.repetitions;
  std::vector<std::string> columns{"over 16 MiB chunks, 10,000 live, then 2,000; reserved / live", "before"};
  for (const double sample : kSamples) columns.push_back(number(sample, sample == 0.5 ? 1 : 0) + " x");
  report.table("Drop to 20 %, then churn of so many times the live count (mean of " + std::to_string(seeds) + " seeds)",
               std::move(columns));

  std::vector<Script> scripts;
  scripts.reserve(seeds);
  for (std::uint32_t seed = 0; seed < seeds; ++seed) scripts.push_back(write(100 + seed));
  for (const Contestant<Growing>& contestant : field.chunks) {
    std::array<double, kSamples.size()> sums{};
    double before = 0;
    for (const Script& script : scripts) {
      const std::unique_ptr<Player> player = contestant.make(kLive, Growing{});
      const auto reservedOver = [&](ByteCount live) {
        return static_cast<double>(player->footprint().reservedBytes) / static_cast<double>(live);
      };
      player->play(script.before);
      before += reservedOver(script.liveBefore);
      player->play(script.drop);
      for (std::size_t i = 0; i < kSamples.size(); ++i) {
        player->play(script.after[i]);
        sums[i] += reservedOver(script.live[i]);
      }
      checkPlayer(*player, script.bytesOfSlots, contestant.name, report);
    }
    std::vector<std::string> cells{contestant.name, number(before / seeds, 3)};
    for (std::size_t i = 0; i < kSamples.size(); ++i) {
      cells.push_back(number(sums[i] / seeds, 3));
      report.point("drop", contestant.name, "reserved/live", kSamples[i], sums[i] / seeds);
    }
    report.row(std::move(cells));
  }
}

}  // namespace flux::bench
