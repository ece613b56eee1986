#pragma once

/// What other programs have written down about their memory, as traces (traces/README.md).

#include <optional>
#include <string>
#include <string_view>

namespace flux::app {

/// The same as a trace; nothing: the text is none of these. `name` is for messages. Throws Failure for one that makes
/// no sense.
/// - The JSON of `vmaBuildStatsString` (Vulkan Memory Allocator, D3D12 Memory Allocator) with its detailed map: what is
///   allocated is made at once, arrives, and is drawn once.
/// - The text of `apitrace dump`: OpenGL's calls for buffers, and the draw calls that use them. Textures are not read.
[[nodiscard]] std::optional<std::string> importTrace(std::string_view text, const std::string& name);

/// Each of them.
[[nodiscard]] std::string importVmaDump(std::string_view json, const std::string& name);
[[nodiscard]] std::string importApitraceDump(std::string_view text);

}  // namespace flux::app
