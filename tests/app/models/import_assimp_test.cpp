#include "app/test_files.hpp"
#include "models/import.hpp"

#include <algorithm>
#include <vector>

namespace flux::app {
namespace {

TEST(ImportAssimp, MergesMeshesAsTheirNodesPlaceThem) {
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

TEST(ImportAssimp, KnowsExtensions) {
  EXPECT_TRUE(importsExtension(".GLB"));
}

}  // namespace
}  // namespace flux::app
