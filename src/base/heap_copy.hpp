#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

namespace flux {

/// Bytes that somebody else owns, once more.
[[nodiscard]] inline std::shared_ptr<std::byte[]> heapCopy(std::span<const std::byte> bytes) {
  std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
  std::ranges::copy(bytes, copy.get());
  return copy;
}

}  // namespace flux
