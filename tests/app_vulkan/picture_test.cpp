#include "view/picture.hpp"

#include "app_vulkan/test_scene.hpp"

#include <fstream>
#include <string>

namespace flux::test {
namespace {

std::vector<std::byte> pixels(std::uint32_t width, std::uint32_t height) {
  std::vector<std::byte> rgba(4 * std::size_t{width} * height);
  for (std::size_t i = 0; i < rgba.size(); ++i) rgba[i] = static_cast<std::byte>(i * 37 % 251);
  return rgba;
}

TEST(Picture, IsReadBackAsItWasWritten) {
  const TestFolder folder;
  const auto rgba = pixels(31, 7);
  app::writePng(folder.path() / "a.png", rgba, 31, 7);
  const TestPicture picture = readPng(folder.path() / "a.png");
  ASSERT_EQ(picture.width, 31);
  ASSERT_EQ(picture.height, 7);
  for (std::size_t i = 0; i < rgba.size(); ++i) ASSERT_EQ(picture.rgba[i], std::to_integer<int>(rgba[i])) << i;
}

TEST(Picture, ReplacesAnOlderOneAndLeavesNothingElse) {
  const TestFolder folder;
  std::ofstream(folder.path() / "a.png") << "old";
  app::writePng(folder.path() / "a.png", pixels(2, 2), 2, 2);
  EXPECT_EQ(readPng(folder.path() / "a.png").width, 2);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Picture, SaysWhichFileCannotBeWritten) {
  const TestFolder folder;
  const auto file = folder.path() / "missing" / "a.png";
  try {
    app::writePng(file, pixels(2, 2), 2, 2);
    FAIL() << "no Failure";
  } catch (const app::Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find(file.string()), std::string::npos) << failure.what();
    EXPECT_EQ(failure.exitCode(), 1);
  }
}

TEST(Picture, LeavesNothingHalfWrittenWhenTheLastStepFails) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path() / "a.png" / "in the way");
  EXPECT_THROW(app::writePng(folder.path() / "a.png", pixels(2, 2), 2, 2), app::Failure);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace flux::test
