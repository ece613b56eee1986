#include "app_vulkan/test_scene.hpp"

#include <flux/host.hpp>

#include <glm/gtc/matrix_transform.hpp>

#include <chrono>
#include <random>
#include <thread>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

namespace flux::test {

std::array<std::span<const std::byte>, app::kObjectParts> TestObject::parts() const {
  return {std::as_bytes(std::span(vertices)), std::as_bytes(std::span(indices)),
          std::as_bytes(std::span(&constants, 1))};
}

TestObject makeTriangle(glm::vec3 color) {
  TestObject object;
  const glm::vec3 normal(0, 0, 1);
  object.vertices = {{{-1, -1, 0}, normal}, {{1, -1, 0}, normal}, {{-1, 1, 0}, normal}};
  object.indices = {0, 1, 2};
  object.constants = {glm::mat4(1), glm::vec4(color, 1)};
  return object;
}

TestObject makeCube(glm::vec3 color) {
  TestObject object;
  for (int axis = 0; axis < 3; ++axis) {
    for (const float side : {-1.0F, 1.0F}) {
      glm::vec3 normal(0);
      normal[axis] = side;
      const auto first = static_cast<std::uint32_t>(object.vertices.size());
      for (const glm::vec2 corner : {glm::vec2(-1, -1), glm::vec2(1, -1), glm::vec2(1, 1), glm::vec2(-1, 1)}) {
        glm::vec3 position = normal;
        position[(axis + 1) % 3] = corner.x;
        position[(axis + 2) % 3] = corner.y;
        object.vertices.push_back({position, normal});
      }
      for (const std::uint32_t i : {0U, 1U, 2U, 0U, 2U, 3U}) object.indices.push_back(first + i);
    }
  }
  object.constants = {glm::mat4(1), glm::vec4(color, 1)};
  return object;
}

void pad(TestObject& object, std::size_t vertices, std::uint32_t seed) {
  std::minstd_rand random(seed);
  for (std::size_t i = 0; i < vertices; ++i) {
    object.vertices.push_back({glm::vec3(static_cast<float>(random() % 1000)), glm::vec3(0, 1, 0)});
  }
}

app::CameraView makeCamera() {
  const glm::vec3 eye(0, 0, 10);
  const glm::mat4 look = glm::lookAtRH(eye, glm::vec3(0), glm::vec3(0, 1, 0));
  glm::mat4 projection = glm::perspectiveRH_ZO(2 * std::atan(0.1F), 1.0F, 0.1F, 1000.0F);
  projection[1][1] = -projection[1][1];
  return {projection * look, eye};
}

Pixel TestPicture::at(int x, int y) const {
  const std::size_t i =
      4 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x));
  return {rgba.at(i), rgba.at(i + 1), rgba.at(i + 2), rgba.at(i + 3)};
}

TestPicture readPng(const std::filesystem::path& file) {
  TestPicture picture;
  int channels = 0;
  stbi_uc* data = stbi_load(file.string().c_str(), &picture.width, &picture.height, &channels, 4);
  EXPECT_NE(data, nullptr) << file << ": " << stbi_failure_reason();
  if (data == nullptr) return picture;
  const std::size_t bytes = 4 * static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
  picture.rgba.assign(data, data + bytes);
  stbi_image_free(data);
  return picture;
}

TestScene::TestScene(app::RendererDesc desc, const PoolDesc& pool) : desc_(desc) {
  desc_.validate = true;
  renderer_ = app::makeVulkanRenderer(desc_, messages_);
  auto made = Pool::create(renderer_->device(), pool, renderer_.get());
  if (!made) throw app::Failure(describe(made.error()));
  pool_ = std::move(*made);
}

TestScene::~TestScene() {
  pool_.reset();
  renderer_.reset();
  EXPECT_EQ(messages_.count(), 0U);
  for (const std::string& text : messages_.first()) ADD_FAILURE() << text;
}

std::size_t TestScene::add(TestObject object) {
  const auto bytes = object.parts();
  const std::array parts{PartDesc{PartKind::Vertex, bytes[0].size(), Source::bytes(bytes[0])},
                         PartDesc{PartKind::Index, bytes[1].size(), Source::bytes(bytes[1])},
                         PartDesc{PartKind::Uniform, bytes[2].size(), Source::bytes(bytes[2])}};
  auto block = pool_->add({.name = "test object", .parts = parts});
  if (!block) throw app::Failure(describe(block.error()));
  object.block = *block;
  objects_.push_back(std::move(object));
  return objects_.size() - 1;
}

void TestScene::update(std::size_t index) {
  const auto bytes = objects_[index].parts();
  const std::array parts{PartUpdate{app::kVertexPart, Source::bytes(bytes[0])},
                         PartUpdate{app::kConstantsPart, Source::bytes(bytes[2])}};
  const auto version = pool_->update(objects_[index].block, parts);
  if (!version) throw app::Failure(describe(version.error()));
}

void TestScene::settle() {
  for (int i = 0; i < 100'000; ++i) {
    if (const auto report = pool_->step(); !report) throw app::Failure(describe(report.error()));
    pool_->publish();
    const Frame frame = pool_->beginFrame();
    bool arrived = true;
    for (const TestObject& object : objects_) {
      const BlockLookup found = frame.find(object.block);
      arrived = arrived && found.drawable() && found.version == pool_->requestedVersion(object.block);
    }
    if (arrived) return;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  throw app::Failure("the uploads do not arrive");
}

std::vector<app::DrawCommand> TestScene::commands(const Frame& frame) const {
  std::vector<app::DrawCommand> draws;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    app::DrawCommand command;
    command.object = static_cast<std::uint32_t>(i);
    for (std::uint32_t part = 0; part < app::kObjectParts; ++part) {
      const PartLookup found = frame.find(objects_[i].block, PartId{part});
      EXPECT_TRUE(found.drawable()) << "object " << i;
      command.version = found.version;
      command.parts[part] = found.place;
    }
    command.indexCount = static_cast<std::uint32_t>(objects_[i].indices.size());
    command.placement = objects_[i].placement;
    draws.push_back(command);
  }
  return draws;
}

std::vector<app::FinishedFrame> TestScene::draw(const app::CameraView& camera) {
  std::vector<app::FinishedFrame> finished = renderer_->beginFrame(++frame_, camera);
  Frame frame = pool_->beginFrame();
  const std::vector<app::DrawCommand> draws = commands(frame);
  const std::size_t share = (draws.size() + desc_.parts - 1) / desc_.parts;
  std::vector<std::thread> workers;
  for (std::uint32_t part = 0; part < desc_.parts; ++part) {
    const std::size_t first = std::min(part * share, draws.size());
    const auto own = std::span(draws).subspan(first, std::min(share, draws.size() - first));
    workers.emplace_back([this, part, own] { renderer_->record(part, own); });
  }
  for (std::thread& worker : workers) worker.join();
  renderer_->submitFrame(frame);
  return finished;
}

TestPicture TestScene::picture() {
  (void)renderer_->finish();
  return pictureOf(renderer_->lastPicture());
}

TestPicture TestScene::pictureOf(std::span<const std::byte> rgba) const {
  TestPicture picture{static_cast<int>(desc_.width), static_cast<int>(desc_.height), {}};
  for (const std::byte value : rgba) picture.rgba.push_back(std::to_integer<std::uint8_t>(value));
  EXPECT_EQ(picture.rgba.size(), std::size_t{4} * desc_.width * desc_.height);
  return picture;
}

std::size_t TestScene::expectRight(std::span<const app::FinishedFrame> frames) const {
  std::size_t compared = 0;
  for (const app::FinishedFrame& frame : frames) {
    for (const app::VerifiedDraw& draw : frame.draws) {
      const auto parts = objects_.at(draw.object).parts();
      for (std::size_t part = 0; part < parts.size(); ++part) {
        EXPECT_EQ(draw.hashes[part], hashBytes(parts[part])) << "object " << draw.object << ", part " << part;
      }
      ++compared;
    }
  }
  return compared;
}

std::vector<std::string> TestScene::takeMessages() {
  std::vector<std::string> texts = messages_.first();
  messages_.clear();
  return texts;
}

TestFolder::TestFolder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  // Several programs may run the same test at once, one a driver.
  std::string name = std::string("flux-") + test->test_suite_name() + "-" + test->name() + "-" +
                     std::to_string(std::random_device()());
  for (char& c : name) c = c == '/' ? '-' : c;
  path_ = std::filesystem::temp_directory_path() / name;
  std::filesystem::create_directories(path_);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace flux::test
