#pragma once

#include "base/sync.hpp"

#include <flux/frame.hpp>
#include <flux/snapshot.hpp>

#include <array>
#include <cstdint>
#include <deque>

namespace flux {

/// Snapshots that exist at once. Three: one that new frames pin, one that slow frames still pin, and one
/// that is being brought up to date. A constant until a measurement says otherwise.
inline constexpr std::uint32_t kSnapshotSlots = 3;

using QueueValues = std::array<TimelineValue, kMaxQueues>;

/// One open frame, shared by the threads that record it. Reused; its address never changes.
struct FrameRecord {
  std::array<sync::Atomic<TimelineValue>, kMaxQueues> submitted{};
  QueueValue wait;
  std::uint32_t slot = 0;
  const char* label = "";
  FrameRecord* nextFree = nullptr;
};

/// Where frames meet the geometry thread: the published snapshot, the pins on each slot, and the
/// tags (the last value of each queue that any ended frame used).
///
/// **Thread contract.** `begin` and the end of a frame: any thread. `publish`, `slotPinned`, `progress`: geometry
/// thread. One short mutex guards it all; lookups never come here.
///
/// **Invariants** (numbers as in docs/design/frame-protocol.md).
/// - (I2) Only the published slot gains pins.
/// - (I3) A frame's values are merged into the tags before its pin drops, in one critical section.
class FrameGate {
 public:
  FrameGate() = default;
  FrameGate(const FrameGate&) = delete;
  FrameGate& operator=(const FrameGate&) = delete;

  /// Pins the published snapshot. Before the first one that is snapshot 0, which has no records.
  [[nodiscard]] Frame begin(const char* label);

  /// Whether some frame still reads the slot. A slot that is not the published one cannot gain pins,
  /// so "no" stays true until it is published.
  [[nodiscard]] bool slotPinned(std::uint32_t slot) const;

  /// Makes `view` (in slot `view.number % kSnapshotSlots`) what new frames see. Its bytes are on the device once the
  /// copy queue reaches `copyValue`.
  void publish(const SnapshotView& view, TimelineValue copyValue);

  struct Progress {
    SnapshotNumber oldestOpen = 0;  ///< The oldest snapshot that some frame sees or may still begin to see.
    QueueValues tags{};             ///< Each queue's last use by frames that have ended.
    std::uint32_t openFrames = 0;
  };
  [[nodiscard]] Progress progress() const;

 private:
  friend class Frame;
  void end(FrameRecord& record) noexcept;

  struct Slot {
    SnapshotView view;
    TimelineValue copyValue = 0;
    std::uint32_t pins = 0;
  };

  mutable sync::Mutex mutex_;
  std::array<Slot, kSnapshotSlots> slots_;
  SnapshotNumber published_ = 0;
  QueueValues tags_{};
  std::deque<FrameRecord> records_;
  FrameRecord* freeRecords_ = nullptr;
};

}  // namespace flux
