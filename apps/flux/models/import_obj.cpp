// Where assimp is not to be had: Wavefront .obj alone, by way of tinyobjloader.

#include "models/finish_mesh.hpp"
#include "models/import.hpp"

#include <glm/geometric.hpp>
#include <glm/vec3.hpp>

#define TINYOBJLOADER_IMPLEMENTATION
#include <tiny_obj_loader.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flux::app {
namespace {

/// The three numbers with this index; nothing where the file has no such index.
std::optional<glm::vec3> triple(const std::vector<tinyobj::real_t>& numbers, int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= numbers.size() / 3) return std::nullopt;
  const auto first = numbers.begin() + std::ptrdiff_t{3} * index;
  return glm::vec3(first[0], first[1], first[2]);
}

/// Appends the triangles of a file, corners that are the same joined. Corners without a normal get that of the surface
/// around their position.
class Appender {
 public:
  Appender(Mesh& mesh, const tinyobj::attrib_t& attributes) : mesh_(mesh), attributes_(attributes) {}

  /// Returns false when the mesh has become too large. A triangle that cannot be drawn is left out.
  bool append(const std::array<tinyobj::index_t, 3>& corners) {
    std::array<glm::vec3, 3> positions;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::optional<glm::vec3> position = triple(attributes_.vertices, corners[i].vertex_index);
      if (!position || !finite(*position)) return true;
      positions[i] = *position;
    }
    // Its length is twice the area, so that small triangles turn the surface less.
    const glm::vec3 surface = glm::cross(positions[1] - positions[0], positions[2] - positions[0]);
    for (std::size_t i = 0; i < 3; ++i) mesh_.indices.push_back(vertex(corners[i], positions[i], surface));
    return mesh_.bytes() <= kMaxMeshBytes;
  }

  void finishNormals() {
    for (Vertex& vertex : mesh_.vertices) {
      const float length = glm::length(vertex.normal);
      vertex.normal = std::isfinite(length) && length > 0 ? vertex.normal / length : glm::vec3(0, 1, 0);
    }
  }

 private:
  std::uint32_t vertex(const tinyobj::index_t& corner, const glm::vec3& position, const glm::vec3& surface) {
    const std::optional<glm::vec3> normal = triple(attributes_.normals, corner.normal_index);
    const auto [found, isNew] = numbers_.try_emplace(std::pair(corner.vertex_index, normal ? corner.normal_index : -1),
                                                     static_cast<std::uint32_t>(mesh_.vertices.size()));
    if (isNew) mesh_.vertices.push_back({position, normal.value_or(glm::vec3(0))});
    if (!normal) mesh_.vertices[found->second].normal += surface;
    return found->second;
  }

  Mesh& mesh_;
  const tinyobj::attrib_t& attributes_;
  std::map<std::pair<int, int>, std::uint32_t> numbers_;  ///< Of corners by the indices of position and normal.
};

}  // namespace

std::variant<Mesh, ImportError> importModel(const std::filesystem::path& file) {
  if (!importsExtension(file.extension().string())) {
    return ImportError{"this build reads .obj alone: it was made without assimp"};
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return ImportError{"cannot be opened"};
  tinyobj::attrib_t attributes;
  std::vector<tinyobj::shape_t> shapes;
  std::vector<tinyobj::material_t> materials;
  std::string warning;
  std::string error;
  // Without a reader of materials: the world has its own.
  if (!tinyobj::LoadObj(&attributes, &shapes, &materials, &warning, &error, &in, nullptr, true, false)) {
    return ImportError{oneLine(error)};
  }
  Mesh mesh;
  mesh.name = file.filename().string();
  Appender appender(mesh, attributes);
  for (const tinyobj::shape_t& shape : shapes) {
    const std::vector<tinyobj::index_t>& corners = shape.mesh.indices;
    for (std::size_t i = 0; i + 3 <= corners.size(); i += 3) {
      if (!appender.append({corners[i], corners[i + 1], corners[i + 2]})) {
        return ImportError{"more than 64 MiB of geometry"};
      }
    }
  }
  appender.finishNormals();
  return finishMesh(std::move(mesh));
}

bool importsExtension(const std::string& extension) {
  constexpr std::string_view kObj = ".obj";
  return std::equal(extension.begin(), extension.end(), kObj.begin(), kObj.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

}  // namespace flux::app
