#pragma once

/// A small world for tests: objects in a pool, drawn by a Vulkan renderer under validation.

#include "vulkan/renderer.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace flux::test {

/// What the CPU knows of an object: its parts' bytes.
struct TestObject {
  std::vector<app::Vertex> vertices;
  std::vector<std::uint32_t> indices;
  app::ObjectConstants constants{};
  glm::vec4 placement{0, 0, 0, 1};
  BlockHandle block;

  [[nodiscard]] std::array<std::span<const std::byte>, app::kObjectParts> parts() const;
};

/// A cube with edges of length 2 about the origin.
[[nodiscard]] TestObject makeCube(glm::vec3 color);
/// A triangle that faces +z, in the lower left half of the square from -1 to 1.
[[nodiscard]] TestObject makeTriangle(glm::vec3 color);
/// Adds vertices that nothing draws, so that the object has different and more bytes.
void pad(TestObject& object, std::size_t vertices, std::uint32_t seed);

/// Looks from +z at the origin; the square from -1 to 1 fills the picture.
[[nodiscard]] app::CameraView makeCamera();

struct Pixel {
  int r = 0, g = 0, b = 0, a = 0;
};

/// What was drawn, or what a PNG file holds.
struct TestPicture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgba;

  [[nodiscard]] Pixel at(int x, int y) const;
};
[[nodiscard]] TestPicture readPng(const std::filesystem::path& file);

/// Renderer, pool and objects; plays the geometry thread and the frame thread. One message of the validation layer,
/// also about what is left behind at the end, fails the test.
///
/// **Thread contract.** One thread.
class TestScene {
 public:
  explicit TestScene(app::RendererDesc desc, const PoolDesc& pool = {});
  ~TestScene();
  TestScene(const TestScene&) = delete;
  TestScene& operator=(const TestScene&) = delete;

  [[nodiscard]] app::Renderer& renderer() { return *renderer_; }
  [[nodiscard]] Pool& pool() { return *pool_; }
  [[nodiscard]] TestObject& object(std::size_t index) { return objects_[index]; }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

  /// Returns the object's number.
  std::size_t add(TestObject object);
  /// Makes the object's current bytes its next version.
  void update(std::size_t index);
  /// Steps until all that was asked for has arrived, and publishes it.
  void settle();

  /// The commands to draw all objects as `frame` sees them.
  [[nodiscard]] std::vector<app::DrawCommand> commands(const Frame& frame) const;
  /// Draws all objects, dealt out among the parts, in one frame; returns what finished meanwhile.
  std::vector<app::FinishedFrame> draw(const app::CameraView& camera = makeCamera());
  /// Finishes, and reads the last picture.
  [[nodiscard]] TestPicture picture();
  /// Of a finished frame.
  [[nodiscard]] TestPicture pictureOf(std::span<const std::byte> rgba) const;

  /// Every draw of the frames has the hashes of the objects' bytes. Returns how many were compared.
  std::size_t expectRight(std::span<const app::FinishedFrame> frames) const;
  /// For tests that plant mistakes: takes the messages so far.
  [[nodiscard]] std::vector<std::string> takeMessages();

 private:
  app::RendererDesc desc_;
  app::DeviceMessages messages_;
  std::unique_ptr<app::Renderer> renderer_;
  std::unique_ptr<Pool> pool_;
  std::vector<TestObject> objects_;
  std::uint64_t frame_ = 0;
};

/// A folder of the running test, empty at first and removed at its end.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace flux::test
