// A pool beside a plain model, under whatever can be asked of it.

#include "pool/dump_test_tools.hpp"
#include "pool/simulation.hpp"

#include <string>

namespace flux {
namespace {

class PoolProperty : public testing::Test {
 protected:
  void runSeed(const test::SimulationDesc& desc) {
    SCOPED_TRACE(test::describe(desc));
    test::Simulation simulation(desc);
    simulation.onLook([&](const Pool& pool, int operation) {
      if (operation % 500 == 250) {
        (void)test::dumpOf(pool, std::to_string(desc.seed) + "." + std::to_string(operation));
      }
    });
    simulation.run(1500);
    const PoolStats stats = simulation.stats();
    moved_ += stats.relocations;
    compacted_ += stats.compactions;
    evicted_ += stats.evictions;
    restored_ += stats.restores;
    failures_ += simulation.failures();
    if (desc.pool.recordMirrors != 0) {
      EXPECT_GT(stats.recordMirrors, 2U);
    }
  }
  void runSeeds(const PoolDesc& desc, std::uint32_t count) {
    for (std::uint32_t seed = 1; seed <= count && !HasFailure(); ++seed) runSeed({.seed = seed, .pool = desc});
  }

  std::uint64_t moved_ = 0;
  std::uint64_t compacted_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint64_t restored_ = 0;
  std::uint64_t failures_ = 0;
};

TEST_F(PoolProperty, EveryFrameReadsWhatItsSnapshotSays) {
  runSeeds(test::smallPool(), 3);
}

TEST_F(PoolProperty, EveryFrameReadsWhatItsSnapshotSaysWhileEverythingMoves) {
  runSeeds(test::restlessPool(), 4);
  EXPECT_GT(moved_, 500U);
  EXPECT_GT(compacted_, 50U);
}

TEST_F(PoolProperty, EveryFrameReadsTheMirrorOfItsSnapshot) {
  PoolDesc desc = test::smallPool();
  desc.recordMirrors = 4;  // too few for publishes never to be put off
  runSeeds(desc, 3);
}

TEST_F(PoolProperty, BlocksThatLeaveComeBackAsTheyWere) {
  PoolDesc desc = test::smallPool();
  desc.evicts = true;
  desc.hardLimitBytes = 2 * kMiB;
  desc.storeLimitBytes = 4 * kMiB;
  desc.shadowLimitBytes = kMiB;
  desc.readbackLimitBytes = 2 * desc.stagingPageBytes;
  runSeeds(desc, 3);
  EXPECT_GT(evicted_, 200U);
  desc.defrag = test::restless();
  runSeeds(desc, 3);
  EXPECT_GT(moved_, 200U);
}

TEST_F(PoolProperty, NothingIsLostWhateverHappens) {
  for (std::uint32_t seed = 1; seed <= 12 && !HasFailure(); ++seed) runSeed(test::randomSimulation(seed));
  EXPECT_GT(moved_, 500U);
  EXPECT_GT(evicted_, 500U);
  EXPECT_GT(restored_, 300U);
  EXPECT_GT(failures_, 100U);
}

}  // namespace
}  // namespace flux
