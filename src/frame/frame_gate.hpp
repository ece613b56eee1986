#pragma once

#include "base/sync.hpp"
#include "base/witness.hpp"

#include <flux/frame.hpp>
#include <flux/snapshot.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace flux {

/// Snapshots that exist at once. Three: one that new frames pin, one that slow frames still pin, and one
/// that is being brought up to date. A constant until a measurement says otherwise.
inline constexpr std::uint32_t kSnapshotSlots = 3;

using QueueValues = std::array<TimelineValue, kMaxQueues>;

/// Number of a frame, in the order of their beginnings; from 1.
using FrameSerial = std::uint64_t;

/// One open frame, shared by the threads that record it. Reused; its address never changes.
struct FrameRecord {
  std::array<sync::Atomic<TimelineValue>, kMaxQueues> submitted{};
  QueueValue wait;
  bool submitting = false;  ///< Somebody knows what its submissions wait for.
  std::uint32_t slot = 0;
  FrameSerial serial = 0;
  const char* label = "";
  std::uint64_t thread = 0;
  std::chrono::steady_clock::time_point began;
  FrameRecord* older = nullptr;  ///< Of the open frames.
  FrameRecord* newer = nullptr;  ///< Of the open frames, or the next unused record.
};

/// Where frames meet the geometry thread: the published snapshot, the pins on each slot, and the
/// tags (the last value of each queue that any ended frame used).
///
/// **Thread contract.** `begin`, `waits` and the end of a frame: any thread. The rest: geometry thread. One short mutex
/// guards it all but who is submitting, which has another, because that one is held during a submission; it is taken
/// first. Lookups never come here.
///
/// **Invariants** (numbers as in docs/design/frame-protocol.md).
/// - (I2) Only the published slot gains pins.
/// - (I3) A frame's values are merged into the tags before its pin drops, in one critical section.
/// - (I10) What overwrites bytes in use runs after all submissions of the frames that began to submit before, and
/// before
///   all of those that begin to submit later.
class FrameGate {
 public:
  explicit FrameGate(Witness* witness = nullptr) noexcept : witness_(witness) {}
  FrameGate(const FrameGate&) = delete;
  FrameGate& operator=(const FrameGate&) = delete;

  /// Pins the published snapshot. Before the first one that is snapshot 0, which names no block.
  [[nodiscard]] Frame begin(const char* label);

  /// The slots that no frame reads and that are not the published one, as bits. They cannot gain pins, so they stay
  /// free until they are published.
  [[nodiscard]] std::uint32_t freeSlots() const;

  /// Makes `view`, in a free slot, what new frames see. Its bytes are on the device once the copy queue reaches
  /// `copyValue`. Answers with the slots that are free now.
  std::uint32_t publish(std::uint32_t slot, const SnapshotView& view, TimelineValue copyValue);

  struct Progress {
    SnapshotNumber published = 0;
    /// The older snapshots that frames see.
    std::array<SnapshotNumber, kSnapshotSlots - 1> held{};
    std::uint32_t heldCount = 0;
    QueueValues tags{};  ///< Each queue's last use by frames that have ended.
    std::uint32_t openFrames = 0;
    FrameSerial newestFrame = 0;                        ///< That has begun.
    FrameSerial oldestFrame = 0;                        ///< That is open; 0: none is.
    std::chrono::steady_clock::time_point oldestBegan;  ///< Of that one.
  };
  [[nodiscard]] Progress progress() const;

  /// Whether a frame is between its first `waits` and its end. It may be otherwise a moment later.
  [[nodiscard]] bool submitting() const;

  /// Lets `submit(tags)` submit work that overwrites bytes which frames read, to run after each queue has reached its
  /// tag, and answer with its value on the copy queue or with 0 if it could not; frames that begin to submit later
  /// wait for that. False: some frame is submitting, and nothing was done. Frames that want to begin to submit wait
  /// meanwhile.
  template <class Submit>
  bool overwrite(Submit&& submit) {
    const std::lock_guard lock(submittingMutex_);
    if (someSubmit()) return false;
    overwritten_ = std::max<TimelineValue>(overwritten_, submit(progress().tags));
    return true;
  }

  /// The frame that has been open for the longest; none: no frame is open.
  [[nodiscard]] std::optional<OpenFrame> oldestFrame(std::chrono::steady_clock::time_point now) const;

  /// Appends the open frames that began before `limit`, oldest first. O(frames found).
  void openFrames(std::chrono::steady_clock::time_point limit, std::chrono::steady_clock::time_point now,
                  std::vector<OpenFrame>& out) const;

 private:
  friend class Frame;
  void beginSubmitting(FrameRecord& record) noexcept;
  void end(FrameRecord& record) noexcept;
  /// Into the tags, drops its pin, and makes the record another frame's.
  void merge(FrameRecord& record) noexcept;
  void tellEnd(const FrameRecord& record) const;
  /// REQUIRES: the mutex is held.
  [[nodiscard]] std::uint32_t freeSlotsLocked() const;
  /// REQUIRES: the other mutex is held.
  [[nodiscard]] bool someSubmit() const {
    return witnessed(witness_, RecordKind::Submitting, submitting_ != 0 ? 1 : 0) != 0;
  }
  [[nodiscard]] OpenFrame describe(const FrameRecord& record, std::chrono::steady_clock::time_point now) const;

  struct Slot {
    SnapshotView view;
    TimelineValue copyValue = 0;
    std::uint32_t pins = 0;
  };

  Witness* const witness_;  ///< Null: nobody looks on.
  mutable sync::Mutex mutex_;
  std::array<Slot, kSnapshotSlots> slots_;
  std::uint32_t publishedSlot_ = 0;
  QueueValues tags_{};
  FrameSerial newestFrame_ = 0;
  std::deque<FrameRecord> records_;
  FrameRecord* unused_ = nullptr;
  FrameRecord* oldest_ = nullptr;  ///< Of the open frames, which form a list from the oldest to the newest.
  FrameRecord* newest_ = nullptr;

  mutable sync::Mutex submittingMutex_;  ///< Guards the rest, and of records `submitting` and `wait`.
  std::uint32_t submitting_ = 0;         ///< Frames between their first `waits` and their end.
  TimelineValue overwritten_ = 0;        ///< On the copy queue: the last work that `overwrite` submitted.
};

}  // namespace flux
