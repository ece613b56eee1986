#pragma once

#include "frame/frame_gate.hpp"

#include <flux/types.hpp>

#include <cstddef>
#include <deque>
#include <utility>

namespace flux {

/// What was taken out of the records, until nobody can use it any more: the two-stage wait before reuse.
///
/// 1. Every snapshot that named it is closed: older than the published one, and unpinned.
/// 2. Every queue has passed its last use. The tags are read when stage 1 passes, not when the thing retires: a
///    frame that names it may still submit in between.
///
/// One class serves ranges, handle indices, layouts and whatever else a snapshot can name; `Payload` says what.
/// **Thread contract.** Geometry thread only. **Order.** First in, first out.
template <class Payload>
class Retirement {
 public:
  /// Retires a thing that snapshots up to `last` may name, and that the copy queue uses until `copyValue`.
  void retire(Payload payload, SnapshotNumber last, TimelineValue copyValue) {
    named_.push_back({std::move(payload), last, copyValue});
  }

  [[nodiscard]] bool empty() const noexcept { return named_.empty() && used_.empty(); }
  [[nodiscard]] std::size_t waitingForFrames() const noexcept { return named_.size(); }
  [[nodiscard]] std::size_t waitingForQueues() const noexcept { return used_.size(); }

  /// Calls `free(payload)` for everything that has passed both stages. O(passed). `completed(queue)` answers how far a
  /// queue is.
  template <class Completed, class Free>
  void reclaim(const FrameGate::Progress& progress, const Completed& completed, const Free& free) {
    while (!named_.empty() && named_.front().last < progress.oldestOpen) {
      Named& item = named_.front();
      Used used{std::move(item.payload), progress.tags};
      TimelineValue& copyTag = used.lastUse[static_cast<std::uint32_t>(kCopyQueue)];
      if (copyTag < item.copyValue) copyTag = item.copyValue;
      used_.push_back(std::move(used));
      named_.pop_front();
    }
    while (!used_.empty() && passed(used_.front().lastUse, completed)) {
      free(std::move(used_.front().payload));
      used_.pop_front();
    }
  }

  /// Calls `visit(payload)` for everything that waits, oldest first. For dumps.
  template <class Visit>
  void forEach(const Visit& visit) const {
    for (const Used& item : used_) visit(item.payload);
    for (const Named& item : named_) visit(item.payload);
  }

 private:
  struct Named {
    Payload payload;
    SnapshotNumber last;
    TimelineValue copyValue;
  };
  struct Used {
    Payload payload;
    QueueValues lastUse;
  };

  template <class Completed>
  static bool passed(const QueueValues& lastUse, const Completed& completed) {
    for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
      if (lastUse[q] != 0 && completed(QueueId{q}) < lastUse[q]) return false;
    }
    return true;
  }

  std::deque<Named> named_;
  std::deque<Used> used_;
};

}  // namespace flux
