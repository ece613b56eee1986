#pragma once

#include "view/renderer.hpp"

#include <algorithm>

namespace flux::app {

/// Adds a draw to its frame with the next hashes, one a part, and takes these off. `draw` has an object and a version.
template <class Draw>
void addVerified(FinishedFrame& frame, const Draw& draw, std::span<const std::uint64_t>& hashes) {
  VerifiedDraw& verified = frame.draws.emplace_back();
  verified.object = draw.object;
  verified.version = draw.version;
  std::copy_n(hashes.begin(), kObjectParts, verified.hashes.begin());
  hashes = hashes.subspan(kObjectParts);
}

}  // namespace flux::app
