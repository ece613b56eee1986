#include "models/shapes.hpp"

#include <array>
#include <cmath>
#include <glm/gtc/constants.hpp>

namespace flux::app {
namespace {

void addTriangle(Mesh& mesh, glm::vec3 a, glm::vec3 b, glm::vec3 c) {
  const glm::vec3 normal = glm::normalize(glm::cross(b - a, c - a));
  for (const glm::vec3& corner : {a, b, c}) {
    mesh.indices.push_back(static_cast<std::uint32_t>(mesh.vertices.size()));
    mesh.vertices.push_back({corner, normal});
  }
}

void addQuad(Mesh& mesh, glm::vec3 a, glm::vec3 b, glm::vec3 c, glm::vec3 d) {
  addTriangle(mesh, a, b, c);
  addTriangle(mesh, a, c, d);
}

}  // namespace

Mesh makeCube() {
  Mesh mesh;
  mesh.name = "cube";
  const auto corner = [](int x, int y, int z) {
    return glm::vec3(static_cast<float>(x) - 0.5F, static_cast<float>(y), static_cast<float>(z) - 0.5F);
  };
  addQuad(mesh, corner(0, 0, 1), corner(1, 0, 1), corner(1, 1, 1), corner(0, 1, 1));
  addQuad(mesh, corner(1, 0, 0), corner(0, 0, 0), corner(0, 1, 0), corner(1, 1, 0));
  addQuad(mesh, corner(1, 0, 1), corner(1, 0, 0), corner(1, 1, 0), corner(1, 1, 1));
  addQuad(mesh, corner(0, 0, 0), corner(0, 0, 1), corner(0, 1, 1), corner(0, 1, 0));
  addQuad(mesh, corner(0, 1, 1), corner(1, 1, 1), corner(1, 1, 0), corner(0, 1, 0));
  addQuad(mesh, corner(0, 0, 0), corner(1, 0, 0), corner(1, 0, 1), corner(0, 0, 1));
  return mesh;
}

Mesh makeMarker() {
  Mesh mesh;
  mesh.name = "marker";
  constexpr float kHalf = 0.12F;
  const std::array<glm::vec3, 4> base{glm::vec3(-kHalf, 0, kHalf), glm::vec3(kHalf, 0, kHalf),
                                      glm::vec3(kHalf, 0, -kHalf), glm::vec3(-kHalf, 0, -kHalf)};
  const glm::vec3 top(0, 1, 0);
  for (std::size_t side = 0; side < base.size(); ++side) {
    addTriangle(mesh, base[side], base[(side + 1) % base.size()], top);
  }
  return mesh;
}

Mesh makeGroundTile(std::uint32_t cells) {
  Mesh mesh;
  mesh.name = "ground";
  const auto steps = static_cast<float>(cells);
  constexpr float kWave = glm::two_pi<float>();  // one period a tile, so that neighbours meet
  constexpr float kHeight = 0.004F;
  for (std::uint32_t z = 0; z <= cells; ++z) {
    for (std::uint32_t x = 0; x <= cells; ++x) {
      const float u = static_cast<float>(x) / steps;
      const float v = static_cast<float>(z) / steps;
      const float y = kHeight * (std::sin(kWave * u) * std::cos(kWave * v) - 1.0F);
      const float slopeX = kHeight * kWave * std::cos(kWave * u) * std::cos(kWave * v);
      const float slopeZ = -kHeight * kWave * std::sin(kWave * u) * std::sin(kWave * v);
      mesh.vertices.push_back({{u - 0.5F, y, v - 0.5F}, glm::normalize(glm::vec3(-slopeX, 1.0F, -slopeZ))});
    }
  }
  const std::uint32_t row = cells + 1;
  for (std::uint32_t z = 0; z < cells; ++z) {
    for (std::uint32_t x = 0; x < cells; ++x) {
      const std::uint32_t corner = z * row + x;
      for (const std::uint32_t index : {corner, corner + row, corner + 1, corner + 1, corner + row, corner + row + 1}) {
        mesh.indices.push_back(index);
      }
    }
  }
  return mesh;
}

}  // namespace flux::app
