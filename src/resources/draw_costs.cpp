#include "resources/draw_costs.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace flux {
namespace {

/// A measurement counts as no more than this many times the estimate: a thread that was interrupted says little about
/// what it recorded.
constexpr std::uint64_t kMaxRise = 4;

/// An item that is skipped costs a lookup, a small part of a draw.
constexpr std::uint32_t kSkippedShare = 8;

constexpr unsigned kRatioBits = 16;

}  // namespace

void DrawCosts::begin(std::span<const DrawItem> items, std::uint32_t recordCount) {
  if (entries_.size() < recordCount) entries_.resize(recordCount);
  estimates_.resize(items.size());
  ticks_.resize(items.size());
  const std::uint32_t skipped = std::max(mean_ / kSkippedShare, 1U);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const BlockHandle block = items[i].block;
    std::uint32_t known = 0;
    std::uint32_t estimate = skipped;
    if (block && block.index < recordCount) {
      const Entry& entry = entries_[block.index];
      const bool same = entry.generation == block.generation;
      known = same ? entry.ticks : 0;
      if (!same) estimate = mean_;
    }
    ticks_[i] = known;
    estimates_[i] = known != 0 ? known : estimate;
  }
}

void DrawCosts::learn(std::uint32_t first, std::uint32_t count, std::uint64_t drawn,
                      std::chrono::nanoseconds time) noexcept {
  const std::span<std::uint32_t> batch = std::span(ticks_).subspan(first, count);
  const auto weightOf = [&](std::uint32_t known) -> std::uint64_t { return known != 0 ? known : mean_; };
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if ((drawn >> i & 1U) != 0) sum += weightOf(batch[i]);
  }
  constexpr std::int64_t kMaxTime = std::numeric_limits<std::uint32_t>::max() / kTicksPerNanosecond;
  const auto measured = static_cast<std::uint64_t>(std::clamp<std::int64_t>(time.count(), 0, kMaxTime));
  const std::uint64_t ratio = sum == 0 ? 0 : ((measured * kTicksPerNanosecond << kRatioBits) + sum / 2) / sum;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t& ticks = batch[i];
    if ((drawn >> i & 1U) == 0) {
      ticks = 0;
      continue;
    }
    const std::uint64_t weight = weightOf(ticks);
    // No overflow: the weight is a part of the sum that the ratio was divided by.
    std::uint64_t share = (weight * ratio + (1U << kRatioBits) / 2) >> kRatioBits;
    if (ticks != 0 && share > weight) share = (weight + std::min(share, weight * kMaxRise)) / 2;
    ticks = static_cast<std::uint32_t>(std::max<std::uint64_t>(share, 1));
  }
}

void DrawCosts::end(std::span<const DrawItem> items) noexcept {
  std::uint64_t sum = 0;
  std::uint64_t drawn = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const BlockHandle block = items[i].block;
    if (!block || block.index >= entries_.size()) continue;
    entries_[block.index] = {block.generation, ticks_[i]};
    sum += ticks_[i];
    drawn += ticks_[i] != 0 ? 1 : 0;
  }
  if (drawn != 0) mean_ = static_cast<std::uint32_t>(std::max<std::uint64_t>(sum / drawn, 1));
}

}  // namespace flux
