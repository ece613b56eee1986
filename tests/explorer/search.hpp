#pragma once

#include "explorer/explorer.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace flux::explorer {

/// Which interleaving comes next. Knows fibers as numbers and what their next steps touch, nothing else.
///
/// A tree of decisions, walked depth first; each run takes one path from the root. Dynamic partial-order reduction: a
/// run begins with one fiber at each decision, and whenever two of its steps touch the same thing and could have come
/// in the other order, a fiber that leads there is added to the decision before the first of them. Sleep sets: what a
/// decision has seen through sleeps below it until a step comes that depends on it.
class Search {
 public:
  using Fibers = std::uint32_t;  ///< A bit a fiber.
  static constexpr std::uint32_t kNobody = ~0U;

  explicit Search(bool reduce) : reduce_(reduce) {}

  void beginRun();

  /// Decides which of the `enabled` fibers takes its step, `current` if there is no reason for another, and takes note
  /// of it. `kNobody`: none is enabled.
  std::uint32_t pick(Fibers enabled, std::span<const Touch> pending, std::uint32_t current);

  /// A choice of the running fiber among `count`.
  std::uint32_t choose(std::uint32_t count);

  /// What `fiber` has done so far happens before the next step that takes `object` as one it writes.
  void release(std::uint32_t fiber, const Touch& object);

  /// The run has come to its end, or to a deadlock. `pending`: the steps of fibers that wait; those of others touch
  /// nothing.
  void endRun(std::span<const Touch> pending);

  /// The run was one that had been seen in another order.
  [[nodiscard]] bool redundant() const noexcept { return redundant_; }

  /// False: all has been seen.
  bool next();

 private:
  /// By fiber: how many steps of the run, from its start, are known to have happened up to the fiber's last one before.
  using Clock = std::array<std::uint32_t, kMaxFibers>;

  struct Step {
    std::uint32_t fiber = 0;
    std::uint32_t decision = 0;
    Touch touch;
    Clock clock{};
  };
  struct Decision {
    std::uint32_t options = 0;  ///< Not 0: a choice of a fiber.
    std::uint32_t chosen = 0;
    Fibers enabled = 0;
    Fibers wanted = 0;  ///< To be explored here, or explored already.
    Fibers asleep = 0;  ///< Seen through already: here, or at a decision above in an order that does not matter.
    std::array<Touch, kMaxFibers> pending{};
  };

  void take(std::uint32_t fiber, const Touch& touch, bool racesUnknown, std::uint32_t decision);
  void findRaces(std::uint32_t fiber, const Touch& touch);
  bool reverse(std::uint32_t first, std::uint32_t fiber, const Touch& touch, const Clock& before);
  [[nodiscard]] Fibers inheritedSleep() const;

  bool reduce_;
  bool redundant_ = false;
  std::size_t depth_ = 0;  ///< Decisions of this run so far.
  std::vector<Decision> tree_;
  std::vector<Step> steps_;
  std::array<Clock, kMaxFibers> clocks_{};
  std::array<Clock, ObjectSet::kBits> written_{};  ///< By bit of an object: what its last write knows.
  std::array<Clock, ObjectSet::kBits> read_{};     ///< By bit of an object: what its reads since then know.
};

}  // namespace flux::explorer
