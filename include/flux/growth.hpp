#pragma once

/// How much larger a resource becomes when it outgrows its place.

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <cstdint>
#include <source_location>
#include <string_view>

namespace flux {

/// The price of a policy is what it copies (each growth copies what is there) against what it holds too much.
enum class GrowthPolicy : std::uint8_t {
  Exponential,  ///< Doubles from the current capacity: copies at most twice the final size, holds at most as much
                ///< again.
  OneAndAHalf,  ///< Half as much again: copies at most three times the final size, holds at most half too much.
  FixedStep,    ///< By multiples of `kGrowthStepBytes`: holds at most that too much, copies quadratically.
  Exact,        ///< What is needed and no more: each growth copies. For sizes that are known, or seldom change.
};

inline constexpr ByteCount kGrowthStepBytes = kMiB;

std::string_view toString(GrowthPolicy policy) noexcept;

/// The capacity, at least `needed` and at most `limit`, to which a resource of capacity `current` grows; `current` if
/// that is enough already. Any thread; no more than some hundred additions, whatever the numbers.
/// Errors: TooLarge (numbers: needed, limit) if `needed` is over the limit.
[[nodiscard]] Result<ByteCount> grownCapacity(GrowthPolicy policy, ByteCount current, ByteCount needed, ByteCount limit,
                                              std::source_location where = std::source_location::current());

}  // namespace flux
