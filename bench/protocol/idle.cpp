#include "idle.hpp"

#include <memory>
#include <string>
#include <vector>

#include "clock.hpp"
#include "idle_pool.hpp"
#include "statistics.hpp"

namespace flux::bench {
namespace {

/// Microseconds of one call: the median over rounds of many calls.
template <class Call>
double microseconds(std::uint32_t rounds, const Call& call) {
  constexpr int kCalls = 1000;
  std::vector<double> samples;
  for (std::uint32_t i = 0; i < rounds; ++i) {
    samples.push_back(cpuNanosecondsOf([&] {
                        for (int j = 0; j < kCalls; ++j) call();
                      }) /
                      kCalls / 1e3);
  }
  return median(samples);
}

}  // namespace

void measureIdle(std::uint32_t blocks, std::uint32_t rounds, Results& results) {
  results.section("Nothing to do: " + std::to_string(blocks) + " resident blocks");
  IdlePool idle(blocks);
  Pool& pool = idle.pool();
  results.requireAtMost("step and publish",
                        microseconds(rounds,
                                     [&] {
                                       if (!pool.step() || pool.publish().changes != 0) std::abort();
                                     }),
                        "us", 1);
  std::uint64_t seen = 0;
  results.requireAtMost("stats", microseconds(rounds, [&] { seen += pool.stats().blocks; }), "us", 1);
  if (seen == 0) std::abort();
  results.add("beginFrame and its end", microseconds(rounds, [&] { const Frame frame = pool.beginFrame("bench"); }),
              "us");
}

void measureLooks(std::uint32_t blocks, Results& results) {
  constexpr int kLooks = 9;
  results.section("A look inside: " + std::to_string(blocks) + " resident blocks");
  const IdlePool idle(blocks);
  std::vector<double> dumps;
  std::vector<double> details;
  std::size_t bytes = 0;
  for (int i = 0; i < kLooks; ++i) {
    dumps.push_back(cpuNanosecondsOf([&] { bytes = idle.pool().dump().size(); }) / 1e6);
    details.push_back(cpuNanosecondsOf([&] { bytes += idle.pool().detailedStats().tags.size(); }) / 1e6);
  }
  results.add("dump", median(dumps), "ms");
  results.add("its size", static_cast<double>(bytes) / 1e6, "MB");
  results.add("detailedStats", median(details), "ms");
}

}  // namespace flux::bench
