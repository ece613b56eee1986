#pragma once

/// The automatic flight: where the camera is in a frame, and what it can see.

#include "view/renderer.hpp"

#include <glm/glm.hpp>

#include <array>
#include <cstdint>
#include <limits>

namespace flux::app {

/// A camera in the world, its planes ready for culling.
struct Camera {
  CameraView view;                    ///< Clip space as Vulkan has it: y down, depth from 0 to 1.
  glm::vec2 ground;                   ///< Below the eye (x, z).
  glm::vec2 forward;                  ///< Along the ground, of length 1.
  float viewDistance = 0;             ///< Along the ground; what is farther is not wanted.
  std::array<glm::vec4, 5> planes{};  ///< Left, right, bottom, top, near; inside is positive.

  /// Whether some of the sphere is inside the planes and its centre within the view distance.
  [[nodiscard]] bool sees(glm::vec3 centre, float radius) const noexcept;
};

/// A smooth closed path over the world. Pure: a frame's camera depends on nothing but its number.
///
/// The camera hovers for the first frames, while a world is loaded, then speeds up and flies at a steady pace, until it
/// stops.
class Flight {
 public:
  /// `cellSize`: edge of a cell, `viewDistance`: how far the camera sees, in world units; `aspect`: width / height;
  /// `stillAfter`: the last frame in which it moves.
  Flight(float cellSize, float viewDistance, float aspect,
         std::uint64_t stillAfter = std::numeric_limits<std::uint64_t>::max())
      : cellSize_(cellSize), viewDistance_(viewDistance), aspect_(aspect), stillAfter_(stillAfter) {}

  [[nodiscard]] Camera at(std::uint64_t frame) const;

 private:
  [[nodiscard]] glm::vec2 position(double distance) const;

  float cellSize_;
  float viewDistance_;
  float aspect_;
  std::uint64_t stillAfter_;
};

}  // namespace flux::app
