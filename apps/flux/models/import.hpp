#pragma once

/// From a model file to one mesh: by way of assimp, or, in a build without it, from Wavefront .obj alone.

#include "models/mesh.hpp"

#include <filesystem>
#include <string>
#include <variant>

namespace flux::app {

/// Why a file gave no mesh.
struct ImportError {
  std::string reason;
};

/// Reads a file and merges all its meshes, each placed by its node, into one that is triangulated, has normals and is
/// brought to unit size. The library may abort the process on a broken file: call this in a process that may die.
[[nodiscard]] std::variant<Mesh, ImportError> importModel(const std::filesystem::path& file);

/// Whether there is a reader for files with this extension (with its dot, any case).
[[nodiscard]] bool importsExtension(const std::string& extension);

}  // namespace flux::app
