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
  results.add("stats", microseconds(rounds, [&] { seen += pool.stats().blocks; }), "us");
  if (seen == 0) std::abort();
  results.add("beginFrame and its end", microseconds(rounds, [&] { const Frame frame = pool.beginFrame("bench"); }),
              "us");
}

}  // namespace flux::bench
