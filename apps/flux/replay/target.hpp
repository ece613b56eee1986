#pragma once

/// What replays and the conformance tests run on: a device, and a queue that uses what frames draw. One implements it
/// for each back end (backends.hpp).

#include <flux/device.hpp>
#include <flux/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace flux::app {

/// **Thread contract.** One thread, the one that owns the device. Fatal problems throw `Failure`.
class ReplayTarget {
 public:
  static constexpr QueueId kDrawQueue{1};
  static constexpr std::size_t kFramesInFlight = 2;

  ReplayTarget() = default;
  ReplayTarget(const ReplayTarget&) = delete;
  ReplayTarget& operator=(const ReplayTarget&) = delete;
  virtual ~ReplayTarget() = default;

  /// The device to make the pool on. Valid as long as the target.
  [[nodiscard]] virtual Device& device() = 0;

  /// Submits one frame's work to `kDrawQueue`: after `waits`, it hashes the bytes at `reads`. Returns its value.
  /// REQUIRES: fewer than kFramesInFlight frames are unfinished.
  [[nodiscard]] virtual TimelineValue submit(std::span<const Place> reads, std::span<const QueueValue> waits) = 0;

  /// Waits for the oldest unfinished frame; `hashBytes` of each of its reads, in their order, valid until the next
  /// submission. REQUIRES: there is one.
  [[nodiscard]] virtual std::span<const std::uint64_t> finishOldest() = 0;

  /// What the device's checks have found so far (`ReplayTargetDesc::validate`, and a Host device's own), the first few
  /// in words.
  struct Messages {
    std::uint64_t count = 0;
    std::vector<std::string> first;
  };
  [[nodiscard]] virtual Messages messages() const = 0;
};

struct ReplayTargetDesc {
  bool verify = false;    ///< Frames have reads.
  bool validate = false;  ///< With the validation layers, or a checked Host device.
  /// Of a Host device: as `DeviceCaps::directWriteBytes`; none: as the environment says.
  std::optional<ByteCount> directWriteBytes;
};

/// A simulated GPU with manual timelines: copies happen a frame late, frames when they are waited for. So every replay
/// of a trace is the same.
[[nodiscard]] std::unique_ptr<ReplayTarget> makeHostTarget(const ReplayTargetDesc& desc);

}  // namespace flux::app
