#include "models/finish_mesh.hpp"
#include "models/import.hpp"

#include <assimp/config.h>
#include <assimp/postprocess.h>
#include <assimp/scene.h>

#include <algorithm>
#include <assimp/Importer.hpp>
#include <cctype>
#include <cmath>

namespace flux::app {
namespace {

/// Broken files may say anything; without a limit a cycle-like nesting would overflow the stack.
constexpr int kMaxNodeDepth = 256;

glm::vec3 toGlm(const aiVector3D& v) {
  return {v.x, v.y, v.z};
}

/// Appends the triangles of `source`, placed by `transform`. Returns false when the mesh has become too large.
bool appendMesh(Mesh& target, const aiMesh& source, const aiMatrix4x4& transform) {
  if (target.bytes() + source.mNumVertices * sizeof(Vertex) + source.mNumFaces * 3 * sizeof(std::uint32_t) >
      kMaxMeshBytes) {
    return false;
  }
  aiMatrix3x3 normalTransform(transform);
  normalTransform.Inverse().Transpose();
  const auto first = static_cast<std::uint32_t>(target.vertices.size());
  for (unsigned i = 0; i < source.mNumVertices; ++i) {
    glm::vec3 normal = source.HasNormals() ? toGlm(normalTransform * source.mNormals[i]) : glm::vec3(0, 1, 0);
    const float length = glm::length(normal);
    normal = std::isfinite(length) && length > 0 ? normal / length : glm::vec3(0, 1, 0);
    target.vertices.push_back({toGlm(transform * source.mVertices[i]), normal});
  }
  for (unsigned f = 0; f < source.mNumFaces; ++f) {
    const aiFace& face = source.mFaces[f];
    if (face.mNumIndices != 3) continue;
    const bool usable = std::all_of(face.mIndices, face.mIndices + 3, [&](unsigned index) {
      return index < source.mNumVertices && finite(target.vertices[first + index].position);
    });
    if (!usable) continue;
    for (unsigned corner = 0; corner < 3; ++corner) target.indices.push_back(first + face.mIndices[corner]);
  }
  return true;
}

bool appendNode(Mesh& target, const aiScene& scene, const aiNode& node, const aiMatrix4x4& parent, int depth) {
  if (depth > kMaxNodeDepth) return true;
  const aiMatrix4x4 transform = parent * node.mTransformation;
  for (unsigned i = 0; i < node.mNumMeshes; ++i) {
    if (!appendMesh(target, *scene.mMeshes[node.mMeshes[i]], transform)) return false;
  }
  for (unsigned i = 0; i < node.mNumChildren; ++i) {
    if (!appendNode(target, scene, *node.mChildren[i], transform, depth + 1)) return false;
  }
  return true;
}

}  // namespace

std::variant<Mesh, ImportError> importModel(const std::filesystem::path& file) {
  Assimp::Importer importer;
  importer.SetPropertyInteger(AI_CONFIG_PP_SBP_REMOVE, aiPrimitiveType_POINT | aiPrimitiveType_LINE);
  // Only positions and normals are drawn; the rest would only keep equal vertices from being joined.
  importer.SetPropertyInteger(AI_CONFIG_PP_RVC_FLAGS, aiComponent_TANGENTS_AND_BITANGENTS | aiComponent_COLORS |
                                                          aiComponent_TEXCOORDS | aiComponent_BONEWEIGHTS |
                                                          aiComponent_ANIMATIONS);
  const aiScene* scene = importer.ReadFile(
      file.string(), aiProcess_ValidateDataStructure | aiProcess_RemoveComponent | aiProcess_Triangulate |
                         aiProcess_SortByPType | aiProcess_GenSmoothNormals | aiProcess_JoinIdenticalVertices);
  if (scene == nullptr) {
    return ImportError{oneLine(importer.GetErrorString())};
  }
  Mesh mesh;
  mesh.name = file.filename().string();
  if (scene->mRootNode == nullptr) return ImportError{"no geometry in it"};
  if (!appendNode(mesh, *scene, *scene->mRootNode, aiMatrix4x4(), 0)) {
    return ImportError{"more than 64 MiB of geometry"};
  }
  return finishMesh(std::move(mesh));
}

bool importsExtension(const std::string& extension) {
  if (extension.size() < 2) return false;
  std::string lower = extension;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return Assimp::Importer().IsExtensionSupported(lower.c_str());
}

}  // namespace flux::app
