#include "explorer/search.hpp"

#include <algorithm>
#include <bit>

namespace flux::explorer {
namespace {

constexpr Search::Fibers bit(std::uint32_t fiber) {
  return 1U << fiber;
}

constexpr std::uint32_t lowest(Search::Fibers fibers) {
  return static_cast<std::uint32_t>(std::countr_zero(fibers));
}

bool dependent(const Touch& a, const Touch& b) {
  return a.writes.meets(b.reads) || a.writes.meets(b.writes) || a.reads.meets(b.writes);
}

bool sameObjects(const Touch& a, const Touch& b) {
  return a.reads == b.reads && a.writes == b.writes;
}

template <class Clock>
void join(Clock& into, const Clock& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], from[i]);
}

template <class Visit>
void forEachFiber(Search::Fibers fibers, const Visit& visit) {
  for (; fibers != 0; fibers &= fibers - 1) visit(lowest(fibers));
}

}  // namespace

void Search::beginRun() {
  redundant_ = false;
  depth_ = 0;
  steps_.clear();
  clocks_ = {};
  written_ = {};
  read_ = {};
}

Search::Fibers Search::inheritedSleep() const {
  if (!reduce_ || steps_.empty()) return 0;
  const Step& last = steps_.back();
  const Decision& above = tree_[last.decision];
  Fibers asleep = 0;
  forEachFiber(above.asleep & ~bit(last.fiber), [&](std::uint32_t fiber) {
    if (!dependent(above.pending[fiber], last.touch)) asleep |= bit(fiber);
  });
  return asleep;
}

std::uint32_t Search::pick(Fibers enabled, std::span<const Touch> pending, std::uint32_t current) {
  if (enabled == 0) return kNobody;
  const auto preferred = [current](Fibers fibers) {
    return current != kNobody && (fibers & bit(current)) != 0 ? current : lowest(fibers);
  };
  bool fresh = false;
  if (!redundant_ && depth_ == tree_.size()) {
    const Fibers asleep = inheritedSleep();
    if ((enabled & ~asleep) == 0) {
      endRun(pending);
      redundant_ = true;
    } else {
      Decision& made = tree_.emplace_back();
      made.enabled = enabled;
      made.asleep = asleep;
      made.chosen = preferred(enabled & ~asleep);
      made.wanted = reduce_ ? bit(made.chosen) : enabled;
      std::copy(pending.begin(), pending.end(), made.pending.begin());
      fresh = true;
    }
  }
  // From here on everything is known; the run only goes on so that its fibers come to their end.
  if (redundant_) return preferred(enabled);

  const Decision& decision = tree_[depth_];
  const std::uint32_t fiber = decision.chosen;
  if (decision.options != 0 || decision.enabled != enabled || !sameObjects(decision.pending[fiber], pending[fiber])) {
    fail("the scenario is not the same in every run");
  }
  // Above the last decision that changed, the races were found by an earlier run.
  take(fiber, pending[fiber], fresh || depth_ + 1 == tree_.size(), static_cast<std::uint32_t>(depth_));
  ++depth_;
  return fiber;
}

std::uint32_t Search::choose(std::uint32_t count) {
  if (redundant_ || count < 2) return 0;
  if (depth_ == tree_.size()) tree_.emplace_back().options = count;
  if (tree_[depth_].options != count) fail("the scenario is not the same in every run");
  return tree_[depth_++].chosen;
}

void Search::take(std::uint32_t fiber, const Touch& touch, bool racesUnknown, std::uint32_t decision) {
  if (racesUnknown) findRaces(fiber, touch);
  Clock& clock = clocks_[fiber];
  touch.reads.forEach([&](std::size_t object) { join(clock, written_[object]); });
  touch.writes.forEach([&](std::size_t object) {
    join(clock, written_[object]);
    join(clock, read_[object]);
  });
  clock[fiber] = static_cast<std::uint32_t>(steps_.size()) + 1;
  touch.writes.forEach([&](std::size_t object) { written_[object] = clock; });
  touch.reads.forEach([&](std::size_t object) { join(read_[object], clock); });
  steps_.push_back({fiber, decision, touch, clock});
}

void Search::release(std::uint32_t fiber, const Touch& object) {
  object.writes.forEach([&](std::size_t i) { join(written_[i], clocks_[fiber]); });
}

void Search::findRaces(std::uint32_t fiber, const Touch& touch) {
  if (!reduce_) return;
  // What happens before the step: in any case, and apart from what it had to wait for.
  Clock before = clocks_[fiber];
  Clock ordered = before;
  for (std::size_t i = steps_.size(); i-- > 0;) {
    const Step& step = steps_[i];
    if (ordered[step.fiber] > i || !dependent(step.touch, touch)) continue;
    const bool reversible = reverse(static_cast<std::uint32_t>(i), fiber, touch, before);
    join(before, step.clock);
    // A fiber that waited for this step may have been able to go on before an earlier one.
    if (reversible) join(ordered, step.clock);
  }
}

/// The step `first` and the next one of `fiber` come in the other order when all that follows `first` without having
/// to is done before it. A fiber that can begin that has to be explored where `first` was taken. False: it may be that
/// they cannot.
bool Search::reverse(std::uint32_t first, std::uint32_t fiber, const Touch& touch, const Clock& before) {
  const std::uint32_t firstFiber = steps_[first].fiber;
  Decision& decision = tree_[steps_[first].decision];
  Fibers seen = 0;
  Fibers initials = 0;
  Clock begins{};  // by fiber: its first step among those that come before
  bool changesTouched = false;
  const auto followsSeen = [&](const Clock& clock) {
    bool follows = false;
    forEachFiber(seen, [&](std::size_t other) { follows = follows || clock[other] > begins[other]; });
    return follows;
  };
  for (std::size_t i = first + 1; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.clock[firstFiber] > first) continue;
    changesTouched = changesTouched || dependent(step.touch, touch);
    if ((seen & bit(step.fiber)) != 0) continue;
    if (!followsSeen(step.clock)) initials |= bit(step.fiber);
    begins[step.fiber] = static_cast<std::uint32_t>(i);
    seen |= bit(step.fiber);
  }
  if ((seen & bit(fiber)) == 0) {
    if ((decision.enabled & bit(fiber)) != 0) {
      if (!followsSeen(before)) initials |= bit(fiber);
    } else if (!changesTouched) {
      return false;
    }
  }
  initials &= decision.enabled;
  if (initials == 0) {
    decision.wanted = decision.enabled;
  } else if ((initials & (decision.wanted | decision.asleep)) == 0) {
    decision.wanted |= (initials & bit(fiber)) != 0 ? bit(fiber) : bit(lowest(initials));
  }
  return !touch.conditional || ((seen & bit(fiber)) == 0 && (decision.enabled & bit(fiber)) != 0);
}

void Search::endRun(std::span<const Touch> pending) {
  if (redundant_) return;
  for (std::uint32_t fiber = 0; fiber < pending.size(); ++fiber) findRaces(fiber, pending[fiber]);
}

bool Search::next() {
  for (; !tree_.empty(); tree_.pop_back()) {
    Decision& last = tree_.back();
    if (last.options != 0) {
      if (++last.chosen < last.options) return true;
      continue;
    }
    last.asleep |= bit(last.chosen);
    if (const Fibers left = last.wanted & ~last.asleep; left != 0) {
      last.chosen = lowest(left);
      return true;
    }
  }
  return false;
}

}  // namespace flux::explorer
