#pragma once

#include "opengl/objects.hpp"

#include <cstddef>
#include <cstdint>

namespace flux::app::opengl {

/// What the renderer draws into: the picture and its depth, shared by all frames in flight, because the context draws
/// them one after the other.
///
/// **Thread contract.** One thread, with the drawing context.
class Targets {
 public:
  /// Throws Failure.
  Targets(std::uint32_t width, std::uint32_t height, std::uint32_t samples);

  /// Clears, and draws into the picture from now on.
  void beginRendering() const;
  /// Makes the picture of what was drawn.
  void endRendering() const;

  /// The bytes that `copyPicture` writes.
  [[nodiscard]] std::size_t pictureBytes() const noexcept { return std::size_t{4} * width_ * height_; }
  /// Copies the picture's pixels to a buffer, 4 bytes each, the upper row first.
  void copyPicture(GLuint buffer) const;

 private:
  /// A framebuffer with color, and with depth where it is drawn into.
  struct Target {
    UniqueFramebuffer framebuffer;
    UniqueRenderbuffer color;
    UniqueRenderbuffer depth;
  };

  [[nodiscard]] Target makeTarget(std::uint32_t samples, bool depth) const;

  const std::uint32_t width_;
  const std::uint32_t height_;
  const bool multisampled_;
  Target drawn_;
  Target picture_;  ///< The resolved one; none where a pixel has one sample.
};

}  // namespace flux::app::opengl
