#pragma once

/// Shapes made in code, for the parts of the world that always exist.

#include "models/mesh.hpp"

namespace flux::app {

/// A cube of size 1 on the ground, with flat sides: what is drawn where a block has not arrived.
[[nodiscard]] Mesh makeCube();

/// A slim pyramid of height 1 on a square base: a marker.
[[nodiscard]] Mesh makeMarker();

/// A square of size 1 of `cells` x `cells` gently waved quads, at or just below y = 0. Tiles fit to each other at all
/// sides.
[[nodiscard]] Mesh makeGroundTile(std::uint32_t cells);

}  // namespace flux::app
