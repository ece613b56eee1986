#pragma once

/// What every importer ends with, whichever library reads the file.

#include "models/import.hpp"
#include "models/mesh.hpp"

#include <glm/vec3.hpp>

#include <string>
#include <variant>

namespace flux::app {

[[nodiscard]] bool finite(const glm::vec3& v);

/// Drops vertices that no triangle uses and brings the mesh to unit size. Every index names a vertex, and those that
/// are used are finite.
[[nodiscard]] std::variant<Mesh, ImportError> finishMesh(Mesh mesh);

/// What a library says about a file, fit for a line of a report.
[[nodiscard]] std::string oneLine(std::string text);

}  // namespace flux::app
