// The geometry thread never waits for a frame.

#include "app/view_options.hpp"

#include <flux/decorators.hpp>
#include <flux/passing_device.hpp>

#include <algorithm>
#include <atomic>
#include <sstream>
#include <thread>

namespace flux::app {
namespace {

/// Counts what the geometry thread asks of its device; other threads read the counts.
class CountingDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  Result<void> poll() override {
    ++polls;
    return inner_.poll();
  }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    ++waits;
    return inner_.wait(queue, value, timeout);
  }

  std::atomic<std::uint64_t> polls{0};  ///< One a step.
  std::atomic<std::uint64_t> waits{0};
};

TEST(GeometryThreadTest, GoesOnWhileARenderThreadSleeps) {
  const TestFolder folder;
  ViewOptions options = smallView(folder);
  options.frames = 60;
  CountingDevice* counting = nullptr;
  std::uint64_t waitsUnderWay = 0;
  std::uint64_t stepsAsleep = 0;
  ViewHooks hooks;
  hooks.wrapDevice = [&](Device& inner) {
    auto device = std::make_unique<CountingDevice>(inner);
    counting = device.get();
    return device;
  };
  hooks.beforeRecord = [&](std::uint32_t part, std::uint64_t frame) {
    if (part != 0) return;
    waitsUnderWay = counting->waits;
    if (frame % 10 != 0) return;
    const std::uint64_t polls = counting->polls;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stepsAsleep = std::max(stepsAsleep, counting->polls - polls);
  };
  std::ostringstream progress;
  const RunReport report = runView(options, progress, hooks);
  EXPECT_EQ(failureOf(report), "");
  EXPECT_EQ(report.frames, 60U);
  EXPECT_GT(stepsAsleep, 3U);
  EXPECT_EQ(report.deferredPublishes, 0U) << "one open frame holds no publish up";
  EXPECT_EQ(waitsUnderWay, 0U);
}

/// The streamer fails under way: the run ends, is reported, and says why.
TEST(GeometryThreadTest, AFailureEndsTheRunWithItsReport) {
  for (const bool singleThread : {false, true}) {
    const TestFolder folder;
    ViewOptions options = smallView(folder);
    options.singleThread = singleThread;
    ViewHooks hooks;
    hooks.wrapDevice = [](Device& inner) {
      auto device = FaultyDevice::create(inner);
      device->failCall(DeviceCall::Submit, 10, ErrorCode::DriverError, 1'000'000);
      return device;
    };
    std::ostringstream progress;
    const RunReport report = runView(options, progress, hooks);
    EXPECT_NE(report.error.find("step"), std::string::npos) << report.error;
    EXPECT_LT(report.frames, 40U);
    EXPECT_NE(failureOf(report), "");
    EXPECT_TRUE(std::filesystem::exists(options.out / "report.json"));
  }
}

}  // namespace
}  // namespace flux::app
