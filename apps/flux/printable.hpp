#pragma once

#include <string>
#include <string_view>

namespace flux::app {

/// Text for a terminal: what would move its cursor, change its colours or turn the direction of writing stands there as
/// its number, `\x1B` or `\u202E`; so does what is no UTF-8. The backslash stands for itself.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace flux::app
