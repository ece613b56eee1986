/// Steady churn: what a pair of a free and an allocation costs at a constant load, in one space and over chunks.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "churn.hpp"
#include "interleaved.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

struct Case {
  std::uint32_t live = 0;
  SizeRange sizes;
  std::uint32_t warmUp = 10;    ///< Pairs before the first measurement, in multiples of the live count.
  std::size_t pairs = 200'000;  ///< A repetition.
};

/// Everything that is played, written before anything is measured.
struct Script {
  Script(const Case& c, std::uint32_t repetitions) : churn(c.live, c.sizes, c.live) {
    warmUp = churn.fill();
    const std::vector<Operation> more = churn.pairs(std::size_t{c.warmUp} * c.live);
    warmUp.insert(warmUp.end(), more.begin(), more.end());
    for (std::uint32_t r = 0; r < repetitions; ++r) {
      pairs.push_back(churn.pairs(c.pairs));
      live.push_back(churn.liveBytes());
    }
    single = churn.pairs(c.pairs);
  }

  Churn churn;
  std::vector<Operation> warmUp;
  std::vector<std::vector<Operation>> pairs;  // by repetition
  std::vector<ByteCount> live;                // after each
  std::vector<Operation> single;              // measured one by one
};

/// Costs of the loop itself: no allocator at all.
class NoSpace {
 public:
  using Held = std::uint32_t;
  explicit NoSpace(const OneSpace& /*space*/) {}
  Held allocate(ByteCount bytes) { return static_cast<Held>(bytes); }
  void free(Held held) { sum_ += held; }
  [[nodiscard]] Place place(Held /*held*/) const { return {}; }
  [[nodiscard]] Footprint footprint() const { return {.reservedBytes = sum_}; }

 private:
  ByteCount sum_ = 0;
};

std::vector<Case> spaceCases(bool quick) {
  const SizeRange small{.largest = 64U << 10U};
  if (quick) return {{.live = 1'000, .pairs = 20'000}, {.live = 10'000, .warmUp = 3, .pairs = 50'000}};
  return {{.live = 1'000},
          {.live = 10'000},
          {.live = 100'000, .warmUp = 5, .pairs = 300'000},
          {.live = 1'000'000, .sizes = small, .warmUp = 3, .pairs = 500'000}};
}

std::vector<Case> chunkCases(bool quick) {
  if (quick) return {{.live = 1'000, .pairs = 20'000}, {.live = 10'000, .warmUp = 3, .pairs = 20'000}};
  return {{.live = 1'000}, {.live = 10'000}, {.live = 100'000, .warmUp = 3, .pairs = 100'000}};
}

/// Those that can take part.
template <class Setup>
std::vector<Contestant<Setup>> able(const std::vector<Contestant<Setup>>& all, std::uint32_t size) {
  std::vector<Contestant<Setup>> able;
  for (const Contestant<Setup>& contestant : all) {
    if (contestant.most >= size) able.push_back(contestant);
  }
  return able;
}

/// Nanoseconds a pair.
std::vector<Series> play(const std::vector<std::unique_ptr<Player>>& players, const Script& script,
                         const std::function<void(std::uint32_t, std::size_t)>& after) {
  for (const auto& player : players) player->play(script.warmUp);
  return interleaved(static_cast<std::uint32_t>(script.pairs.size()), players.size(),
                     [&](std::uint32_t repetition, std::size_t i) {
                       const std::vector<Operation>& pairs = script.pairs[repetition];
                       const double ns = cpuNanosecondsOf([&] { players[i]->play(pairs); });
                       after(repetition, i);
                       return ns / static_cast<double>(pairs.size());
                     });
}

void runSpace(const Case& c, const Field& field, const Settings& settings, Report& report) {
  const Script script(c, settings.repetitions);
  const OneSpace space{.bytes = static_cast<ByteCount>(static_cast<double>(script.churn.peakLiveBytes()) / 0.85) / 256 *
                                256};
  std::vector<Contestant<OneSpace>> contestants = able(field.spaces, c.live);
  contestants.push_back(contestant<NoSpace, OneSpace>("(the loop alone)"));
  std::vector<std::unique_ptr<Player>> players;
  players.reserve(contestants.size());
  for (const auto& contestant : contestants) players.push_back(contestant.make(c.live, space));
  const std::vector<Series> series = play(players, script, [](std::uint32_t, std::size_t) {});

  const std::string& reference = contestants[0].name;
  report.table("Steady churn, one space at 85 %, " + std::to_string(c.live) + " live, 256 B to " +
                   std::to_string(c.sizes.largest >> 10U) + " KiB",
               {"allocator", "ns/pair", "spread", "x of " + reference, "alloc p50", "p99", "p99.9", "free p50", "p99",
                "p99.9", "failures"});
  for (std::size_t i = 0; i < players.size(); ++i) {
    Latencies latencies;
    latencies.allocate.reserve(script.single.size());
    latencies.free.reserve(script.single.size());
    players[i]->play(script.single, latencies);
    const std::string& name = contestants[i].name;
    std::vector<std::string> cells{name, number(series[i].median(), 1), series[i].spread(1),
                                   ratio(series[i], series[0])};
    for (const Samples* samples : {&latencies.allocate, &latencies.free}) {
      for (const double share : {0.5, 0.99, 0.999}) cells.push_back(number(samples->percentileNs(share), 0));
    }
    cells.push_back(std::to_string(players[i]->failures()));
    report.row(std::move(cells));
    report.point("steady", name, "ns/pair", c.live, series[i].median());
    report.point("steady", name, "allocate p99.9 ns", c.live, latencies.allocate.percentileNs(0.999));
    report.point("steady", name, "free p99.9 ns", c.live, latencies.free.percentileNs(0.999));
    if (i + 1 == players.size()) break;  // the loop alone has no places
    checkPlayer(*players[i], script.churn.bytesOfSlots(), name, report, 256, space.bytes);
  }
}

void runChunks(const Case& c, const Field& field, const Settings& settings, Report& report) {
  const Script script(c, settings.repetitions);
  const auto chunks = static_cast<std::uint32_t>(script.churn.peakLiveBytes() / Growing{}.chunkBytes);
  const std::vector<Contestant<Growing>> contestants = able(field.chunks, chunks);
  std::vector<std::unique_ptr<Player>> players;
  players.reserve(contestants.size());
  for (const auto& contestant : contestants) players.push_back(contestant.make(c.live, {}));
  std::vector<Series> reserved(players.size());
  const std::vector<Series> series = play(players, script, [&](std::uint32_t repetition, std::size_t i) {
    reserved[i].add(static_cast<double>(players[i]->footprint().reservedBytes) /
                    static_cast<double>(script.live[repetition]));
  });

  report.table("Churn over growing 16 MiB chunks, " + std::to_string(c.live) + " live, 256 B to 1 MiB",
               {"allocator", "ns/pair", "spread", "x of " + contestants[0].name, "reserved/live", "chunks"});
  for (std::size_t i = 0; i < players.size(); ++i) {
    const std::string& name = contestants[i].name;
    report.row({name, number(series[i].median(), 1), series[i].spread(1), ratio(series[i], series[0]),
                number(reserved[i].median(), 3), std::to_string(players[i]->footprint().chunks)});
    report.point("chunks", name, "ns/pair", c.live, series[i].median());
    report.point("chunks", name, "reserved/live", c.live, reserved[i].median());
    players[i]->play(script.single);
    checkPlayer(*players[i], script.churn.bytesOfSlots(), name, report);
  }
}

}  // namespace

void runSteady(const Field& field, const Settings& settings, Report& report) {
  for (const Case& c : spaceCases(settings.quick)) runSpace(c, field, settings, report);
}

void runChunks(const Field& field, const Settings& settings, Report& report) {
  for (const Case& c : chunkCases(settings.quick)) runChunks(c, field, settings, report);
}

void runChunkCount(const Field& field, const Settings& settings, Report& report) {
  const SizeRange sizes{.largest = 32U << 10U};
  const Case c = settings.quick ? Case{.live = 10'000, .sizes = sizes, .warmUp = 2, .pairs = 20'000}
                                : Case{.live = 100'000, .sizes = sizes, .warmUp = 3, .pairs = 200'000};
  const Script script(c, settings.repetitions);
  std::vector<std::unique_ptr<Player>> players;
  std::vector<std::string> names;
  std::vector<std::size_t> fewest;  // by player: the same allocator's player with the fewest chunks
  for (const Contestant<Growing>& contestant : field.chunks) {
    const std::size_t first = players.size();
    for (const ByteCount chunkBytes : {64 * kMiB, 6400 * kKiB, 640 * kKiB, 64 * kKiB}) {
      if (script.churn.peakLiveBytes() / chunkBytes > contestant.most) continue;
      players.push_back(contestant.make(c.live, {.chunkBytes = chunkBytes, .firstChunkBytes = chunkBytes}));
      names.push_back(contestant.name);
      fewest.push_back(first);
    }
  }
  const std::vector<Series> series = play(players, script, [](std::uint32_t, std::size_t) {});
  report.table(std::to_string(c.live) + " live, 256 B to 32 KiB, churn over chunks of 64 MiB down to 64 KiB",
               {"allocator", "chunks", "ns/pair", "spread", "x of its fewest chunks"});
  for (std::size_t i = 0; i < players.size(); ++i) {
    const std::uint32_t chunks = players[i]->footprint().chunks;
    report.row({names[i], std::to_string(chunks), number(series[i].median(), 1), series[i].spread(1),
                ratio(series[i], series[fewest[i]])});
    report.point("chunk-count", names[i], "ns/pair", chunks, series[i].median());
    players[i]->play(script.single);
    checkPlayer(*players[i], script.churn.bytesOfSlots(), names[i], report);
  }
}

}  // namespace flux::bench
