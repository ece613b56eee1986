#pragma once

/// The sizes that pools of equal slots round requests up to.

#include <flux/types.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace flux {

enum class SizeClass : std::uint8_t { Small, Medium, Large, Oversized };

/// The largest size of each class but the last; strictly increasing.
using SizeClassLimits = std::array<ByteCount, 3>;

constexpr bool validLimits(const SizeClassLimits& limits) {
  return limits[0] != 0 && limits[0] < limits[1] && limits[1] < limits[2];
}

constexpr SizeClass sizeClass(ByteCount bytes, const SizeClassLimits& limits) {
  return static_cast<SizeClass>(std::lower_bound(limits.begin(), limits.end(), bytes) - limits.begin());
}

inline constexpr ByteCount kSmallestStepBytes = 64;

/// The smallest size of the ladder that is at least `bytes`: four steps an octave (64, 80, 96, 112, 128, 160, …), so
/// that a request is rounded up by less than a quarter, and by a tenth on average. All are multiples of 16. REQUIRES:
/// `bytes` is at most 2^63.
constexpr ByteCount ladderBytes(ByteCount bytes) {
  bytes = std::max(bytes, kSmallestStepBytes);
  const ByteCount step = std::bit_floor(bytes) / 4;
  return (bytes + step - 1) & ~(step - 1);  // steps are powers of two
}

/// The limits, each raised to the next step of the ladder: so that a size and what it is rounded up to are of one
/// class.
constexpr SizeClassLimits onLadder(SizeClassLimits limits) {
  for (ByteCount& limit : limits) limit = ladderBytes(limit);
  return limits;
}

}  // namespace flux
