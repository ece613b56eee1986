#pragma once

/// How the offsets of parts must be aligned.

#include <flux/part_kind.hpp>
#include <flux/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace flux {

/// What an API asks of the offsets at which ranges of a buffer are bound. Bytes; powers of two.
struct OffsetLimits {
  std::uint32_t uniform = 1;
  std::uint32_t storage = 1;
  std::uint32_t texel = 1;
};

/// For each kind the limit that it has, or what its own reads ask for, whichever is greater: of two powers of two that
/// is a multiple of both.
[[nodiscard]] constexpr std::array<std::uint32_t, kPartKindCount> partAlignments(const OffsetLimits& limits) noexcept {
  const auto limitOf = [&](OffsetLimit limit) -> std::uint32_t {
    switch (limit) {
      case OffsetLimit::None:
        return 1;
      case OffsetLimit::Uniform:
        return limits.uniform;
      case OffsetLimit::Storage:
        return limits.storage;
      case OffsetLimit::Texel:
        return limits.texel;
    }
    return 1;
  };
  std::array<std::uint32_t, kPartKindCount> alignments{};
  for (const PartKindTraits& traits : kPartKindTraits) {
    alignments[static_cast<std::size_t>(traits.kind)] = std::max(limitOf(traits.limit), traits.readBytes);
  }
  return alignments;
}

}  // namespace flux
