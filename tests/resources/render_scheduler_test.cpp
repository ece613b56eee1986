#include <flux/render_scheduler.hpp>

#include "resources/scheduler_test_tools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <stdexcept>

namespace flux {
namespace {

using test::FakeClock;
using test::Scene;
using test::ThreadRunner;

/// Keeps what it is told, part by part, and lets each draw take its time on the fake clock.
class NotingRecorder final : public DrawRecorder {
 public:
  struct Part {
    int begun = 0;
    int ended = 0;
    std::vector<ScheduledDraw> draws;
    std::size_t largestBatch = 0;
    std::thread::id thread;
  };

  void begin(std::uint32_t part) override {
    ++parts[part].begun;
    parts[part].thread = std::this_thread::get_id();
  }
  void record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) override {
    Part& noted = parts[part];
    EXPECT_EQ(noted.begun, noted.ended + 1);
    EXPECT_EQ(noted.thread, std::this_thread::get_id());
    EXPECT_FALSE(draws.empty());
    noted.largestBatch = std::max(noted.largestBatch, draws.size());
    for (const ScheduledDraw& draw : draws) {
      EXPECT_TRUE(frame.find(draw.block, PartId{0}).drawable());
      if (cost) FakeClock::advance(cost(draw.item));
      if (draw.item == throwAt) throw std::runtime_error("no more room");
      noted.draws.push_back(draw);
    }
  }
  void end(std::uint32_t part) override { ++parts[part].ended; }

  /// All draws, in the order of submission.
  [[nodiscard]] std::vector<std::uint32_t> order() const {
    std::vector<std::uint32_t> items;
    for (const Part& part : parts) {
      for (const ScheduledDraw& draw : part.draws) items.push_back(draw.item);
    }
    return items;
  }

  std::vector<Part> parts = std::vector<Part>(8);
  std::function<std::uint32_t(std::uint32_t item)> cost;
  std::uint32_t throwAt = ~0U;
};

std::vector<std::uint32_t> firstNumbers(std::size_t count) {
  std::vector<std::uint32_t> numbers(count);
  for (std::uint32_t i = 0; i < count; ++i) numbers[i] = i;
  return numbers;
}

RenderSchedulerDesc onFakeClock(std::uint32_t parts, std::uint32_t minItems = 32) {
  return {.maxParts = parts, .minItemsPerPart = minItems, .clock = FakeClock::now};
}

std::vector<std::uint32_t> endsOf(const ScheduleReport& report) {
  std::vector<std::uint32_t> ends;
  for (const PartReport& part : report.parts) ends.push_back(part.end);
  return ends;
}

/// A run of frames with costs by item, on one thread and a fake clock.
struct Flight {
  Flight(const Scene& given, std::uint32_t parts) : scene(given), items(given.items), scheduler(onFakeClock(parts)) {}
  ScheduleReport frame(const std::function<std::uint32_t(BlockHandle)>& cost) {
    NotingRecorder recorder;
    recorder.cost = [&](std::uint32_t item) { return cost(items[item].block); };
    const Frame open = scene.fixture.pool->beginFrame();
    SerialRunner tasks;
    const ScheduleReport report = scheduler.record(open, items, tasks, recorder);
    EXPECT_EQ(recorder.order(), firstNumbers(items.size()));
    return report;
  }
  const Scene& scene;
  std::vector<DrawItem> items;
  RenderScheduler scheduler;
};

TEST(RenderSchedulerTest, RecordsEveryItemOnceInOrder) {
  const Scene scene(500);
  const Frame frame = scene.fixture.pool->beginFrame();
  RenderScheduler scheduler({.maxParts = 4});
  NotingRecorder recorder;
  ThreadRunner tasks(4);
  const ScheduleReport report = scheduler.record(frame, scene.items, tasks, recorder);
  EXPECT_EQ(recorder.order(), firstNumbers(500));
  EXPECT_EQ(endsOf(report), (std::vector<std::uint32_t>{125, 250, 375, 500}));
  EXPECT_EQ(report.drawn, 500U);
  EXPECT_EQ(report.fallbacks + report.skipped, 0U);
  EXPECT_GE(report.imbalance, 1.0);
  for (std::uint32_t part = 0; part < 8; ++part) {
    EXPECT_EQ(recorder.parts[part].begun, part < 4 ? 1 : 0);
    EXPECT_EQ(recorder.parts[part].ended, part < 4 ? 1 : 0);
    EXPECT_LE(recorder.parts[part].largestBatch, RenderScheduler::kBatchItems);
  }
}

TEST(RenderSchedulerTest, DrawsFallsBackOrSkipsAsTheBlockSays) {
  test::PoolFixture fixture;
  Pool& pool = *fixture.pool;
  const std::vector<std::byte> bytes = test::pattern(1, 0, 1, 64);
  const BlockHandle cube = fixture.add("cube", bytes);
  const BlockHandle resident = fixture.add("resident", bytes);
  const BlockHandle stale = fixture.add("stale", bytes);
  const FillFunction fail = [](void*, const FillRequest&) { return false; };
  const PartDesc bad{PartKind::Vertex, 64, Source::callback(fail, nullptr)};
  const BlockHandle lost = pool.add(test::blockDesc("lost", {&bad, 1})).value();
  (void)pool.step();
  fixture.stepAndPublish();
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  BlockDesc coming = test::blockDesc("coming", {&part, 1});
  coming.fallback = cube;
  const BlockHandle absentWithFallback = pool.add(coming).value();
  const BlockHandle absent = fixture.add("absent", bytes);
  ASSERT_TRUE(pool.remove(stale).has_value());
  pool.publish();

  const std::vector<DrawItem> items{{resident}, {absentWithFallback}, {absent, Priority::High}, {lost},
                                    {stale},    {BlockHandle{}}};
  RenderScheduler scheduler({.maxParts = 2});
  NotingRecorder recorder;
  {
    const Frame frame = pool.beginFrame();
    ASSERT_EQ(frame.find(lost).status, FindStatus::Lost);
    SerialRunner tasks;
    const ScheduleReport report = scheduler.record(frame, items, tasks, recorder);
    ASSERT_EQ(report.parts.size(), 1U);
    EXPECT_EQ(report.parts[0].drawn, 1U);
    EXPECT_EQ(report.parts[0].fallbacks, 1U);
    EXPECT_EQ(report.parts[0].skipped, 4U);
    EXPECT_EQ(report.drawn, 1U);
    EXPECT_EQ(report.fallbacks, 1U);
    EXPECT_EQ(report.skipped, 4U);
  }
  const std::vector<ScheduledDraw>& draws = recorder.parts[0].draws;
  ASSERT_EQ(draws.size(), 2U);
  EXPECT_EQ(draws[0].status, FindStatus::Resident);
  EXPECT_EQ(draws[0].block, resident);
  EXPECT_EQ(draws[1].item, 1U);
  EXPECT_EQ(draws[1].status, FindStatus::Fallback);
  EXPECT_EQ(draws[1].block, cube);

  // What was drawn is noted, what was absent is asked for, and nothing else is.
  EXPECT_EQ(pool.framesSinceUse(resident), 0U);
  EXPECT_EQ(pool.framesSinceUse(cube), 0U);
  EXPECT_EQ(pool.framesSinceUse(absentWithFallback), std::nullopt);
  EXPECT_EQ(pool.framesSinceUse(lost), std::nullopt);
  EXPECT_EQ(pool.step()->misses, 2U);
}

TEST(RenderSchedulerTest, AMissedBlockComesInTheOrderOfItsPriority) {
  test::PoolFixture fixture;
  Pool& pool = *fixture.pool;
  const FillFunction fill = [](void*, const FillRequest&) { return true; };
  const PartDesc later{PartKind::Vertex, 64, Source::callback(fill, nullptr)};
  std::array<BlockHandle, 3> blocks;
  for (BlockHandle& block : blocks) block = pool.add(test::blockDesc("later", {&later, 1})).value();
  pool.publish();
  const std::vector<DrawItem> items{{blocks[0], Priority::Low}, {blocks[1], Priority::High}, {blocks[2]}};
  const auto drawnItems = [&] {
    RenderScheduler scheduler({});
    NotingRecorder recorder;
    SerialRunner tasks;
    const Frame frame = pool.beginFrame();
    scheduler.record(frame, items, tasks, recorder);
    return recorder.order();
  };
  EXPECT_TRUE(drawnItems().empty());
  const StepQuota one{.uploadBytes = 64};
  std::vector<std::vector<std::uint32_t>> drawn;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pool.step(one).has_value());
    pool.publish();
    drawn.push_back(drawnItems());
  }
  EXPECT_EQ(drawn, (std::vector<std::vector<std::uint32_t>>{{}, {1}, {1, 2}, {0, 1, 2}}));
}

TEST(RenderSchedulerTest, AnExpensiveRegionIsBalancedWithinAFewFrames) {
  const Scene scene(2000);
  Flight flight(scene, 4);
  const auto cost = [&](BlockHandle block) {
    const bool expensive = scene.items[200].block <= block && block < scene.items[500].block;
    return expensive ? 1000U : 100U;
  };
  EXPECT_GT(flight.frame(cost).imbalance, 2.0);  // nothing is known yet
  double imbalance = 0;
  for (int i = 0; i < 3; ++i) imbalance = flight.frame(cost).imbalance;
  EXPECT_LT(imbalance, 1.1);
  for (int i = 0; i < 10; ++i) EXPECT_LT(flight.frame(cost).imbalance, 1.1);
}

TEST(RenderSchedulerTest, FollowsARegionThatMoves) {
  const Scene scene(2000);
  Flight flight(scene, 4);
  std::size_t start = 200;
  const auto cost = [&](BlockHandle block) {
    const bool expensive = scene.items[start].block <= block && block < scene.items[start + 300].block;
    return expensive ? 1000U : 100U;
  };
  for (int i = 0; i < 6; ++i) flight.frame(cost);
  start = 1500;
  EXPECT_GT(flight.frame(cost).imbalance, 1.5);
  double imbalance = 0;
  for (int i = 0; i < 6; ++i) imbalance = flight.frame(cost).imbalance;
  EXPECT_LT(imbalance, 1.1);
}

TEST(RenderSchedulerTest, CostsStayWithTheirBlocksWhenTheListChanges) {
  const Scene scene(2000);
  Flight flight(scene, 4);
  const auto cost = [](BlockHandle block) { return block.index % 640 < 64 ? 1000U : 100U; };
  for (int i = 0; i < 6; ++i) flight.frame(cost);
  std::reverse(flight.items.begin(), flight.items.end());
  EXPECT_LT(flight.frame(cost).imbalance, 1.1);
  flight.items.erase(flight.items.begin() + 300, flight.items.begin() + 1100);
  EXPECT_LT(flight.frame(cost).imbalance, 1.1);
  flight.items.insert(flight.items.begin(), scene.items.begin(), scene.items.begin() + 700);  // Some are there twice.
  EXPECT_LT(flight.frame(cost).imbalance, 1.15);
}

/// 1,000 blocks that are there, and as many that are not.
class HalfResident : public testing::Test {
 protected:
  HalfResident() : scene_(2000), absent_(scene_.items.begin() + 1000, scene_.items.end()) {
    const std::vector<std::byte> bytes = test::pattern(1, 0, 1, 16);
    for (DrawItem& item : absent_) {
      EXPECT_TRUE(scene_.fixture.pool->remove(item.block).has_value());
      item.block = scene_.fixture.add("absent", bytes);
    }
    scene_.fixture.pool->publish();
    scene_.items.resize(1000);
    frame_ = scene_.fixture.pool->beginFrame();
  }
  double record(const std::vector<DrawItem>& items) {
    NotingRecorder recorder;
    recorder.cost = [](std::uint32_t) { return 100U; };
    SerialRunner tasks;
    const ScheduleReport report = scheduler_.record(frame_, items, tasks, recorder);
    EXPECT_EQ(report.drawn, 1000U);
    EXPECT_EQ(report.skipped, 1000U);
    return report.imbalance;
  }
  [[nodiscard]] std::vector<DrawItem> oneAfterTheOther() const {
    std::vector<DrawItem> items = absent_;
    items.insert(items.end(), scene_.items.begin(), scene_.items.end());
    return items;
  }
  [[nodiscard]] std::vector<DrawItem> alternating() const {
    std::vector<DrawItem> items;
    for (std::size_t i = 0; i < 1000; ++i) items.insert(items.end(), {absent_[i], scene_.items[i]});
    return items;
  }

 private:
  Scene scene_;
  std::vector<DrawItem> absent_;
  Frame frame_;
  RenderScheduler scheduler_{onFakeClock(4)};
};

TEST_F(HalfResident, WhatIsNotThereCostsNoPartItsTime) {
  EXPECT_GT(record(oneAfterTheOther()), 1.9);
  EXPECT_LT(record(oneAfterTheOther()), 1.2);
}

TEST_F(HalfResident, TheTimeOfABatchGoesToWhatWasDrawnInIt) {
  EXPECT_LT(record(alternating()), 1.1);
  EXPECT_LT(record(oneAfterTheOther()), 1.2);
}

TEST(RenderSchedulerTest, TheSameTimesGiveTheSamePartsOnAnyThreads) {
  const Scene scene(1500);
  const Frame frame = scene.fixture.pool->beginFrame();
  RenderScheduler one(onFakeClock(6));
  RenderScheduler other(onFakeClock(6));
  SerialRunner serial;
  ThreadRunner threads(3);
  std::vector<std::uint32_t> previous;
  for (std::uint32_t round = 0; round < 20; ++round) {
    std::vector<DrawItem> items(scene.items.begin() + round * 20, scene.items.end() - round * 10);
    items.insert(items.end(), scene.items.begin(), scene.items.begin() + 90);  // Some are there twice.
    const auto cost = [&](std::uint32_t item) { return 50 + items[item].block.index * 7919 % (300 + round); };
    NotingRecorder first;
    NotingRecorder second;
    first.cost = second.cost = cost;
    const ScheduleReport a = one.record(frame, items, serial, first);
    const ScheduleReport b = other.record(frame, items, threads, second);
    ASSERT_EQ(endsOf(a), endsOf(b)) << round;
    ASSERT_EQ(a.imbalance, b.imbalance);
    ASSERT_NE(endsOf(a), previous);
    previous = endsOf(a);
  }
}

class CountingRunner final : public TaskRunner {
 public:
  void run(std::uint32_t count, const std::function<void(std::uint32_t)>& task) override {
    counts.push_back(count);
    for (std::uint32_t i = count; i-- > 0;) task(i);  // Any order will do.
  }
  std::vector<std::uint32_t> counts;
};

TEST(RenderSchedulerTest, AnEmptyListHasNoParts) {
  const Scene scene(1);
  const Frame frame = scene.fixture.pool->beginFrame();
  RenderScheduler scheduler({.maxParts = 4});
  NotingRecorder recorder;
  CountingRunner tasks;
  const ScheduleReport report = scheduler.record(frame, {}, tasks, recorder);
  EXPECT_TRUE(report.parts.empty());
  EXPECT_TRUE(tasks.counts.empty());
  EXPECT_EQ(report.imbalance, 1.0);
}

TEST(RenderSchedulerTest, ShortListsHaveFewParts) {
  const Scene scene(100);
  const Frame frame = scene.fixture.pool->beginFrame();
  RenderScheduler scheduler({.maxParts = 4, .minItemsPerPart = 20});
  CountingRunner tasks;
  for (const std::size_t count : {1U, 39U, 40U, 79U, 80U, 100U}) {
    NotingRecorder recorder;
    scheduler.record(frame, std::span(scene.items).first(count), tasks, recorder);
    EXPECT_EQ(recorder.order(), firstNumbers(count));
  }
  EXPECT_EQ(tasks.counts, (std::vector<std::uint32_t>{1, 1, 2, 3, 4, 4}));
}

TEST(RenderSchedulerTest, APartMayBeASingleItem) {
  const Scene scene(5);
  const Frame frame = scene.fixture.pool->beginFrame();
  RenderScheduler scheduler(onFakeClock(8, 1));
  CountingRunner tasks;
  for (int round = 0; round < 4; ++round) {
    NotingRecorder recorder;
    recorder.cost = [](std::uint32_t item) { return item == 0 ? 1'000'000U : 1U; };
    scheduler.record(frame, scene.items, tasks, recorder);
    EXPECT_EQ(recorder.order(), firstNumbers(5));
  }
  EXPECT_EQ(tasks.counts, (std::vector<std::uint32_t>{5, 5, 5, 5}));
}

TEST(RenderSchedulerTest, BeforeTheFirstPublishEverythingIsSkipped) {
  test::PoolFixture fixture;
  const std::vector<DrawItem> items(100, {BlockHandle{3, 1}});
  const Frame frame = fixture.pool->beginFrame();
  RenderScheduler scheduler({.maxParts = 2});
  NotingRecorder recorder;
  SerialRunner tasks;
  EXPECT_EQ(scheduler.record(frame, items, tasks, recorder).skipped, 100U);
  EXPECT_EQ(recorder.parts[1].begun, 1);  // A part without draws is a part.
  EXPECT_EQ(recorder.parts[1].ended, 1);
}

TEST(RenderSchedulerTest, WhatARecorderThrowsReachesTheCallerAndTeachesNothing) {
  const Scene scene(400);
  const Frame frame = scene.fixture.pool->beginFrame();
  RenderScheduler scheduler(onFakeClock(4));
  RenderScheduler undisturbed(onFakeClock(4));
  SerialRunner serial;
  ThreadRunner threads(4);
  const auto recordWith = [&](RenderScheduler& with, TaskRunner& tasks, std::uint32_t throwAt) {
    NotingRecorder recorder;
    recorder.cost = [](std::uint32_t item) { return item < 50 ? 900U : 100U; };
    recorder.throwAt = throwAt;
    return endsOf(with.record(frame, scene.items, tasks, recorder));
  };
  recordWith(scheduler, serial, ~0U);
  recordWith(undisturbed, serial, ~0U);
  EXPECT_THROW(recordWith(scheduler, serial, 250), std::runtime_error);
  EXPECT_THROW(recordWith(scheduler, threads, 250), std::runtime_error);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(recordWith(scheduler, threads, ~0U), recordWith(undisturbed, serial, ~0U));
  }
}

/// Counts draws by block from many threads, while the pool changes under them.
class CountingRecorder final : public DrawRecorder {
 public:
  explicit CountingRecorder(std::uint32_t parts) : drawn(parts) {}
  void record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) override {
    for (const ScheduledDraw& draw : draws) drawn[part] += frame.find(draw.block, PartId{0}).drawable() ? 1 : 0;
  }
  std::vector<std::uint32_t> drawn;
};

TEST(RenderSchedulerTest, ManyThreadsRecordWhileThePoolChanges) {
  Scene scene(1000);
  std::atomic<bool> stop{false};
  std::thread frames([&] {
    RenderScheduler scheduler({.maxParts = 8, .minItemsPerPart = 1});
    ThreadRunner tasks(4);
    for (int round = 0; round < 60; ++round) {
      const Frame frame = scene.fixture.pool->beginFrame();
      CountingRecorder recorder(8);
      const ScheduleReport report = scheduler.record(frame, scene.items, tasks, recorder);
      std::uint32_t drawn = 0;
      for (const std::uint32_t part : recorder.drawn) drawn += part;
      EXPECT_EQ(drawn, report.drawn + report.fallbacks);
      EXPECT_EQ(drawn + report.skipped, 1000U);
    }
    stop = true;
  });
  // The handles in the list stay as they are: more and more of them are stale, and their indices are used again.
  const std::vector<std::byte> bytes = test::pattern(2, 0, 1, 16);
  std::size_t next = 0;
  while (!stop) {
    if (next < 900) {
      EXPECT_TRUE(scene.fixture.pool->remove(scene.items[next++].block).has_value());
      (void)scene.fixture.add("new", bytes);
    }
    EXPECT_TRUE(scene.fixture.pool->step().has_value());
    scene.fixture.pool->publish();
  }
  frames.join();
  EXPECT_GT(next, 0U);
}

}  // namespace
}  // namespace flux
