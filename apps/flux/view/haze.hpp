#pragma once

#include "view/renderer.hpp"

#include <glm/gtc/matrix_access.hpp>

#include <cmath>

namespace flux::app {

/// Of the eye from the far plane, where the haze must have hidden everything.
[[nodiscard]] inline float farDistance(const CameraView& camera) {
  const glm::vec4 plane = glm::row(camera.viewProjection, 3) - glm::row(camera.viewProjection, 2);
  const float length = glm::length(glm::vec3(plane));
  const float distance = std::abs(glm::dot(plane, glm::vec4(camera.eye, 1.0F))) / length;
  return distance < 1e9F ? distance : 1e9F;  // Also for no far plane at all, where it is not a number.
}

}  // namespace flux::app
