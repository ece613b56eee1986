#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace flux::app {

/// Writes `height` rows of `width` RGBA pixels, 4 bytes each, as a PNG file: whole or not at all.
/// Throws Failure that names the file.
void writePng(const std::filesystem::path& file, std::span<const std::byte> rgba, std::uint32_t width,
              std::uint32_t height);

}  // namespace flux::app
