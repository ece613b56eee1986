#pragma once

/// Random numbers as pure functions: the same arguments give the same number, on every platform.

#include <cstdint>

namespace flux::app {

/// The splitmix64 finaliser (Steele, Lea, Flood 2014).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

/// From 0 (included) to 1 (not), of a number that `mix` gave.
[[nodiscard]] constexpr float unit(std::uint64_t random) noexcept {
  return static_cast<float>(random >> 40U) * (1.0F / 16777216.0F);
}

}  // namespace flux::app
