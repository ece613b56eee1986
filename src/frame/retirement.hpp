#pragma once

#include "base/gauge.hpp"
#include "frame/frame_gate.hpp"

#include <flux/types.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace flux {

/// A queue that has not reached the value that `lastUse` has for it, as `completed(QueueId)` says; only queues with a
/// value are asked. nullopt: all have.
template <class Completed>
[[nodiscard]] std::optional<QueueId> firstBehind(const QueueValues& lastUse, const Completed& completed) {
  for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
    if (lastUse[q] != 0 && completed(QueueId{q}) < lastUse[q]) return QueueId{q};
  }
  return std::nullopt;
}

/// How far a clock is that frames hold back: the snapshots, or the frames themselves.
struct RetirementClock {
  std::uint64_t now = 0;  ///< The moment that frames still begin in: the published snapshot, the next frame.
  std::span<const std::uint64_t> held;  ///< Earlier moments that open frames still see.
  const QueueValues& tags;              ///< Each queue's last use by frames that have ended.
};

/// What can be named no more, until nobody can use it any more: the two-stage wait before reuse.
///
/// 1. No frame can name it: the moments in which it could be named have passed, and no open frame belongs to one of
/// them. A
///    frame that stays open holds back what it can name, not what came and went after it began (the idea of
///    interval-based reclamation: Wen et al., PPoPP 2018).
/// 2. Every queue has passed its last use. The tags are read when stage 1 passes, not when the thing retires: a
///    frame that names it may still submit in between.
///
/// One class serves ranges, handle indices, layouts, and the application's own objects; `Payload` says what.
/// **Thread contract.** Geometry thread only; any thread reads the bytes that wait. **Order.** First in, first out, but
/// for what an open frame holds back.
template <class Payload>
class Retirement {
 public:
  /// Retires a thing that could be named in the moments [first, last] of the clock (none if first > last), and that the
  /// copy queue uses until `copyValue`. `bytes`: memory that waits with it.
  void retire(Payload payload, std::uint64_t first, std::uint64_t last, TimelineValue copyValue, ByteCount bytes = 0) {
    named_.push_back({std::move(payload), first, last, copyValue, bytes});
    namedBytes_ += bytes;
  }

  [[nodiscard]] bool empty() const noexcept { return waitingForFrames() == 0 && used_.empty(); }
  [[nodiscard]] std::size_t waitingForFrames() const noexcept { return named_.size() + heldCount_; }
  [[nodiscard]] std::size_t waitingForQueues() const noexcept { return used_.size(); }
  [[nodiscard]] ByteCount bytesWaitingForFrames() const noexcept { return namedBytes_; }
  [[nodiscard]] ByteCount bytesWaitingForQueues() const noexcept { return usedBytes_; }
  [[nodiscard]] ByteCount bytesWaiting() const noexcept { return namedBytes_ + usedBytes_; }

  /// What the oldest thing in stage 2 waits for, by queue; null: nothing is in stage 2.
  [[nodiscard]] const QueueValues* nextUse() const noexcept { return used_.empty() ? nullptr : &used_.front().lastUse; }

  /// Calls `free(payload)` for everything that has passed both stages. O(passed) amortised. `completed(queue)` answers
  /// how far a queue is.
  template <class Completed, class Free>
  void reclaim(const RetirementClock& clock, const Completed& completed, const Free& free) {
    releaseHeld(clock);
    while (!named_.empty() && named_.front().last < clock.now) {
      passNames(std::move(named_.front()), clock);
      named_.pop_front();
    }
    while (!used_.empty() && !firstBehind(used_.front().lastUse, completed)) {
      usedBytes_ -= used_.front().bytes;
      free(std::move(used_.front().payload));
      used_.pop_front();
    }
  }

  /// What a thing waits for.
  struct Wait {
    const QueueValues* lastUse = nullptr;  ///< Stage 2: for queues to get so far; null in stage 1.
    std::uint64_t heldBy = 0;              ///< Stage 1: for the frames of this moment; 0: nobody has looked yet.
    std::uint64_t first = 0;               ///< Stage 1: the moments in which it could be named.
    std::uint64_t last = 0;
  };
  /// Calls `visit(payload, wait)` for everything that waits. For dumps.
  template <class Visit>
  void forEach(const Visit& visit) const {
    for (const Used& item : used_) visit(item.payload, Wait{.lastUse = &item.lastUse});
    for (const Held& held : held_) {
      for (const Named& item : held.items)
        visit(item.payload, Wait{.heldBy = held.moment, .first = item.first, .last = item.last});
    }
    for (const Named& item : named_) visit(item.payload, Wait{.first = item.first, .last = item.last});
  }

 private:
  struct Named {
    Payload payload;
    std::uint64_t first;
    std::uint64_t last;
    TimelineValue copyValue;
    ByteCount bytes;
  };
  /// What frames of one moment hold back.
  struct Held {
    std::uint64_t moment;
    std::vector<Named> items;
  };
  struct Used {
    Payload payload;
    QueueValues lastUse;
    ByteCount bytes;
  };

  /// Out of the hands of frames that have ended, perhaps into those of others: each thing changes hands at most once
  /// for each moment that it spans.
  void releaseHeld(const RetirementClock& clock) {
    for (std::size_t i = 0; i < held_.size();) {
      if (contains(clock.held, held_[i].moment)) {
        ++i;
        continue;
      }
      std::vector<Named> items = std::move(held_[i].items);
      held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
      heldCount_ -= items.size();
      for (Named& item : items) passNames(std::move(item), clock);
    }
  }

  void passNames(Named item, const RetirementClock& clock) {
    for (const std::uint64_t moment : clock.held) {
      if (moment >= item.first && moment <= item.last) return hold(std::move(item), moment);
    }
    Used used{std::move(item.payload), clock.tags, item.bytes};
    TimelineValue& copyTag = used.lastUse[static_cast<std::uint32_t>(kCopyQueue)];
    if (copyTag < item.copyValue) copyTag = item.copyValue;
    used_.push_back(std::move(used));
    namedBytes_ -= item.bytes;
    usedBytes_ += item.bytes;
  }

  void hold(Named item, std::uint64_t moment) {
    ++heldCount_;
    for (Held& held : held_) {
      if (held.moment == moment) return held.items.push_back(std::move(item));
    }
    held_.push_back({moment, {}});
    held_.back().items.push_back(std::move(item));
  }

  static bool contains(std::span<const std::uint64_t> moments, std::uint64_t moment) {
    for (const std::uint64_t other : moments) {
      if (other == moment) return true;
    }
    return false;
  }

  std::deque<Named> named_;
  std::vector<Held> held_;
  std::deque<Used> used_;
  std::size_t heldCount_ = 0;
  Gauge<ByteCount> namedBytes_;
  Gauge<ByteCount> usedBytes_;
};

}  // namespace flux
