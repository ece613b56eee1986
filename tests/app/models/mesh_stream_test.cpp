#include "models/mesh_stream.hpp"

#include "models/shapes.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace flux::app {
namespace {

std::optional<LoadResult> decode(std::span<const std::byte> message) {
  return decodeLoadResult([&](std::span<std::byte> out) {
    if (out.size() > message.size()) return false;
    std::memcpy(out.data(), message.data(), out.size());
    message = message.subspan(out.size());
    return true;
  });
}

TEST(MeshStreamTest, CarriesAMesh) {
  const Mesh cube = makeCube();
  const auto result = decode(encodeLoadResult(cube));
  ASSERT_TRUE(result && std::holds_alternative<Mesh>(*result));
  const Mesh& mesh = std::get<Mesh>(*result);
  EXPECT_EQ(mesh.name, cube.name);
  EXPECT_EQ(mesh.indices, cube.indices);
  ASSERT_EQ(mesh.vertices.size(), cube.vertices.size());
  EXPECT_EQ(std::memcmp(mesh.vertices.data(), cube.vertices.data(), cube.vertexBytes()), 0);
}

TEST(MeshStreamTest, CarriesAReason) {
  const auto result = decode(encodeLoadResult(ImportError{"no triangles in it"}));
  ASSERT_TRUE(result && std::holds_alternative<ImportError>(*result));
  EXPECT_EQ(std::get<ImportError>(*result).reason, "no triangles in it");
}

TEST(MeshStreamTest, RefusesEveryTruncation) {
  const std::vector<std::byte> message = encodeLoadResult(makeMarker());
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(decode(std::span(message).first(size))) << size;
  }
}

TEST(MeshStreamTest, RefusesAnIndexWithoutVertex) {
  Mesh mesh = makeMarker();
  mesh.indices.back() = static_cast<std::uint32_t>(mesh.vertices.size());
  EXPECT_FALSE(decode(encodeLoadResult(mesh)));
}

TEST(MeshStreamTest, RefusesAbsurdSizesBeforeAllocating) {
  std::vector<std::byte> message = encodeLoadResult(makeMarker());
  const std::uint32_t vertices = 0xFFFFFFFF;
  std::memcpy(message.data() + 2 * sizeof(std::uint32_t), &vertices, sizeof(vertices));
  EXPECT_FALSE(decode(message));
}

}  // namespace
}  // namespace flux::app
