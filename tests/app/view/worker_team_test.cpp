#include "view/worker_team.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace flux::app {
namespace {

TEST(WorkerTeamTest, EveryWorkerRunsOnceARound) {
  for (const std::uint32_t workers : {1U, 2U, 7U}) {
    WorkerTeam team(workers);
    ASSERT_EQ(team.size(), workers);
    std::vector<int> runs(workers, 0);
    for (int round = 0; round < 200; ++round) team.run([&](std::uint32_t worker) { ++runs[worker]; });
    EXPECT_EQ(runs, std::vector<int>(workers, 200));
  }
}

TEST(WorkerTeamTest, WorkerZeroIsTheCaller) {
  WorkerTeam team(3);
  std::vector<std::thread::id> ids(3);
  team.run([&](std::uint32_t worker) { ids[worker] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[2], ids[1]);
}

TEST(WorkerTeamTest, RethrowsAndGoesOn) {
  WorkerTeam team(4);
  EXPECT_THROW(team.run([](std::uint32_t worker) {
    if (worker == 2) throw std::runtime_error("no");
  }),
               std::runtime_error);
  std::atomic<int> runs{0};
  team.run([&](std::uint32_t) { ++runs; });
  EXPECT_EQ(runs, 4);
}

}  // namespace
}  // namespace flux::app
