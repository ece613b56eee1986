#include "view/worker_team.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>
#include <vector>

namespace flux::app {
namespace {

TEST(WorkerTeamTest, EveryTaskRunsOnceARound) {
  for (const std::uint32_t workers : {1U, 2U, 7U}) {
    WorkerTeam team(workers);
    ASSERT_EQ(team.size(), workers);
    for (const std::uint32_t tasks : {1U, 3U, 20U}) {
      std::vector<int> runs(tasks, 0);
      for (int round = 0; round < 100; ++round) team.run(tasks, [&](std::uint32_t task) { ++runs[task]; });
      EXPECT_EQ(runs, std::vector<int>(tasks, 100));
    }
  }
}

TEST(WorkerTeamTest, TasksRunAtOnceAndTheCallerTakesPart) {
  WorkerTeam team(3);
  std::latch allThere(3);
  std::vector<std::thread::id> ids(3);
  team.run(3, [&](std::uint32_t task) {
    ids[task] = std::this_thread::get_id();
    allThere.arrive_and_wait();
  });
  const std::set<std::thread::id> threads(ids.begin(), ids.end());
  EXPECT_EQ(threads.size(), 3U);
  EXPECT_TRUE(threads.contains(std::this_thread::get_id()));
}

TEST(WorkerTeamTest, NoTasksAreDoneAtOnce) {
  WorkerTeam team(2);
  team.run(0, [](std::uint32_t) { FAIL(); });
}

TEST(WorkerTeamTest, RethrowsWhenAllHaveEndedAndGoesOn) {
  WorkerTeam team(4);
  std::atomic<int> ended{0};
  EXPECT_THROW(team.run(12,
                        [&](std::uint32_t task) {
                          ++ended;
                          if (task == 2) throw std::runtime_error("no");
                        }),
               std::runtime_error);
  EXPECT_EQ(ended, 12);
  std::atomic<int> runs{0};
  team.run(4, [&](std::uint32_t) { ++runs; });
  EXPECT_EQ(runs, 4);
}

}  // namespace
}  // namespace flux::app
