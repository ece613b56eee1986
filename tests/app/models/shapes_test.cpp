#include "models/shapes.hpp"

#include <gtest/gtest.h>

namespace flux::app {
namespace {

void expectSound(const Mesh& mesh) {
  ASSERT_FALSE(mesh.indices.empty());
  EXPECT_EQ(mesh.indices.size() % 3, 0U);
  for (const std::uint32_t index : mesh.indices) ASSERT_LT(index, mesh.vertices.size());
  for (const Vertex& vertex : mesh.vertices) EXPECT_NEAR(glm::length(vertex.normal), 1.0F, 1e-4F);
}

/// Front faces and normals look to the same side.
void expectOutwards(const Mesh& mesh) {
  for (std::size_t i = 0; i < mesh.indices.size(); i += 3) {
    const Vertex& a = mesh.vertices[mesh.indices[i]];
    const Vertex& b = mesh.vertices[mesh.indices[i + 1]];
    const Vertex& c = mesh.vertices[mesh.indices[i + 2]];
    EXPECT_GT(glm::dot(glm::cross(b.position - a.position, c.position - a.position), a.normal), 0.0F);
  }
}

TEST(ShapesTest, CubeStandsOnTheGroundAndFacesOutwards) {
  const Mesh cube = makeCube();
  expectSound(cube);
  expectOutwards(cube);
  for (std::size_t i = 0; i < cube.vertices.size(); ++i) {
    EXPECT_GE(cube.vertices[i].position.y, 0);
    EXPECT_GT(glm::dot(cube.vertices[i].normal, cube.vertices[i].position - glm::vec3(0, 0.5F, 0)), 0);
  }
}

TEST(ShapesTest, MarkerFacesOutwards) {
  expectSound(makeMarker());
  expectOutwards(makeMarker());
}

TEST(ShapesTest, GroundTilesFitToEachOther) {
  constexpr std::uint32_t kCells = 8;
  const Mesh tile = makeGroundTile(kCells);
  expectSound(tile);
  expectOutwards(tile);
  for (std::uint32_t i = 0; i <= kCells; ++i) {
    const std::uint32_t row = kCells + 1;
    EXPECT_NEAR(tile.vertices[i * row].position.y, tile.vertices[i * row + kCells].position.y, 1e-6F);
    EXPECT_NEAR(tile.vertices[i].position.y, tile.vertices[kCells * row + i].position.y, 1e-6F);
  }
  for (const Vertex& vertex : tile.vertices) EXPECT_LE(vertex.position.y, 0);
}

}  // namespace
}  // namespace flux::app
