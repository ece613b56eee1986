#include "view/camera.hpp"

#include <gtest/gtest.h>

namespace flux::app {
namespace {

const Flight kFlight(6, 51, 4.0F / 3.0F);

TEST(CameraTest, DependsOnNothingButTheFrame) {
  const Camera first = kFlight.at(77);
  const Camera second = Flight(6, 51, 4.0F / 3.0F).at(77);
  EXPECT_EQ(first.view.viewProjection, second.view.viewProjection);
  EXPECT_EQ(first.ground, second.ground);
}

TEST(CameraTest, HoversAndThenCrossesSeveralRowsOfCellsIn120Frames) {
  EXPECT_EQ(kFlight.at(1).ground, kFlight.at(40).ground);
  EXPECT_GT(glm::distance(kFlight.at(1).ground, kFlight.at(120).ground), 5 * 6.0F);
}

TEST(CameraTest, NeverJumps) {
  for (std::uint64_t frame = 1; frame < 5000; ++frame) {
    const Camera before = kFlight.at(frame);
    const Camera after = kFlight.at(frame + 1);
    ASSERT_LT(glm::distance(before.ground, after.ground), 0.2F * 6) << frame;
    ASSERT_GT(glm::dot(before.forward, after.forward), 0.99F) << frame;
  }
}

TEST(CameraTest, StopsAfterAGivenFrame) {
  const Flight flight(6, 51, 4.0F / 3.0F, 80);
  EXPECT_EQ(flight.at(80).ground, kFlight.at(80).ground);
  EXPECT_EQ(flight.at(81).view.viewProjection, kFlight.at(80).view.viewProjection);
  EXPECT_EQ(flight.at(1000).view.viewProjection, kFlight.at(80).view.viewProjection);
}

TEST(CameraTest, StaysInABoundedWorld) {
  for (std::uint64_t frame = 1; frame < 100'000; frame += 97) {
    ASSERT_LT(glm::length(kFlight.at(frame).ground), 100 * 6.0F) << frame;
  }
}

TEST(CameraTest, SeesWhatIsAheadAndNotWhatIsBehindOrFar) {
  const Camera camera = kFlight.at(100);
  const auto at = [&](float ahead, float side) {
    const glm::vec2 right(-camera.forward.y, camera.forward.x);
    const glm::vec2 ground = camera.ground + camera.forward * ahead + right * side;
    return glm::vec3(ground.x, 0, ground.y);
  };
  EXPECT_TRUE(camera.sees(at(25, 0), 1));
  EXPECT_FALSE(camera.sees(at(-10, 0), 1));
  EXPECT_FALSE(camera.sees(at(52, 0), 1));
  EXPECT_FALSE(camera.sees(at(25, 40), 1));
  EXPECT_TRUE(camera.sees(at(25, 40), 30));
}

TEST(CameraTest, PutsTheMiddleOfTheViewIntoTheMiddleOfThePictureWithYDown) {
  const Camera camera = kFlight.at(100);
  const glm::vec2 target = camera.ground + camera.forward * (0.42F * camera.viewDistance);
  const glm::vec4 middle = camera.view.viewProjection * glm::vec4(target.x, 0, target.y, 1);
  EXPECT_NEAR(middle.x / middle.w, 0, 1e-3F);
  EXPECT_NEAR(middle.y / middle.w, 0, 1e-3F);
  EXPECT_GT(middle.z / middle.w, 0);
  EXPECT_LT(middle.z / middle.w, 1);
  const glm::vec4 above = camera.view.viewProjection * glm::vec4(target.x, 3, target.y, 1);
  EXPECT_LT(above.y / above.w, 0);
}

TEST(CameraTest, ThePictureFormatDoesNotChangeWhatIsSeenToTheSides) {
  const Camera wide = Flight(6, 51, 16.0F / 9.0F).at(1);
  const Camera narrow = Flight(6, 51, 1.0F).at(1);
  for (int plane = 0; plane < 2; ++plane) {
    EXPECT_LT(
        glm::distance(wide.planes[static_cast<std::size_t>(plane)], narrow.planes[static_cast<std::size_t>(plane)]),
        1e-2F);
  }
}

}  // namespace
}  // namespace flux::app
