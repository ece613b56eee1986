#pragma once

#include <flux/types.hpp>

#include <cstdint>

namespace flux {

/// Handles as one number, small ones for young blocks. Indices have 24 bits.
inline constexpr std::uint32_t kHandleIndexBits = 24;
[[nodiscard]] constexpr std::uint64_t packed(BlockHandle handle) noexcept {
  return std::uint64_t{handle.generation} << kHandleIndexBits | handle.index;
}
[[nodiscard]] constexpr BlockHandle unpackedHandle(std::uint64_t number) noexcept {
  return {static_cast<std::uint32_t>(number & ((1U << kHandleIndexBits) - 1)),
          static_cast<std::uint32_t>(number >> kHandleIndexBits)};
}

}  // namespace flux
