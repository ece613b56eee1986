#include "app/test_files.hpp"
#include "models/import.hpp"

#include <algorithm>

namespace flux::app {
namespace {

Mesh imported(const TestFolder& folder, const std::string& text) {
  auto result = importModel(folder.write("model.obj", text));
  if (const auto* error = std::get_if<ImportError>(&result)) {
    ADD_FAILURE() << error->reason;
    return {};
  }
  return std::get<Mesh>(std::move(result));
}

TEST(ImportObj, JoinsCornersThatAreTheSame) {
  const TestFolder folder;
  EXPECT_EQ(imported(folder, kSquares).vertices.size(), 6U);
  // One position with two normals is two vertices.
  const Mesh mesh = imported(folder,
                             "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 1\nvn 0 0 1\nvn 1 0 0\n"
                             "f 1//1 2//1 3//1\nf 2//2 4//1 3//1\n");
  EXPECT_EQ(mesh.vertices.size(), 5U);
}

TEST(ImportObj, TakesTheNormalsOfTheFile) {
  const TestFolder folder;
  const Mesh mesh = imported(folder, "v 0 0 0\nv 1 0 0\nv 0 1 0\nvn 0 3 4\nf 1//1 2//1 3//1\n");
  ASSERT_EQ(mesh.vertices.size(), 3U);
  EXPECT_NEAR(mesh.vertices[0].normal.y, 0.6F, 1e-6F);
  EXPECT_NEAR(mesh.vertices[0].normal.z, 0.8F, 1e-6F);
}

TEST(ImportObj, NormalsThatAreMissingAreThoseOfTheSurface) {
  const TestFolder folder;
  // Counter-clockwise in the plane z = 0.
  for (const Vertex& vertex : imported(folder, "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n").vertices) {
    EXPECT_NEAR(vertex.normal.z, 1.0F, 1e-6F);
  }
}

TEST(ImportObj, CountsFromTheEndAndTakesObjectsTogether) {
  const TestFolder folder;
  const Mesh mesh = imported(folder, "o a\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\no b\nv 9 9 9\nf 1 2 4\n");
  EXPECT_EQ(mesh.indices.size(), 6U);
  EXPECT_EQ(mesh.vertices.size(), 4U);
}

TEST(ImportObj, LeavesOutWhatIsNotThere) {
  const TestFolder folder;
  const Mesh mesh = imported(folder, "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1e400 0 0\nf 1 2 3\nf 1 2 99\nf 1 2 4\n");
  EXPECT_EQ(mesh.indices.size(), 3U);
  EXPECT_EQ(mesh.vertices.size(), 3U);
}

TEST(ImportObj, SaysWhatItReads) {
  const TestFolder folder;
  const auto result = importModel(folder.write("two.gltf", "{}"));
  ASSERT_TRUE(std::holds_alternative<ImportError>(result));
  EXPECT_NE(std::get<ImportError>(result).reason.find(".obj alone"), std::string::npos);
  EXPECT_FALSE(importsExtension(".gltf"));
}

}  // namespace
}  // namespace flux::app
