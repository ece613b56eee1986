#pragma once

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace flux::test {

/// Bytes that depend on every argument, so that bytes in a wrong place show.
inline std::vector<std::byte> pattern(std::uint32_t seed, std::uint32_t part, std::uint32_t version,
                                      std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  std::uint32_t state = seed * 2654435761U ^ part * 40503U ^ version * 2246822519U;
  for (std::byte& b : out) {
    state = state * 1664525U + 1013904223U;
    b = static_cast<std::byte>(state >> 24U);
  }
  return out;
}

/// The application's queue of a Host device.
inline constexpr QueueId kDrawQueue{1};

/// What devices of simulations let the host write in a step: nothing, a little, or everything.
inline ByteCount directBytesOf(std::uint32_t seed) {
  constexpr ByteCount kChoices[] = {0, 3000, kAllBytes};
  return kChoices[seed % 3];
}

inline PoolDesc smallPool() {
  PoolDesc desc;
  desc.chunkBytes = 256 * kKiB;
  desc.firstChunkBytes = 64 * kKiB;
  desc.longLivedFirstChunkBytes = 64 * kKiB;
  desc.stagingPageBytes = 64 * kKiB;
  desc.stagingLimitBytes = 320 * kKiB;  // a page of them is the step's
  desc.maxBlocks = 4096;
  return desc;
}

/// Blocks move whenever they can.
inline DefragPolicy restless() {
  return {.freeChunkPercent = 0,
          .freeUsedPercent = 0,
          .sparsePercent = 100,
          .fullPercent = 100,
          .blockFreePercent = 15,
          .stepsBetween = 0,
          .settledSteps = 0};
}
inline PoolDesc restlessPool() {
  PoolDesc desc = smallPool();
  desc.defrag = restless();
  return desc;
}

/// What shaders should find in the frame's mirror, made from the tables that its lookups read.
inline std::vector<DeviceRecord> expectedRecords(const Frame& frame) {
  const SnapshotView& view = frame.view();
  std::vector<DeviceRecord> records(view.recordCount);
  for (std::uint32_t i = 0; i < view.recordCount; ++i) {
    const HotRecord& hot = view.hot[i];
    DeviceRecord& record = records[i];
    const BlockLookup found = frame.find(BlockHandle{i, hot.generation});
    record.address = found.drawable() ? found.place.address : 0;
    record.generation = hot.generation;
    record.chunkAndState = hot.chunkAndState;
    record.offsetUnits = hot.offsetUnits;
    record.sizeUnits = hot.sizeUnits;
    record.fallback = view.cold[i].fallback;
    record.parts = view.parts[i];
  }
  return records;
}

inline std::uint64_t hashOfExpectedRecords(const Frame& frame) {
  const std::vector<DeviceRecord> records = expectedRecords(frame);
  return hashBytes(std::as_bytes(std::span(records)));
}

inline BlockDesc blockDesc(std::string_view name, std::span<const PartDesc> parts) {
  BlockDesc desc;
  desc.name = name;
  desc.parts = parts;
  return desc;
}

/// A pool on a Host device, and what most tests do with them.
class PoolFixture {
 public:
  explicit PoolFixture(HostDeviceDesc::Completion completion = HostDeviceDesc::Completion::Immediate,
                       PoolDesc desc = smallPool(), std::uint32_t delayPolls = 2, ByteCount directBytes = 0)
      : host(HostDevice::create({.completion = completion,
                                 .minDelayPolls = delayPolls,
                                 .maxDelayPolls = delayPolls,
                                 .directWriteBytes = directBytes})),
        pool(std::move(Pool::create(*host, desc).value())) {}

  BlockHandle add(std::string_view name, std::span<const std::byte> bytes) {
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    return pool->add(blockDesc(name, {&part, 1})).value();
  }

  Result<ContentVersion> update(BlockHandle block, std::span<const std::byte> bytes, PartId part = PartId{0}) {
    const PartUpdate update{part, Source::bytes(bytes)};
    return pool->update(block, {&update, 1});
  }

  void stepAndPublish(int times = 1) {
    for (int i = 0; i < times; ++i) {
      const Result<StepReport> report = pool->step();
      ASSERT_TRUE(report.has_value()) << describe(report.error());
      pool->publish();
    }
  }

  /// What the bytes at a place hash to now.
  [[nodiscard]] std::uint64_t hashAt(const Place& place) const {
    return hashBytes(host->bytes(place.chunk).subspan(place.offset, place.bytes));
  }

  std::unique_ptr<HostDevice> host;
  std::unique_ptr<Pool> pool;
};

}  // namespace flux::test
