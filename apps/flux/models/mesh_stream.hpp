#pragma once

/// How a loading child process hands meshes to its parent: one message a file, in the order of the files.
///
///     u32 magic | u32 loaded (0 or 1) | u32 vertices | u32 indices | u32 text bytes
///     text (the mesh's name, or why there is none) | vertices | indices
///
/// Numbers are in the machine's byte order: both ends are the same program.

#include "models/import.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace flux::app {

using LoadResult = std::variant<Mesh, ImportError>;

/// One message, ready to be written.
[[nodiscard]] std::vector<std::byte> encodeLoadResult(const LoadResult& result);

/// Reads one message through `read`, which fills a whole span or returns false. Nothing: the stream ended early or
/// holds something else.
[[nodiscard]] std::optional<LoadResult> decodeLoadResult(const std::function<bool(std::span<std::byte>)>& read);

}  // namespace flux::app
