#include "view/picture.hpp"

#include "failure.hpp"

#include <fstream>
#include <string>
#include <system_error>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace flux::app {

void writePng(const std::filesystem::path& file, std::span<const std::byte> rgba, std::uint32_t width,
              std::uint32_t height) {
  // Beside the target, so that the rename stays on one file system.
  std::filesystem::path unfinished = file;
  unfinished += ".part";
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  if (!out) throw Failure("cannot write " + file.string());

  const auto append = [](void* stream, void* data, int bytes) {
    static_cast<std::ofstream*>(stream)->write(static_cast<const char*>(data), bytes);
  };
  const int encoded = stbi_write_png_to_func(append, &out, static_cast<int>(width), static_cast<int>(height), 4,
                                             rgba.data(), static_cast<int>(width) * 4);
  out.close();
  std::error_code error;
  if (encoded != 0 && out) std::filesystem::rename(unfinished, file, error);
  if (encoded == 0 || !out || error) {
    std::error_code ignored;
    std::filesystem::remove(unfinished, ignored);
    throw Failure("cannot write " + file.string() + (error ? ": " + error.message() : std::string()));
  }
}

}  // namespace flux::app
