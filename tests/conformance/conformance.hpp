#pragma once

/// The suite that every back end passes. A test knows only `Device` and `ReplayTarget`: what a device holds it learns
/// from hashes that the device itself computes, never from a host copy of device bytes.

#include "backends.hpp"
#include "conformance/capabilities.hpp"
#include "device/device_test_tools.hpp"

#include <flux/device.hpp>
#include <flux/host.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace flux::test {

/// What the command line says.
struct Tested {
  const app::AppBackend* backend = nullptr;
  std::string driver;     ///< As the table of docs/backends.md calls it; empty: any.
  bool validated = true;  ///< With the API's own checks, whose messages fail the test.
};
[[nodiscard]] const Tested& tested() noexcept;

/// A device of the tested back end for each test. Every message of its checks fails the test.
class ConformanceTest : public testing::Test {
 protected:
  static constexpr ChunkIndex kChunk{0};
  static constexpr ChunkIndex kOther{1};
  static constexpr StagingIndex kPage{0};
  static constexpr QueueId kDrawQueue = app::ReplayTarget::kDrawQueue;

  ConformanceTest();
  ~ConformanceTest() override;

  [[nodiscard]] Device& device() { return target_->device(); }
  [[nodiscard]] app::ReplayTarget& target() { return *target_; }
  [[nodiscard]] bool has(Capability capability) { return claims(device(), capability); }

  /// The same calls as the device's; an error fails the test.
  ChunkInfo makeChunk(ChunkIndex index, ByteCount bytes);
  void destroyChunk(ChunkIndex index);
  std::span<std::byte> openPage(StagingIndex index, ByteCount bytes);
  TimelineValue submit(std::span<const CopyPiece> batch);
  void waitFor(QueueId queue, TimelineValue value);
  /// Polls until the value is seen, which may be a little later than the work is known to be done.
  void pollUntil(QueueId queue, TimelineValue value);

  /// Opens a page that holds `bytes`, sealed.
  void openPage(StagingIndex index, std::span<const std::byte> bytes);

  /// The range of a chunk that `makeChunk` made.
  [[nodiscard]] Place place(ChunkIndex index, ByteOffset offset, ByteCount bytes) const;

  /// Hashes of ranges, computed on the device by work that waits there for the copies up to `copied`.
  [[nodiscard]] std::vector<std::uint64_t> hashes(std::span<const Place> places, TimelineValue copied);

  /// Whether the device has these bytes at `place` once `copied` is reached; the first wrong word, if not. It is found
  /// by halving, so that it costs submissions only then.
  [[nodiscard]] testing::AssertionResult holds(const Place& place, std::span<const std::byte> expected,
                                               TimelineValue copied);

  /// As above, from `offset` of a chunk on.
  [[nodiscard]] testing::AssertionResult holds(ChunkIndex index, ByteOffset offset, std::span<const std::byte> expected,
                                               TimelineValue copied) {
    return holds(place(index, offset, expected.size()), expected, copied);
  }

 private:
  std::unique_ptr<app::ReplayTarget> target_;
  std::map<ChunkIndex, ChunkInfo> chunks_;
};

}  // namespace flux::test

/// Skips a test where the device has not what it needs. The only way to skip: what may be missing is a row of
/// docs/backends.md, which says what Flux does instead.
#define FLUX_REQUIRE_CAPABILITY(capability) \
  if (!has(capability)) GTEST_SKIP() << "docs/backends.md: " << nameOf(capability)
