// One pool for long, under whatever can be asked of it: what it takes of the host must not grow.
//
// With FLUX_SOAK it goes on with other pools for an hour. FLUX_SEED is where it begins: that one alone without
// FLUX_SOAK.

#include "alloc/heap_count.hpp"
#include "pool/simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace flux {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kFewSeeds = 4;
constexpr int kRounds = 10;
constexpr int kSoakRounds = 40;

/// Rounds after each of which nothing is in the pool. What is kept for the next one grows to what the largest needs,
/// and then no more.
void runRounds(test::Simulation& simulation, int rounds, int operations) {
  std::size_t most = 0;
  for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
    simulation.run(operations);
    const PoolStats stats = simulation.stats();
    const std::size_t device = stats.reservedBytes + stats.stagingBytes;
    ASSERT_GT(test::heapBytes(), device) << "the device's memory is counted too";
    const std::size_t heap = test::heapBytes() - device;
    if (round < rounds / 2) {
      most = std::max(most, heap);
    } else {
      EXPECT_LT(heap, most + most / 2) << "after round " << round;
    }
  }
}

TEST(PoolSoak, TheHeapIsFlatAndNothingIsLost) {
  const char* const given = std::getenv("FLUX_SEED");
  const bool soak = std::getenv("FLUX_SOAK") != nullptr;
  const auto first = static_cast<std::uint32_t>(given != nullptr ? std::stoul(given) : 1);
  const std::uint32_t last = soak ? std::numeric_limits<std::uint32_t>::max() : given != nullptr ? first : kFewSeeds;
  const Clock::time_point begin = Clock::now();
  Clock::time_point told = begin;
  std::uint64_t verified = 0;
  std::uint64_t moves = 0;
  std::uint64_t evictions = 0;
  std::uint64_t failures = 0;
  for (std::uint32_t seed = first; seed <= last && !HasFailure(); ++seed) {
    const test::SimulationDesc desc = test::randomSimulation(seed);
    SCOPED_TRACE("FLUX_SEED=" + std::to_string(seed) + " again: " + test::describe(desc));
    test::Simulation simulation(desc);
    soak ? runRounds(simulation, kSoakRounds, 3000) : runRounds(simulation, kRounds, 500);
    verified += simulation.verified();
    moves += simulation.stats().relocations;
    evictions += simulation.stats().evictions;
    failures += simulation.failures();
    if (!soak) continue;
    const Clock::time_point now = Clock::now();
    if (now - told >= std::chrono::minutes(1) || HasFailure()) {
      told = now;
      std::printf("%lld min, seed %u: %llu draws verified, %llu moves, %llu evictions, %llu failed calls\n",
                  static_cast<long long>(std::chrono::duration_cast<std::chrono::minutes>(now - begin).count()), seed,
                  static_cast<unsigned long long>(verified), static_cast<unsigned long long>(moves),
                  static_cast<unsigned long long>(evictions), static_cast<unsigned long long>(failures));
      std::fflush(stdout);
    }
    if (now - begin >= std::chrono::hours(1)) break;
  }
  EXPECT_GT(verified, 0U);
}

}  // namespace
}  // namespace flux
