#include <gtest/gtest.h>
#include <flux/decorators.hpp>
#include <flux/host.hpp>

#include <chrono>
#include <vector>

#include "device/device_test_tools.hpp"

namespace flux {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr ChunkIndex kChunk{0};
constexpr StagingIndex kPage{0};
constexpr ByteCount kSize = 4096;

/// One call of each fallible kind, as often as wanted; each can be judged by what the host device shows.
class FaultyDeviceTest : public testing::Test {
 protected:
  FaultyDeviceTest() {
    EXPECT_TRUE(succeeds(host_->createChunk(kChunk, kSize)));
    EXPECT_TRUE(succeeds(host_->openStaging(kPage, kSize)));
  }

  /// The error of the call; nothing when it succeeded.
  std::optional<Error> make(DeviceCall call) {
    const auto errorOf = [](const auto& result) {
      return result ? std::nullopt : std::optional<Error>(result.error());
    };
    const CopyPiece piece = fromPage(kPage, 0, kChunk, 0, 64);
    switch (call) {
      case DeviceCall::CreateChunk:
        return errorOf(device_->createChunk(ChunkIndex{++chunks_}, 256));
      case DeviceCall::OpenStaging:
        return errorOf(device_->openStaging(StagingIndex{++pages_}, 256));
      case DeviceCall::SealStaging:
        return errorOf(device_->sealStaging(kPage, 64));
      case DeviceCall::Submit:
        return errorOf(device_->submit({&piece, 1}));
      case DeviceCall::Poll:
        return errorOf(device_->poll());
      case DeviceCall::Wait:
        return errorOf(device_->wait(kCopyQueue, 0, 0ns));
      case DeviceCall::DestroyChunk:
      case DeviceCall::CloseStaging:
      case DeviceCall::Budget:
        break;
    }
    ADD_FAILURE() << "not a fallible call";
    return std::nullopt;
  }

  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Manual});
  std::unique_ptr<FaultyDevice> device_ = FaultyDevice::create(*host_);
  std::uint32_t chunks_ = 0;
  std::uint32_t pages_ = 0;
};

constexpr std::array kFallible{DeviceCall::CreateChunk, DeviceCall::OpenStaging, DeviceCall::SealStaging,
                               DeviceCall::Submit,      DeviceCall::Poll,        DeviceCall::Wait};

class FaultyKinds : public FaultyDeviceTest, public testing::WithParamInterface<DeviceCall> {};
INSTANTIATE_TEST_SUITE_P(Fallible, FaultyKinds, testing::ValuesIn(kFallible));

TEST_P(FaultyKinds, TheKthCallFailsForEveryK) {
  for (std::uint64_t k = 1; k <= 4; ++k) {
    device_->failCall(GetParam(), k, ErrorCode::DeviceLost);
    for (std::uint64_t n = 1; n <= 6; ++n) {
      const std::optional<Error> error = make(GetParam());
      EXPECT_EQ(error.has_value(), n == k);
      if (error) {
        EXPECT_EQ(error->code, ErrorCode::DeviceLost);
      }
      for (const DeviceCall other : kFallible) {
        if (other != GetParam()) {
          EXPECT_FALSE(make(other).has_value());
        }
      }
    }
  }
}

TEST_P(FaultyKinds, AsManyFailInARowAsAsked) {
  device_->failCall(GetParam(), 2, ErrorCode::OutOfDeviceMemory, 3);
  for (int n = 1; n <= 6; ++n) EXPECT_EQ(make(GetParam()).has_value(), n >= 2 && n <= 4);
}

TEST_F(FaultyDeviceTest, TheKthCallOfAnyKindFailsForEveryK) {
  for (std::size_t k = 1; k <= kFallible.size(); ++k) {
    device_->failCall(k, ErrorCode::DriverError);
    for (std::size_t n = 1; n <= kFallible.size(); ++n) EXPECT_EQ(make(kFallible[n - 1]).has_value(), n == k);
  }
}

TEST_F(FaultyDeviceTest, FailedCallsDoNotReachTheInnerDevice) {
  device_->failCall(1, ErrorCode::DriverError, 3);
  EXPECT_TRUE(make(DeviceCall::CreateChunk).has_value());
  EXPECT_TRUE(host_->bytes(ChunkIndex{1}).empty());
  EXPECT_TRUE(make(DeviceCall::OpenStaging).has_value());
  EXPECT_TRUE(failsWith(host_->sealStaging(StagingIndex{1}, 1), ErrorCode::InvalidArgument));
  EXPECT_TRUE(make(DeviceCall::Submit).has_value());
  EXPECT_EQ(host_->submittedValue(kCopyQueue), 0U);

  (void)device_->submit({}).value();
  host_->complete(kCopyQueue, 1);
  device_->failCall(DeviceCall::Poll, 1, ErrorCode::DeviceLost);
  EXPECT_TRUE(make(DeviceCall::Poll).has_value());
  EXPECT_EQ(device_->completed(kCopyQueue), 0U);
  EXPECT_FALSE(make(DeviceCall::Poll).has_value());
  EXPECT_EQ(device_->completed(kCopyQueue), 1U);
}

TEST_F(FaultyDeviceTest, BothPlansCountEveryCall) {
  device_->failCall(2, ErrorCode::DriverError);
  device_->failCall(DeviceCall::Submit, 2, ErrorCode::DeviceLost);
  EXPECT_FALSE(make(DeviceCall::Submit).has_value());
  EXPECT_EQ(make(DeviceCall::Submit)->code, ErrorCode::DeviceLost);
  EXPECT_FALSE(make(DeviceCall::Submit).has_value());
  // Asked again: the plan before is forgotten.
  device_->failCall(1, ErrorCode::DriverError);
  device_->failCall(2, ErrorCode::DriverError);
  EXPECT_FALSE(make(DeviceCall::Poll).has_value());
  EXPECT_TRUE(make(DeviceCall::Poll).has_value());
}

TEST_F(FaultyDeviceTest, ErrorNamesTheCall) {
  device_->failCall(1, ErrorCode::DriverError);
  EXPECT_EQ(make(DeviceCall::Submit)->resourceName(), "submit");
}

TEST_F(FaultyDeviceTest, CallsAreCounted) {
  device_->failCall(DeviceCall::Submit, 1, ErrorCode::DriverError);
  for (const DeviceCall call : kFallible) (void)make(call);
  (void)make(DeviceCall::Submit);
  (void)device_->budget();
  device_->destroyChunk(kChunk);
  device_->closeStaging(kPage);
  (void)device_->completed(kCopyQueue);
  for (std::size_t i = 0; i < kDeviceCallCount; ++i) {
    const auto call = static_cast<DeviceCall>(i);
    EXPECT_EQ(device_->calls(call), call == DeviceCall::Submit ? 2U : 1U) << i;
  }
  EXPECT_EQ(device_->fallibleCalls(), 7U);
  EXPECT_TRUE(host_->bytes(kChunk).empty());
}

TEST_F(FaultyDeviceTest, DelayedCompletionStandsStill) {
  (void)device_->submit({}).value();
  EXPECT_TRUE(succeeds(device_->wait(kCopyQueue, 1, 1s)));
  device_->delayCompletion(true);
  (void)device_->submit({}).value();
  host_->complete(kCopyQueue, 2);
  EXPECT_TRUE(succeeds(device_->poll()));
  device_->delayCompletion(true);
  EXPECT_EQ(host_->completed(kCopyQueue), 2U);
  EXPECT_EQ(device_->completed(kCopyQueue), 1U);
  EXPECT_TRUE(succeeds(device_->wait(kCopyQueue, 1, 1s)));
  EXPECT_TRUE(failsWith(device_->wait(kCopyQueue, 2, 24h), ErrorCode::Timeout));
  device_->delayCompletion(false);
  EXPECT_EQ(device_->completed(kCopyQueue), 2U);
  EXPECT_TRUE(succeeds(device_->wait(kCopyQueue, 2, 1s)));
}

TEST_F(FaultyDeviceTest, WorksUnderTheCheckedDevice) {
  const auto checked = makeCheckedDevice(*device_);
  AssertLog log;
  device_->failCall(1, ErrorCode::OutOfDeviceMemory);
  EXPECT_TRUE(failsWith(checked->createChunk(ChunkIndex{1}, 256), ErrorCode::OutOfDeviceMemory));
  EXPECT_TRUE(succeeds(checked->createChunk(ChunkIndex{1}, 256)));
  device_->delayCompletion(true);
  EXPECT_EQ(checked->completed(kCopyQueue), 0U);
  checked->rangeReclaimed(ChunkIndex{1}, 0, 256);
  checked->setName(ChunkIndex{1}, "late");
  checked->raisePriority(ChunkIndex{1});
  EXPECT_TRUE(log.take().empty());
}

TEST_F(FaultyDeviceTest, PlansThatMakeNoSenseAreReported) {
  AssertLog log;
  device_->failCall(0, ErrorCode::DriverError);
  device_->failCall(DeviceCall::Budget, 1, ErrorCode::DriverError);
  EXPECT_EQ(log.take().size(), 2U);
}

}  // namespace
}  // namespace flux
