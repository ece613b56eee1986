#pragma once

/// A model as the world uses it: one triangle mesh in plain memory.

#include "view/renderer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace flux::app {

/// Triangles of unit size, standing on y = 0, centred on x = z = 0. Every index names a vertex.
struct Mesh {
  std::string name;
  std::vector<Vertex> vertices;
  std::vector<std::uint32_t> indices;

  [[nodiscard]] ByteCount vertexBytes() const noexcept { return vertices.size() * sizeof(Vertex); }
  [[nodiscard]] ByteCount indexBytes() const noexcept { return indices.size() * sizeof(std::uint32_t); }
  [[nodiscard]] ByteCount bytes() const noexcept { return vertexBytes() + indexBytes(); }
};

/// A larger model is refused: it would not leave room for a world made of many.
inline constexpr ByteCount kMaxMeshBytes = 64 * kMiB;

}  // namespace flux::app
