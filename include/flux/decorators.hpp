#pragma once

/// Devices that wrap another device: one finds misuse early, one fails on purpose. Neither belongs in a
/// release build's hot path.

#include <flux/device.hpp>

#include <array>
#include <cstdint>
#include <memory>

namespace flux {

/// Wraps `inner` (which must outlive it) and checks every call against the contract of `Device`: one caller at a time,
/// indices in use, pieces in bounds and multiples of 4, destinations disjoint from each other and from all
/// sources of the batch, pages sealed before they are read, nothing destroyed, closed or reclaimed while a batch uses
/// it. It also holds the device to its promises: sizes as asked for, growing values, completion that never goes back.
///
/// A breach goes to the assert handler with the rule. If that returns, the call is not passed on: it
/// does nothing, or answers InvalidArgument. Cost: O(n log n) in the pieces of a batch.
[[nodiscard]] std::unique_ptr<Device> makeCheckedDevice(Device& inner);

/// The calls of a device, for counting and failing.
enum class DeviceCall : std::uint8_t {
  CreateChunk,
  DestroyChunk,  ///< Cannot fail.
  OpenStaging,
  SealStaging,
  CloseStaging,  ///< Cannot fail.
  Submit,
  Poll,
  Wait,
  Budget,  ///< Cannot fail.
};
inline constexpr std::size_t kDeviceCallCount = 9;

/// Wraps `inner` (which must outlive it), counts its calls, and makes chosen ones fail: how tests prove that
/// every failure keeps the state, for every k (G8).
///
/// **Thread contract.** As `Device`: what this class adds belongs to the device's owner as well.
class FaultyDevice : public Device {
 public:
  [[nodiscard]] static std::unique_ptr<FaultyDevice> create(Device& inner);

  /// The k-th fallible call from now on (1: the next), of any kind or of one kind, fails with `code` and does
  /// not reach the inner device; so do the `count - 1` calls after it. Replaces what was asked before for any
  /// kind, or for this kind.
  virtual void failCall(std::uint64_t k, ErrorCode code, std::uint64_t count = 1) = 0;
  virtual void failCall(DeviceCall call, std::uint64_t k, ErrorCode code, std::uint64_t count = 1) = 0;

  /// Completion as others see it stands still until `delayCompletion(false)`; waiting for more answers Timeout at once.
  virtual void delayCompletion(bool delayed) = 0;

  /// Calls of one kind so far, failed ones included.
  [[nodiscard]] virtual std::uint64_t calls(DeviceCall call) const noexcept = 0;
  /// All fallible calls so far, failed ones included.
  [[nodiscard]] virtual std::uint64_t fallibleCalls() const noexcept = 0;
};

}  // namespace flux
