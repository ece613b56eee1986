/// A request that fits nowhere: how soon does the allocator know?

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "churn.hpp"
#include "interleaved.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

constexpr std::uint32_t kLive = 10'000;
constexpr std::size_t kRequests = 20'000;

struct Script {
  Script() : churn(kLive, {}, 300) {
    operations = churn.fill();
    const std::vector<Operation> pairs = churn.pairs(std::size_t{5} * kLive);
    operations.insert(operations.end(), pairs.begin(), pairs.end());
  }
  Churn churn;
  std::vector<Operation> operations;
};

/// Slots beyond the live ones, to fill the last large holes with.
constexpr std::uint32_t kExtra = 256;

/// Requests for an unused slot. They all fail.
std::vector<Operation> requests(ByteCount bytes) {
  return std::vector<Operation>(kRequests, {kLive + kExtra, static_cast<std::uint32_t>(bytes)});
}

/// The largest multiple of 256 that still fits somewhere.
ByteCount largestThatFits(Player& player, ByteCount upTo) {
  ByteCount fits = 0;
  for (ByteCount step = upTo / 256; step != 0; step /= 2) {
    while (fits + step * 256 <= upTo &&
           player.playAll(std::vector<Operation>{{kLive + kExtra, static_cast<std::uint32_t>(fits + step * 256)},
                                                 {kLive + kExtra, 0}})) {
      fits += step * 256;
    }
  }
  return fits;
}

/// A row a contestant: two kinds of requests that fail.
template <class Setup>
void measure(const char* where, const std::string& title, const std::vector<Contestant<Setup>>& contestants,
             const Setup& setup, ByteCount farTooLarge, const Script& script, const Settings& settings,
             Report& report) {
  std::vector<std::unique_ptr<Player>> players;
  std::vector<std::vector<Operation>> far;
  std::vector<std::vector<Operation>> just;
  for (const Contestant<Setup>& contestant : contestants) {
    Setup own = setup;
    if constexpr (std::is_same_v<Setup, Growing>) {
      const std::unique_ptr<Player> grown = contestant.make(kLive + kExtra + 1, setup);
      grown->play(script.operations);
      own.mostChunks = grown->footprint().chunks;
    }
    players.push_back(contestant.make(kLive + kExtra + 1, own));
    players.back()->play(script.operations);
    std::uint32_t extra = kLive;
    while (players.back()->playAll(std::vector<Operation>{{extra, static_cast<std::uint32_t>(farTooLarge)}})) ++extra;
    far.push_back(requests(farTooLarge));
    just.push_back(requests(largestThatFits(*players.back(), farTooLarge) + 256));
  }
  const auto time = [&](const std::vector<std::vector<Operation>>& failing) {
    return interleaved(settings.repetitions, players.size(), [&](std::uint32_t, std::size_t i) {
      const std::uint64_t before = players[i]->failures();
      const double ns = cpuNanosecondsOf([&] { players[i]->play(failing[i]); });
      if (players[i]->failures() - before != kRequests) report.violation(contestants[i].name + ": a request did fit");
      return ns / static_cast<double>(kRequests);
    });
  };
  const std::vector<Series> farNs = time(far);
  const std::vector<Series> justNs = time(just);
  report.table(title, {"allocator", "far too large, ns", "256 B too large, ns", "x of " + contestants[0].name});
  for (std::size_t i = 0; i < players.size(); ++i) {
    report.row({contestants[i].name, number(farNs[i].median(), 1), number(justNs[i].median(), 1),
                ratio(justNs[i], justNs[0])});
    report.point("nowhere", contestants[i].name, where, 0, farNs[i].median());
    report.point("nowhere", contestants[i].name, where, 1, justNs[i].median());
  }
}

}  // namespace

void runNowhere(const Field& field, const Settings& settings, Report& report) {
  const Script script;
  const ByteCount bytes = script.churn.peakLiveBytes() * 100 / 85 / 256 * 256;
  measure<OneSpace>("one space", "A request that fits nowhere, one space at 85 %, 10,000 live", field.spaces,
                    {.bytes = bytes}, bytes / 4, script, settings, report);
  measure<Growing>("chunks", "A request that fits nowhere, 16 MiB chunks that may not grow, 10,000 live", field.chunks,
                   {.emptyChunksKept = 0}, 8 * kMiB, script, settings, report);
}

}  // namespace flux::bench
