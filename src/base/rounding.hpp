#pragma once

#include <flux/types.hpp>

#include <concepts>
#include <type_traits>

namespace flux {

/// The least multiple of `grain` that is at least `value`. REQUIRES: it fits into the type; `grain` is not 0.
template <std::unsigned_integral T>
constexpr T roundUp(T value, std::type_identity_t<T> grain) {
  return (value + grain - 1) / grain * grain;
}

/// What a place takes: whole units of `kPlaceUnitBytes`.
constexpr ByteCount wholeUnits(ByteCount bytes) {
  return roundUp(bytes, kPlaceUnitBytes);
}

/// The grain of copies: their offsets and sizes are whole words.
inline constexpr ByteCount kWordBytes = 4;

/// What a copy moves: whole words. Places are padded, so that this never touches a neighbour.
constexpr ByteCount wholeWords(ByteCount bytes) {
  return roundUp(bytes, kWordBytes);
}

}  // namespace flux
