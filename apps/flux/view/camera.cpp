#include "view/camera.hpp"

#include <algorithm>
#include <cmath>
#include <glm/gtc/matrix_transform.hpp>

namespace flux::app {
namespace {

constexpr double kHoverFrames = 40;
constexpr double kSpeedUpFrames = 20;
constexpr double kCellsPerFrame = 0.1;
constexpr double kPathRadiusCells = 60;
constexpr double kWobble = 0.2;  // of the radius
constexpr double kWobbles = 3;   // in one round

/// Half of the horizontal angle of view: the same for every picture format, so that the same objects are wanted.
const float kHalfAngle = glm::radians(35.0F);

/// Cells flown until the given frame.
double distanceCells(std::uint64_t frame) {
  const double flying = static_cast<double>(frame) - kHoverFrames;
  if (flying <= 0) return 0;
  if (flying < kSpeedUpFrames) return kCellsPerFrame * flying * flying / (2 * kSpeedUpFrames);
  return kCellsPerFrame * (flying - kSpeedUpFrames / 2);
}

}  // namespace

bool Camera::sees(glm::vec3 centre, float radius) const noexcept {
  const glm::vec2 offset = glm::vec2(centre.x, centre.z) - ground;
  if (glm::dot(offset, offset) > viewDistance * viewDistance) return false;
  for (const glm::vec4& plane : planes) {
    if (glm::dot(glm::vec3(plane), centre) + plane.w < -radius) return false;
  }
  return true;
}

glm::vec2 Flight::position(double distance) const {
  const double angle = distance / kPathRadiusCells;
  const double radius = kPathRadiusCells * (1 + kWobble * std::sin(kWobbles * angle)) * static_cast<double>(cellSize_);
  return {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))};
}

Camera Flight::at(std::uint64_t frame) const {
  constexpr double kAheadCells = 0.5;
  const double distance = distanceCells(std::min(frame, stillAfter_));
  Camera camera;
  camera.ground = position(distance);
  camera.forward = glm::normalize(position(distance + kAheadCells) - camera.ground);
  camera.viewDistance = viewDistance_;

  const glm::vec3 eye(camera.ground.x, 0.16F * viewDistance_, camera.ground.y);
  const glm::vec2 target = camera.ground + camera.forward * (0.42F * viewDistance_);
  const glm::mat4 look = glm::lookAtRH(eye, glm::vec3(target.x, 0, target.y), glm::vec3(0, 1, 0));
  const float halfVertical = std::atan(std::tan(kHalfAngle) / aspect_);
  const float nearest = 0.002F * viewDistance_;
  glm::mat4 projection = glm::perspectiveRH_ZO(2 * halfVertical, aspect_, nearest, 1.5F * viewDistance_);
  projection[1][1] = -projection[1][1];
  camera.view = {projection * look, eye};

  const glm::mat4 rows = glm::transpose(camera.view.viewProjection);
  camera.planes = {rows[3] + rows[0], rows[3] - rows[0], rows[3] + rows[1], rows[3] - rows[1], rows[2]};
  for (glm::vec4& plane : camera.planes) plane /= glm::length(glm::vec3(plane));
  return camera;
}

}  // namespace flux::app
