#include "models/import.hpp"

#include "app/test_files.hpp"

#include <algorithm>

namespace flux::app {
namespace {

TEST(ImportTest, BringsAModelToUnitSizeOnTheGround) {
  const TestFolder folder;
  const auto result = importModel(folder.write("tetrahedron.obj", kTetrahedron));
  ASSERT_TRUE(std::holds_alternative<Mesh>(result));
  const Mesh& mesh = std::get<Mesh>(result);
  EXPECT_EQ(mesh.name, "tetrahedron.obj");
  EXPECT_EQ(mesh.indices.size(), 12U);
  glm::vec3 low(1e9F);
  glm::vec3 high(-1e9F);
  for (const Vertex& vertex : mesh.vertices) {
    low = glm::min(low, vertex.position);
    high = glm::max(high, vertex.position);
    EXPECT_NEAR(glm::length(vertex.normal), 1.0F, 1e-4F);
  }
  EXPECT_NEAR(low.y, 0, 1e-6F);
  EXPECT_NEAR(low.x, -0.5F, 1e-6F);
  EXPECT_NEAR(high.x, 0.5F, 1e-6F);
  EXPECT_NEAR(high.z, 0.5F, 1e-6F);
  EXPECT_NEAR(high.y, 0.5F, 1e-6F);
}

TEST(ImportTest, TriangulatesPolygons) {
  const TestFolder folder;
  const auto result = importModel(folder.write("squares.obj", kSquares));
  ASSERT_TRUE(std::holds_alternative<Mesh>(result));
  EXPECT_EQ(std::get<Mesh>(result).indices.size(), 12U);
}

TEST(ImportTest, MergesMeshesAsTheirNodesPlaceThem) {
  // One triangle, placed twice: once as it is, once 3 to the right.
  const TestFolder folder;
  folder.write("two.gltf", R"({"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0, 1]}],
    "nodes": [{"mesh": 0}, {"mesh": 0, "translation": [3, 0, 0]}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}],
    "bufferViews": [{"buffer": 0, "byteLength": 36}],
    "buffers": [{"byteLength": 36,
      "uri": "data:application/octet-stream;base64,AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAA"}]})");
  const auto result = importModel(folder.path() / "two.gltf");
  ASSERT_TRUE(std::holds_alternative<Mesh>(result)) << std::get<ImportError>(result).reason;
  const Mesh& mesh = std::get<Mesh>(result);
  EXPECT_EQ(mesh.indices.size(), 6U);
  std::vector<float> xs;
  for (const Vertex& vertex : mesh.vertices) xs.push_back(vertex.position.x);
  std::sort(xs.begin(), xs.end());
  ASSERT_EQ(xs.size(), 6U);
  EXPECT_NEAR(xs.front(), -0.5F, 1e-6F);  // from 0 to 4, brought to size 1
  EXPECT_NEAR(xs.back(), 0.5F, 1e-6F);
  EXPECT_NEAR(xs[2], -0.25F, 1e-6F);
  EXPECT_NEAR(xs[3], 0.25F, 1e-6F);
}

TEST(ImportTest, RefusesFilesWithoutTriangles) {
  const TestFolder folder;
  for (const char* text : {"", "v 0 0 0\nv 1 0 0\nl 1 2\n", kBroken.c_str()}) {
    const auto result = importModel(folder.write("bad.obj", text));
    ASSERT_TRUE(std::holds_alternative<ImportError>(result)) << text;
    const std::string& reason = std::get<ImportError>(result).reason;
    EXPECT_FALSE(reason.empty());
    EXPECT_EQ(reason.find('\n'), std::string::npos);
  }
}

TEST(ImportTest, RefusesAModelWithoutExtent) {
  const TestFolder folder;
  EXPECT_TRUE(std::holds_alternative<ImportError>(
      importModel(folder.write("point.obj", "v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n"))));
}

TEST(ImportTest, KnowsExtensions) {
  EXPECT_TRUE(importsExtension(".obj"));
  EXPECT_TRUE(importsExtension(".GLB"));
  EXPECT_FALSE(importsExtension(".png"));
  EXPECT_FALSE(importsExtension(""));
  EXPECT_FALSE(importsExtension("."));
}

}  // namespace
}  // namespace flux::app
