#include "report_percentiles.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace flux::app {

void Percentiles::add(std::chrono::nanoseconds duration) noexcept {
  add(static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)));
}

void Percentiles::add(std::uint64_t value) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = width > kBits + 1 ? width - (kBits + 1) : 0;
  ++buckets_[(static_cast<std::size_t>(shift) << kBits) + (value >> shift)];
  ++count_;
  max_ = std::max(max_, value);
}

double Percentiles::value(double share) const noexcept {
  if (count_ == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  if (rank >= count_) return static_cast<double>(max_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen == 0 || seen < rank) continue;
    // Values below 2^(kBits + 1) have buckets of their own; of the others the upper end is given.
    const std::size_t shift = bucket < (std::size_t{2} << kBits) ? 0 : (bucket >> kBits) - 1;
    const std::uint64_t low = (bucket - (shift << kBits)) << shift;
    const std::uint64_t high = low + (std::uint64_t{1} << shift) - 1;
    return static_cast<double>(std::min(high, max_));
  }
  return static_cast<double>(max_);
}

}  // namespace flux::app
