#pragma once

/// `flux view --window`: the run of a view, shown while it goes on.

#include "view/view.hpp"

namespace flux::app {

/// As `runView`, with every picture shown in a window, which sets the pace. Space pauses the flight; Escape and closing
/// the window end the run as an interrupt does. `screenshot`, if it is not empty, gets what the window showed last, as
/// PNG. The main thread: it draws the window, while the run is on another one. Throws Failure, also without a display.
[[nodiscard]] RunReport runViewInWindow(const ViewOptions& options, const std::filesystem::path& screenshot,
                                        std::ostream& progress);

}  // namespace flux::app
