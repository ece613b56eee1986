#include "pool/pool_test_tools.hpp"

#include <flux/profiler.hpp>

#include <map>
#include <vector>

namespace flux {
namespace {

/// Keeps what it is told.
struct Log {
  std::vector<ProfileZone> open;
  std::map<ProfileZone, int> begun;
  std::map<ProfilePlot, double> plotted;
  std::uint64_t plots = 0;

  static std::uint64_t begin(void* context, ProfileZone zone) noexcept {
    Log& log = *static_cast<Log*>(context);
    log.open.push_back(zone);
    ++log.begun[zone];
    return log.open.size();
  }
  static void end(void* context, std::uint64_t begun) noexcept {
    Log& log = *static_cast<Log*>(context);
    EXPECT_EQ(begun, log.open.size()) << "zones nest";
    log.open.pop_back();
  }
  static void plot(void* context, ProfilePlot plot, double value) noexcept {
    Log& log = *static_cast<Log*>(context);
    log.plotted[plot] = value;
    ++log.plots;
  }
  [[nodiscard]] Profiler table() { return {this, &begin, &end, &plot}; }
};

PoolDesc profiled(const Profiler& profiler) {
  PoolDesc desc = test::smallPool();
  desc.profiler = &profiler;
  return desc;
}

TEST(PoolProfile, ZonesOfAStepAndAPublishNestAndEnd) {
  Log log;
  const Profiler profiler = log.table();
  test::PoolFixture f(HostDeviceDesc::Completion::Immediate, profiled(profiler));
  (void)f.add("mesh", test::pattern(1, 0, 1, 1000));
  EXPECT_EQ(log.begun[ProfileZone::CreateChunk], 1);
  ASSERT_TRUE(f.pool->step());
  ASSERT_TRUE(f.pool->step());
  f.pool->publish();
  f.pool->publish();  // nothing to publish, no zone
  EXPECT_TRUE(log.open.empty());
  EXPECT_EQ(log.begun[ProfileZone::Step], 2);
  EXPECT_EQ(log.begun[ProfileZone::Instructions], 2);
  EXPECT_EQ(log.begun[ProfileZone::Updates], 2);
  EXPECT_EQ(log.begun[ProfileZone::Copies], 2);
  EXPECT_EQ(log.begun[ProfileZone::Arrivals], 4) << "before and after the copies";
  EXPECT_EQ(log.begun[ProfileZone::Publish], 1);
  EXPECT_EQ(log.begun[ProfileZone::Residency], 0);
}

TEST(PoolProfile, WhatLeavesAndComesBackIsAZoneOfPoolsThatEvict) {
  Log log;
  const Profiler profiler = log.table();
  PoolDesc desc = profiled(profiler);
  desc.evicts = true;
  const test::PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  ASSERT_TRUE(f.pool->step());
  EXPECT_EQ(log.begun[ProfileZone::Residency], 2) << "with a look at the limit, which is the device's";
}

TEST(PoolProfile, PlotsAreThoseOfTheStatistics) {
  Log log;
  const Profiler profiler = log.table();
  test::PoolFixture f(HostDeviceDesc::Completion::Immediate, profiled(profiler));
  (void)f.add("mesh", test::pattern(1, 0, 1, 1000));
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  EXPECT_EQ(log.plots, kProfilePlotNames.size());
  EXPECT_EQ(log.plotted[ProfilePlot::UploadedBytes], static_cast<double>(report->uploadedBytes));
  EXPECT_EQ(log.plotted[ProfilePlot::LiveBytes], 1000.0);
  EXPECT_EQ(log.plotted[ProfilePlot::ReservedBytes], static_cast<double>(f.pool->stats().reservedBytes));
  EXPECT_EQ(log.plotted[ProfilePlot::StagingBytes], static_cast<double>(f.pool->stats().stagingBytes));
}

TEST(PoolProfile, ATableWithAHoleIsRefused) {
  Log log;
  const std::unique_ptr<HostDevice> device = HostDevice::create();
  for (int hole = 0; hole < 3; ++hole) {
    Profiler profiler = log.table();
    if (hole == 0) profiler.beginZone = nullptr;
    if (hole == 1) profiler.endZone = nullptr;
    if (hole == 2) profiler.plot = nullptr;
    const Result<std::unique_ptr<Pool>> pool = Pool::create(*device, profiled(profiler));
    ASSERT_FALSE(pool);
    EXPECT_EQ(pool.error().resourceName(), "PoolDesc::profiler");
  }
}

TEST(PoolProfile, EveryZoneAndPlotHasAName) {
  EXPECT_EQ(toString(ProfileZone::DestroyChunk), "flux destroy chunk");
  EXPECT_EQ(toString(ProfilePlot::OpenFrames), "flux open frames");
}

}  // namespace
}  // namespace flux
