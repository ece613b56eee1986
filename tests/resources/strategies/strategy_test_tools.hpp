#pragma once

/// A strategy on a simulated device that completes late, fails on purpose and checks every call.

#include <flux/decorators.hpp>
#include <flux/host.hpp>
#include <flux/strategies.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "device/device_test_tools.hpp"

namespace flux::test {

/// Bytes that differ from place to place, and by seed.
inline std::vector<std::byte> pattern(ByteCount bytes, std::uint32_t seed) {
  std::vector<std::byte> made(static_cast<std::size_t>(bytes));
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::byte& byte : made) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24U);
  }
  return made;
}

constexpr HostDeviceDesc manualDevice() {
  HostDeviceDesc desc;
  desc.completion = HostDeviceDesc::Completion::Manual;
  return desc;
}

/// What applications do around a strategy: upload, draw, submit, step.
struct StrategyRig {
  explicit StrategyRig(std::string_view name, const StrategyOptions& options = {}, const HostDeviceDesc& desc = {})
      : host(HostDevice::create(desc)), checked(makeCheckedDevice(*host)), device(FaultyDevice::create(*checked)) {
    Result<std::span<std::byte>> opened = device->openStaging(StagingIndex{0}, kPageBytes);
    EXPECT_TRUE(opened);
    page = *opened;
    auto made = makeStrategy(name, *device, options);
    EXPECT_TRUE(succeeds(made));
    strategy = std::move(*made);
  }
  ~StrategyRig() {
    finish();
    strategy.reset();
    device->closeStaging(StagingIndex{0});
    EXPECT_EQ(host->budget().usedBytes, 0U) << "a buffer was left behind";
    EXPECT_EQ(host->earlyReclaims(), 0U) << "something was reused or destroyed before its last use";
  }

  Allocation allocate(ByteCount bytes, ByteCount alignment = 16) const {
    const Result<Allocation> made = strategy->allocate(bytes, alignment);
    EXPECT_TRUE(succeeds(made));
    return made.value_or(Allocation{});
  }

  /// Writes `pattern(allocation.bytes, seed)`, and waits for it on a device that completes by itself.
  void upload(const Allocation& allocation, std::uint32_t seed) {
    const std::vector<std::byte> bytes = pattern(allocation.bytes, seed);
    std::copy(bytes.begin(), bytes.end(), page.begin());
    const ByteCount padded = (allocation.bytes + 3) / 4 * 4;
    ASSERT_TRUE(succeeds(device->sealStaging(StagingIndex{0}, padded)));
    const auto copied =
        device->submit(std::array{fromPage(StagingIndex{0}, 0, allocation.buffer, allocation.offset, padded)});
    ASSERT_TRUE(succeeds(copied));
    waitForCopies(*copied);
  }
  void waitForCopies(TimelineValue value) const {
    if (value != 0) {
      ASSERT_TRUE(succeeds(device->wait(kCopyQueue, value, std::chrono::seconds(30))));
    }
  }

  /// Whether an allocation holds what was uploaded with `seed`, in its first `bytes`. After all copies.
  [[nodiscard]] bool holds(AllocationId id, ByteCount bytes, std::uint32_t seed) const {
    const std::optional<Allocation> place = strategy->find(id);
    if (!place || bytes > place->bytes) return false;
    return std::ranges::equal(host->bytes(place->buffer).subspan(place->offset, bytes), pattern(bytes, seed));
  }

  /// A draw that reads an allocation when it completes.
  TimelineValue draw(AllocationId id, std::uint64_t* hash = nullptr) const {
    const Allocation place = strategy->find(id).value();
    const std::array reads{HostRead{place.buffer, place.offset, place.bytes, hash}};
    const std::array waits{QueueValue{kCopyQueue, strategy->lastCopy()}};
    return host->submitReads(kDrawQueue, reads, waits);
  }

  /// A frame's end: all that was submitted so far.
  void step() const {
    const std::array submitted{QueueValue{kDrawQueue, host->submittedValue(kDrawQueue)},
                               QueueValue{kCopyQueue, host->submittedValue(kCopyQueue)}};
    ASSERT_TRUE(succeeds(strategy->step(submitted)));
  }

  /// Lets everything happen, and the strategy see it.
  void finish() const {
    step();
    for (const QueueId queue : {kCopyQueue, kDrawQueue}) {
      const TimelineValue last = host->submittedValue(queue);
      if (last != 0) {
        ASSERT_TRUE(succeeds(host->wait(queue, last, std::chrono::seconds(30))));
      }
    }
    step();
  }

  static constexpr ByteCount kPageBytes = 2 * kMiB;
  static constexpr QueueId kDrawQueue{1};

  std::unique_ptr<HostDevice> host;
  std::unique_ptr<Device> checked;
  std::unique_ptr<FaultyDevice> device;
  std::span<std::byte> page;
  std::unique_ptr<Strategy> strategy;
};

}  // namespace flux::test
