#pragma once

#include <flux/render_scheduler.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace flux {

/// What recording each block costs, learned from measured times of batches of draws.
///
/// A batch's time is shared out over what was drawn in it, in proportion to the estimates. A smaller share becomes the
/// estimate; to a larger one it moves half of the way, because interruptions make threads slower, never faster. So a
/// block's estimate follows from the batches that it was in, which differ from frame to
/// frame as the list does.
///
/// **Thread contract.** `begin` and `end` frame the recording of a list, on one thread; between them, `learn` may be
/// called from many threads, for batches that do not overlap.
///
/// **Units.** A tick is 1/16 ns; integers, so that every platform computes the same.
class DrawCosts {
 public:
  static constexpr std::uint32_t kTicksPerNanosecond = 16;

  /// Estimates the items of a list. Handles from `recordCount` on name nothing.
  void begin(std::span<const DrawItem> items, std::uint32_t recordCount);

  /// What each item will probably cost, for `splitByCost`. Until `end`.
  [[nodiscard]] std::span<const std::uint32_t> estimates() const noexcept { return estimates_; }

  /// Items [first, first + count) took `time`; bit i of `drawn`: item first + i was drawn. At most 64 items.
  void learn(std::uint32_t first, std::uint32_t count, std::uint64_t drawn, std::chrono::nanoseconds time) noexcept;

  /// Keeps what was learned. REQUIRES: `learn` was called for every item. Without this call, nothing was learned.
  void end(std::span<const DrawItem> items) noexcept;

 private:
  struct Entry {
    std::uint32_t generation = 0;  ///< Of the block that it is about. An index that is used again starts anew.
    std::uint32_t ticks = 0;       ///< 0: it was not drawn the last time.
  };

  std::vector<Entry> entries_;  ///< By block index.
  std::vector<std::uint32_t> estimates_;
  std::vector<std::uint32_t> ticks_;  ///< Of each item: what its block is known to cost, then what was learned.
  std::uint32_t mean_ = 1;            ///< Of the draws of the last list that had any.
};

}  // namespace flux
