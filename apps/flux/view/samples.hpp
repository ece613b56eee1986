#pragma once

#include <cstdint>

namespace flux::app {

/// Whether a picture is large enough to look at. Four samples a pixel make edges smooth, but a processor that plays
/// GPU pays for each of them: it takes them only in these.
[[nodiscard]] constexpr bool isLargePicture(std::uint32_t width, std::uint32_t height) noexcept {
  return width * height >= 640U * 360U;
}

}  // namespace flux::app
