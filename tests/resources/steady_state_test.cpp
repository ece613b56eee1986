#include "alloc/heap_count.hpp"
#include "resources/scheduler_test_tools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <span>

// Once warm, recording a list must not touch the heap.

namespace flux {
namespace {

class NullRecorder final : public DrawRecorder {
 public:
  void record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) override {
    (void)frame;
    (void)part;
    drawn += draws.size();
  }
  std::size_t drawn = 0;
};

TEST(SchedulerSteadyState, RecordingAllocatesNothingOnTheHeap) {
  test::Scene scene(3000);
  const Frame frame = scene.fixture.pool->beginFrame();
  RenderScheduler scheduler({.maxParts = 8});
  SerialRunner tasks;
  NullRecorder recorder;
  const auto record = [&](std::size_t count) {
    scheduler.record(frame, std::span(scene.items).first(count), tasks, recorder);
  };
  record(3000);
  const std::size_t before = test::heapAllocations();
  EXPECT_GT(before, 0U) << "the count must work";
  for (std::size_t count = 0; count <= 3000; count += 100) {
    std::rotate(scene.items.begin(), scene.items.begin() + 37, scene.items.end());
    record(count);
  }
  EXPECT_EQ(test::heapAllocations(), before);
  EXPECT_GT(recorder.drawn, 3000U);
}

}  // namespace
}  // namespace flux
