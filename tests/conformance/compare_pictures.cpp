// compare_pictures REFERENCE PNG: whether two back ends have drawn the same world.
//
// Rasterisers differ by a little along edges and in rounding: a pixel counts as different when a channel is off by
// more than kChannelTolerance of 255, and kPixelShare of all pixels may be. Exit codes: 0 the same, 1 not, 2 unusable.

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#endif
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#include <stb/stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>

namespace {

constexpr int kChannelTolerance = 16;
constexpr double kPixelShare = 0.01;
/// A picture of one colour, or of a few, is no world.
constexpr std::size_t kLeastColours = 64;

constexpr int kChannels = 3;

struct Picture {
  int width = 0;
  int height = 0;
  std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels{nullptr, &stbi_image_free};

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }
};

Picture load(const char* file) {
  Picture picture;
  int channels = 0;
  picture.pixels.reset(stbi_load(file, &picture.width, &picture.height, &channels, kChannels));
  if (!picture.pixels) std::fprintf(stderr, "compare_pictures: %s: %s\n", file, stbi_failure_reason());
  return picture;
}

std::size_t colours(const Picture& picture) {
  std::set<unsigned> seen;
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const stbi_uc* pixel = picture.pixels.get() + i * kChannels;
    seen.insert(pixel[0] * 65536U + pixel[1] * 256U + pixel[2]);
  }
  return seen.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "compare_pictures: REFERENCE and PNG are needed\n");
    return 2;
  }
  const Picture reference = load(argv[1]);
  const Picture other = load(argv[2]);
  if (!reference.pixels || !other.pixels) return 2;
  if (reference.width != other.width || reference.height != other.height) {
    std::printf("%dx%d and %dx%d pixels\n", reference.width, reference.height, other.width, other.height);
    return 1;
  }
  if (colours(reference) < kLeastColours) {
    std::printf("%s shows nothing\n", argv[1]);
    return 2;
  }
  std::size_t different = 0;
  int worst = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    int off = 0;
    for (std::size_t c = i * kChannels; c < (i + 1) * kChannels; ++c) {
      const int difference = std::abs(int{reference.pixels.get()[c]} - int{other.pixels.get()[c]});
      if (difference > off) off = difference;
    }
    if (off > kChannelTolerance) ++different;
    if (off > worst) worst = off;
  }
  const double share = static_cast<double>(different) / static_cast<double>(reference.size());
  const bool same = share <= kPixelShare;
  std::printf("%zu of %zu pixels differ by more than %d (%.3f %%, worst %d): %s\n", different, reference.size(),
              kChannelTolerance, 100 * share, worst, same ? "the same picture" : "too many");
  return same ? 0 : 1;
}
