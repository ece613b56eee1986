#include "models/finish_mesh.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

namespace flux::app {
namespace {

/// Drops vertices that no triangle uses (among them all that are not finite).
void compact(Mesh& mesh) {
  constexpr std::uint32_t kUnused = ~0U;
  std::vector<std::uint32_t> renumbered(mesh.vertices.size(), kUnused);
  std::vector<Vertex> kept;
  kept.reserve(mesh.vertices.size());
  for (std::uint32_t& index : mesh.indices) {
    std::uint32_t& number = renumbered[index];
    if (number == kUnused) {
      number = static_cast<std::uint32_t>(kept.size());
      kept.push_back(mesh.vertices[index]);
    }
    index = number;
  }
  mesh.vertices = std::move(kept);
}

/// Returns false for a mesh without extent.
bool normalise(Mesh& mesh) {
  glm::vec3 low = mesh.vertices.front().position;
  glm::vec3 high = low;
  for (const Vertex& vertex : mesh.vertices) {
    low = glm::min(low, vertex.position);
    high = glm::max(high, vertex.position);
  }
  const glm::vec3 extent = high - low;
  const float size = std::max({extent.x, extent.y, extent.z});
  if (!std::isfinite(size) || size <= 0) return false;
  const glm::vec3 foot((low.x + high.x) / 2, low.y, (low.z + high.z) / 2);
  for (Vertex& vertex : mesh.vertices) vertex.position = (vertex.position - foot) / size;
  return true;
}

}  // namespace

bool finite(const glm::vec3& v) {
  return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z);
}

std::variant<Mesh, ImportError> finishMesh(Mesh mesh) {
  compact(mesh);
  if (mesh.indices.empty()) return ImportError{"no triangles in it"};
  if (!normalise(mesh)) return ImportError{"its size is 0 or not a number"};
  return mesh;
}

std::string oneLine(std::string text) {
  constexpr std::size_t kMaxLength = 120;
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  if (text.size() > kMaxLength) text = text.substr(0, kMaxLength - 3) + "...";
  return text.empty() ? "not readable" : text;
}

}  // namespace flux::app
