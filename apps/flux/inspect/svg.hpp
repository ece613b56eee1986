#pragma once

/// Pictures (SVG): text, boxes, and what is around them.

#include <cstddef>
#include <string>
#include <string_view>

namespace flux::app {

/// Text that may say anything; the attributes are markup.
[[nodiscard]] std::string svgText(std::size_t x, std::size_t y, const std::string& text,
                                  std::string_view attributes = {});
[[nodiscard]] std::string svgBox(std::size_t x, std::size_t y, std::size_t width, std::size_t height,
                                 std::string_view colour);
/// The whole picture.
[[nodiscard]] std::string svgOf(std::size_t width, std::size_t height, const std::string& body);

}  // namespace flux::app
