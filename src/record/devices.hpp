#pragma once

#include "pool/journal.hpp"

#include <flux/device.hpp>
#include <flux/passing_device.hpp>

#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace flux {

/// What a pool asks of its device goes through a journal; but not staging, of which `StagingPages` tells, nor how far
/// queues are, which the pool also reads for statistics.
///
/// **Thread contract.** As `Device`.
class RecordingDevice final : public PassingDevice {
 public:
  RecordingDevice(Device& inner, Journal& journal) : PassingDevice(inner), journal_(journal) {}

  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override;
  void destroyChunk(ChunkIndex index) noexcept override;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override;
  Result<void> poll() override;

 private:
  Journal& journal_;
};

/// The device of a replay: it refuses what was refused, has copies done when they were done, and otherwise works as the
/// one below. Queues of the application have nothing to do here, so how far they are is only told.
///
/// **Thread contract.** As `Device`, but `completed` is of the owner, too.
class ReplayingDevice final : public PassingDevice {
 public:
  /// `caps`: of the recorded device, for all that places depend on.
  ReplayingDevice(Device& inner, Journal& journal, const DeviceCaps& caps)
      : PassingDevice(inner), journal_(journal), caps_(caps) {}

  const DeviceCaps& caps() const noexcept override { return caps_; }
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override;
  void destroyChunk(ChunkIndex index) noexcept override;
  /// Where the host cannot reach chunks as it could reach those of the recording, what it writes goes nowhere.
  std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override;
  Result<void> poll() override;
  TimelineValue completed(QueueId queue) const noexcept override { return queue == kCopyQueue ? reached_ : 0; }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override;
  MemoryBudget budget() override { return {}; }

  /// Lets the device reach what the copy queue of the recording had reached.
  void reach(TimelineValue recorded);

  /// Waits for all copies.
  Result<void> finish();

  /// What the device has refused and the recorded one had not.
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

 private:
  void fail(const Error& error) {
    if (!failure_) failure_ = error;
  }

  Journal& journal_;
  DeviceCaps caps_;
  TimelineValue lastValue_ = 0;  ///< As recorded.
  TimelineValue lastReal_ = 0;
  TimelineValue reached_ = 0;                                     ///< As recorded.
  std::deque<std::pair<TimelineValue, TimelineValue>> inFlight_;  ///< Recorded and real values of batches.
  std::optional<Error> failure_;
  std::vector<std::byte> nowhere_;
};

}  // namespace flux
