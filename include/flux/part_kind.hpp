#pragma once

/// The kinds of parts, and all that Flux knows about each: one table.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flux {

/// What a part is used for. It decides the part's alignment and names it in reports.
enum class PartKind : std::uint8_t { Vertex, Index, Uniform, Storage, Indirect, ShaderData, Texel };

/// Which limit of a device governs where parts of a kind may begin.
enum class OffsetLimit : std::uint8_t {
  None,     ///< No limit of the device: `readBytes` decides alone.
  Uniform,  ///< That of uniform (constant) buffers.
  Storage,  ///< That of storage (structured, unordered access) buffers.
  Texel,    ///< That of texel (formatted) buffers.
};

struct PartKindTraits {
  PartKind kind;
  std::string_view name;         ///< Short, lower-case, for reports.
  std::uint32_t alignmentBytes;  ///< Enough on every API; used where the device states none (0).
  OffsetLimit limit;
  std::uint32_t
      readBytes;  ///< The largest single read of shaders or of the fixed function: offsets are multiples of it.
};

/// A new kind is an enum value and a row here, in the order of the enum.
inline constexpr auto kPartKindTraits = std::to_array<PartKindTraits>({
    {PartKind::Vertex, "vertex", 16, OffsetLimit::None, 8},
    {PartKind::Index, "index", 16, OffsetLimit::None, 4},
    {PartKind::Uniform, "uniform", 256, OffsetLimit::Uniform, 16},
    {PartKind::Storage, "storage", 256, OffsetLimit::Storage, 16},
    {PartKind::Indirect, "indirect", 16, OffsetLimit::None, 4},
    {PartKind::ShaderData, "shader data", 64, OffsetLimit::Storage, 16},
    {PartKind::Texel, "texel", 256, OffsetLimit::Texel, 16},
});

inline constexpr std::size_t kPartKindCount = kPartKindTraits.size();

constexpr const PartKindTraits& partKindTraits(PartKind kind) noexcept {
  return kPartKindTraits[static_cast<std::size_t>(kind)];
}

/// The kind's name in the table; "unknown" for a value that is no kind.
constexpr std::string_view toString(PartKind kind) noexcept {
  return static_cast<std::size_t>(kind) < kPartKindCount ? partKindTraits(kind).name : "unknown";
}

}  // namespace flux
