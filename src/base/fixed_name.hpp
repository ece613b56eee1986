#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace flux {

/// A name in place, without allocation, cut to fit; always ends with a zero.
template <std::size_t N>
void copyName(std::array<char, N>& to, std::string_view from) noexcept {
  to = {};
  std::copy_n(from.begin(), std::min(from.size(), N - 1), to.begin());
}

}  // namespace flux
