#include "app_vulkan/test_scene.hpp"

#include <flux/host.hpp>

#include <algorithm>
#include <set>

namespace flux::test {
namespace {

constexpr glm::vec3 kRed(0.8F, 0.05F, 0.05F);
constexpr glm::vec3 kGreen(0.05F, 0.8F, 0.05F);

constexpr app::RendererDesc kSmall{.width = 64, .height = 64, .parts = 2};

app::RendererDesc verifying() {
  app::RendererDesc desc = kSmall;
  desc.verify = true;
  return desc;
}

bool isRed(const Pixel& p) {
  return p.r > 80 && p.r > 2 * p.g && p.r > 2 * p.b;
}
bool isGreen(const Pixel& p) {
  return p.g > 80 && p.g > 2 * p.r && p.g > 2 * p.b;
}
bool isSky(const Pixel& p) {
  return p.b > 100 && p.b >= p.g && p.g >= p.r;
}

TEST(Renderer, DrawsATriangleWhereItIsAndSkyElsewhere) {
  TestScene scene(kSmall);
  scene.add(makeTriangle(kRed));
  scene.settle();
  scene.draw();
  const TestPicture picture = scene.picture();
  ASSERT_EQ(picture.width, 64);
  ASSERT_EQ(picture.height, 64);
  EXPECT_TRUE(isRed(picture.at(16, 48)));
  EXPECT_TRUE(isRed(picture.at(28, 30)));
  EXPECT_TRUE(isSky(picture.at(48, 16)));
  EXPECT_EQ(picture.at(48, 16).a, 255);
}

TEST(Renderer, SmoothsEdgesInALargePicture) {
  app::RendererDesc large = kSmall;
  large.width = large.height = 512;
  TestScene scene(large);
  scene.add(makeTriangle(kRed));
  scene.settle();
  scene.draw();
  scene.draw();
  const TestPicture picture = scene.picture();
  EXPECT_TRUE(isRed(picture.at(128, 384)));
  EXPECT_TRUE(isSky(picture.at(384, 128)));
  // Along the slanted edge there are pixels that are neither.
  int between = 0;
  for (int i = 10; i < 500; ++i) {
    for (int d = -2; d <= 2; ++d) {
      const Pixel p = picture.at(i, i + d);
      between += !isRed(p) && !isSky(p) ? 1 : 0;
    }
  }
  EXPECT_GT(between, 100);
}

TEST(Renderer, LightsASideThatFacesAwayAsWell) {
  TestScene scene(kSmall);
  TestObject turned = makeTriangle(kRed);
  for (app::Vertex& vertex : turned.vertices) vertex.normal = -vertex.normal;
  std::swap(turned.indices[0], turned.indices[1]);
  scene.add(turned);
  scene.settle();
  scene.draw();
  EXPECT_TRUE(isRed(scene.picture().at(16, 48)));
}

TEST(Renderer, PlacesEveryObjectByItsOwnConstantsAndPlacement) {
  TestScene scene(kSmall);
  TestObject left = makeCube(kRed);
  left.constants.local[3] = glm::vec4(-1, 0, 0, 1);  // Scaled to half by the placement, like all of the object.
  left.placement = {0, 0, -3, 0.4F};
  TestObject right = makeCube(kGreen);
  right.placement = {0.5F, 0, -3, 0.3F};
  scene.add(left);
  scene.add(right);
  scene.settle();
  scene.draw();
  const TestPicture picture = scene.picture();
  EXPECT_TRUE(isRed(picture.at(22, 32)));
  EXPECT_TRUE(isGreen(picture.at(44, 32)));
  EXPECT_TRUE(isSky(picture.at(32, 4)));
}

TEST(Renderer, WhatIsNearerHidesWhatIsBehindInAnyOrder) {
  TestScene scene(kSmall);
  TestObject near = makeCube(kRed);
  near.placement = {0, 0, 2, 0.3F};
  scene.add(near);
  scene.add(makeCube(kGreen));
  scene.settle();
  scene.draw();
  const TestPicture picture = scene.picture();
  EXPECT_TRUE(isRed(picture.at(32, 32)));
  EXPECT_TRUE(isGreen(picture.at(6, 6)));
}

TEST(Renderer, AnUpdateChangesTheNextFrameThatSeesIt) {
  TestScene scene(verifying());
  const std::size_t index = scene.add(makeTriangle(kRed));
  scene.settle();
  scene.draw();
  EXPECT_EQ(scene.expectRight(scene.renderer().finish()), 1U);
  scene.object(index).constants.color = glm::vec4(kGreen, 1);
  scene.update(index);
  scene.settle();
  scene.draw();
  const auto frames = scene.renderer().finish();
  ASSERT_EQ(scene.expectRight(frames), 1U);
  EXPECT_EQ(frames.at(0).draws.at(0).version, 2U);
  EXPECT_TRUE(isGreen(scene.picture().at(16, 48)));
}

TEST(Renderer, HashesEveryPartOfEveryDrawInEveryFrame) {
  TestScene scene(verifying());
  for (std::uint32_t i = 0; i < 50; ++i) {
    TestObject object = makeCube({0.1F, 0.2F, 0.01F * static_cast<float>(i)});
    pad(object, 37 * i, i);
    scene.add(object);
  }
  scene.settle();
  std::vector<app::FinishedFrame> frames;
  for (int i = 0; i < 8; ++i) {
    for (app::FinishedFrame& frame : scene.draw()) frames.push_back(std::move(frame));
  }
  EXPECT_GE(frames.size(), 5U);  // No more than three frames were unfinished.
  for (app::FinishedFrame& frame : scene.renderer().finish()) frames.push_back(std::move(frame));
  ASSERT_EQ(frames.size(), 8U);
  for (std::size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(frames[i].frame, i + 1);
  EXPECT_EQ(scene.expectRight(frames), 8U * 50U);
}

TEST(Renderer, OneWrongByteIsSeenInThatPartOnly) {
  TestScene scene(verifying());
  const std::size_t index = scene.add(makeCube(kRed));
  scene.settle();
  scene.draw();
  const auto frames = scene.renderer().finish();
  ASSERT_EQ(frames.size(), 1U);
  scene.object(index).vertices[7].normal.y += 0.001F;  // What the test expects, not what was uploaded.
  const auto parts = scene.object(index).parts();
  const app::VerifiedDraw& draw = frames[0].draws.at(0);
  EXPECT_NE(draw.hashes[0], hashBytes(parts[0]));
  EXPECT_EQ(draw.hashes[1], hashBytes(parts[1]));
  EXPECT_EQ(draw.hashes[2], hashBytes(parts[2]));
}

TEST(Renderer, HashesAnObjectThatIsDrawnTwiceEachTime) {
  TestScene scene(verifying());
  scene.add(makeCube(kRed));
  scene.settle();
  (void)scene.renderer().beginFrame(1, makeCamera());
  Frame frame = scene.pool().beginFrame();
  const auto draws = scene.commands(frame);
  scene.renderer().record(0, draws);
  scene.renderer().record(1, draws);
  scene.renderer().record(1, draws);
  scene.renderer().submitFrame(frame);
  EXPECT_EQ(scene.expectRight(scene.renderer().finish()), 3U);
}

TEST(Renderer, DrawsFromManyChunksAndGrowsWithTheNumberOfDraws) {
  TestScene scene(verifying(), {.chunkBytes = 64 * kKiB, .firstChunkBytes = 64 * kKiB, .stagingPageBytes = 256 * kKiB});
  std::vector<app::FinishedFrame> frames;
  std::set<std::uint32_t> chunks;
  for (std::uint32_t round = 0; round < 6; ++round) {
    for (std::uint32_t i = 0; i < 160; ++i) {
      TestObject object = makeCube(kGreen);
      pad(object, 200 + i, round * 1000 + i);
      scene.add(object);
    }
    scene.settle();
    for (app::FinishedFrame& frame : scene.draw()) frames.push_back(std::move(frame));
  }
  const Frame frame = scene.pool().beginFrame();
  for (const app::DrawCommand& draw : scene.commands(frame))
    chunks.insert(static_cast<std::uint32_t>(draw.parts[0].chunk));
  EXPECT_GT(chunks.size(), 64U);  // More than fit into the first pool of descriptor sets.
  for (app::FinishedFrame& finished : scene.renderer().finish()) frames.push_back(std::move(finished));
  EXPECT_EQ(scene.expectRight(frames), 160U * (1 + 2 + 3 + 4 + 5 + 6));
}

TEST(Renderer, DrawsFrameAfterFrameWhileObjectsAreEdited) {
  TestScene scene(verifying());
  for (std::uint32_t i = 0; i < 20; ++i) scene.add(makeCube(kRed));
  scene.settle();
  std::size_t compared = 0;
  for (std::uint32_t i = 0; i < 30; ++i) {
    scene.object(i % 20).constants.color.b = 0.01F * static_cast<float>(i);
    scene.update(i % 20);
    scene.settle();
    (void)scene.draw();  // Earlier frames saw other bytes.
    if (i % 10 != 9) continue;
    const auto frames = scene.renderer().finish();
    compared += scene.expectRight(std::span(frames).last(1));
  }
  EXPECT_EQ(compared, 3U * 20U);
}

TEST(Renderer, AFrameMayBeEmptyOrDropped) {
  TestScene scene(verifying());
  scene.add(makeTriangle(kRed));
  scene.settle();
  (void)scene.renderer().beginFrame(101, makeCamera());
  {
    Frame frame = scene.pool().beginFrame();
    scene.renderer().submitFrame(frame);
  }
  (void)scene.renderer().beginFrame(102, makeCamera());
  {
    const Frame frame = scene.pool().beginFrame();
    scene.renderer().record(0, scene.commands(frame));
  }
  for (int i = 0; i < 4; ++i) (void)scene.draw();
  const auto frames = scene.renderer().finish();
  EXPECT_GE(scene.expectRight(frames), 1U);
  for (const app::FinishedFrame& frame : frames) EXPECT_NE(frame.frame, 102U);
}

TEST(Renderer, WorksWithOneWorkerAndOneQueue) {
  app::RendererDesc desc = verifying();
  desc.parts = 1;
  desc.singleQueue = true;
  TestScene scene(desc);
  scene.add(makeTriangle(kRed));
  scene.settle();
  scene.draw();
  EXPECT_EQ(scene.expectRight(scene.renderer().finish()), 1U);
  EXPECT_TRUE(isRed(scene.picture().at(16, 48)));
}

TEST(Renderer, WritesTheSamePictureAgainAndDrawsOnAfterwards) {
  TestScene scene(kSmall);
  scene.add(makeTriangle(kRed));
  scene.settle();
  scene.draw();
  const TestPicture first = scene.picture();
  EXPECT_EQ(scene.picture().rgba, first.rgba);
  scene.draw();
  EXPECT_EQ(scene.picture().rgba, first.rgba);
}

TEST(Renderer, WithoutAFrameThereIsNoPicture) {
  TestScene scene(kSmall);
  EXPECT_TRUE(scene.renderer().finish().empty());
  EXPECT_TRUE(scene.renderer().lastPicture().empty());
}

TEST(Renderer, HandsThePictureOfEachFrameOver) {
  app::RendererDesc desc = kSmall;
  desc.pictures = true;
  TestScene scene(desc);
  const std::size_t triangle = scene.add(makeTriangle(kRed));
  scene.settle();
  std::vector<std::pair<std::uint64_t, bool>> seen;  // The frame, and whether it was red rather than green.
  const auto look = [&](const std::vector<app::FinishedFrame>& finished) {
    for (const app::FinishedFrame& frame : finished) {
      const TestPicture picture = scene.pictureOf(frame.picture);
      EXPECT_NE(isRed(picture.at(16, 48)), isGreen(picture.at(16, 48))) << "frame " << frame.frame;
      seen.emplace_back(frame.frame, isRed(picture.at(16, 48)));
    }
  };
  for (std::uint64_t frame = 1; frame <= 8; ++frame) {
    scene.object(triangle).constants.color = glm::vec4(frame % 2 == 1 ? kRed : kGreen, 1);
    if (frame > 1) scene.update(triangle);
    scene.settle();
    look(scene.draw());
  }
  look(scene.renderer().finish());
  ASSERT_EQ(seen.size(), 8U);
  for (std::uint64_t frame = 1; frame <= 8; ++frame) {
    EXPECT_EQ(seen[frame - 1], std::pair(frame, frame % 2 == 1));
  }
}

}  // namespace
}  // namespace flux::test
