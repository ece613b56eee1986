// What every importer must do; the tests of one are in a file of its own.

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
  EXPECT_TRUE(importsExtension(".OBJ"));
  EXPECT_FALSE(importsExtension(".png"));
  EXPECT_FALSE(importsExtension(""));
  EXPECT_FALSE(importsExtension("."));
}

}  // namespace
}  // namespace flux::app
