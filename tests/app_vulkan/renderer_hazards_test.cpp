// Plants missing synchronisation into the renderer and expects the validation layer to say so: a driver that runs one
// queue in order gives the right picture anyway. Needs a layer that follows timeline semaphores (docs/validation.md).

#include "app_vulkan/test_scene.hpp"
#include "vulkan/context.hpp"

#include <algorithm>
#include <vector>

namespace flux::test {
namespace {

constexpr app::RendererDesc kSmall{.width = 64, .height = 64, .parts = 2};

/// Puts another function in the place of one of Vulkan's, for as long as it lives.
template <auto& Function>
class Replaced {
 public:
  using Pfn = std::remove_reference_t<decltype(Function)>;
  explicit Replaced(Pfn replacement) {
    real_ = Function;
    Function = replacement;
  }
  ~Replaced() { Function = real_; }
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;
  static Pfn real() { return real_; }

 private:
  static inline Pfn real_ = nullptr;
};

/// Layouts change, but nothing is ordered.
VKAPI_ATTR void VKAPI_CALL barrierWithoutOrder(VkCommandBuffer commands, const VkDependencyInfo* dependency) {
  std::vector<VkImageMemoryBarrier2> images(dependency->pImageMemoryBarriers,
                                            dependency->pImageMemoryBarriers + dependency->imageMemoryBarrierCount);
  for (VkImageMemoryBarrier2& image : images) {
    image.srcStageMask = image.dstStageMask = VK_PIPELINE_STAGE_2_NONE;
    image.srcAccessMask = image.dstAccessMask = VK_ACCESS_2_NONE;
  }
  VkDependencyInfo stripped = *dependency;
  stripped.memoryBarrierCount = 0;
  stripped.pImageMemoryBarriers = images.data();
  Replaced<vkCmdPipelineBarrier2>::real()(commands, &stripped);
}

void expectReported(const std::vector<std::string>& messages, const std::string& rule) {
  EXPECT_FALSE(messages.empty());
  for (const std::string& text : messages) EXPECT_NE(text.find(rule), std::string::npos) << text;
}

/// A triangle that no pool watches over, so that nothing keeps its copies and draws apart.
///
/// The pool lets no frame see a block before the host has seen its copies finish. The layer then takes the
/// copies for ordered before everything later, so a mistake must be planted where the pool does not help.
class LooseTriangle {
 public:
  explicit LooseTriangle(app::Renderer& renderer) : renderer_(renderer) {
    const auto chunk = renderer.device().createChunk(kChunk, kBytes);
    const auto page = renderer.device().openStaging(kPage, kBytes);
    if (!chunk || !page) throw app::Failure("no chunk or no page");
    renderer.chunkCreated(kChunk, *chunk);
    const TestObject triangle = makeTriangle({1, 0, 0});
    const auto parts = triangle.parts();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::copy(parts[i].begin(), parts[i].end(), page->begin() + static_cast<std::ptrdiff_t>(i * kPartBytes));
      command_.parts[i] = {chunk->buffer, kChunk, i * kPartBytes, parts[i].size(), 0};
    }
    command_.indexCount = 3;
    command_.placement = triangle.placement;
    EXPECT_TRUE(renderer.device().sealStaging(kPage, kBytes));
  }

  ~LooseTriangle() {
    EXPECT_TRUE(renderer_.device().wait(kCopyQueue, copied_, std::chrono::minutes(1)));
    renderer_.chunkReleased(kChunk);
    renderer_.device().destroyChunk(kChunk);
    renderer_.device().closeStaging(kPage);
  }
  LooseTriangle(const LooseTriangle&) = delete;
  LooseTriangle& operator=(const LooseTriangle&) = delete;

  void upload() {
    const CopyPiece piece{.source = kPage, .destination = kChunk, .bytes = kBytes};
    const auto value = renderer_.device().submit({&piece, 1});
    ASSERT_TRUE(value);
    copied_ = *value;
  }

  void waitForUpload() { EXPECT_TRUE(renderer_.device().wait(kCopyQueue, copied_, std::chrono::minutes(1))); }

  void draw(Pool& pool) {
    (void)renderer_.beginFrame(1, makeCamera());
    Frame frame = pool.beginFrame();
    renderer_.record(0, {&command_, 1});
    renderer_.submitFrame(frame);
  }

 private:
  static constexpr ChunkIndex kChunk{60'000};  // Out of the pool's way.
  static constexpr StagingIndex kPage{60'000};
  static constexpr ByteCount kPartBytes = 4 * kKiB;
  static constexpr ByteCount kBytes = app::kObjectParts * kPartBytes;

  app::Renderer& renderer_;
  app::DrawCommand command_;
  TimelineValue copied_ = 0;
};

TEST(RendererHazards, NoneWhenTheCopiesWereSeenToFinish) {
  TestScene scene(kSmall);
  LooseTriangle triangle(scene.renderer());
  triangle.upload();
  triangle.waitForUpload();
  triangle.draw(scene.pool());
  (void)scene.renderer().finish();
}

TEST(RendererHazards, DrawingWithoutWaitingForTheCopiesIsReported) {
  TestScene scene(kSmall);
  LooseTriangle triangle(scene.renderer());
  triangle.upload();
  triangle.draw(scene.pool());
  (void)scene.renderer().finish();
  expectReported(scene.takeMessages(), "SYNC-HAZARD-READ-AFTER-WRITE");
}

TEST(RendererHazards, OverwritingWhatADrawStillReadsIsReported) {
  TestScene scene(kSmall);
  LooseTriangle triangle(scene.renderer());
  triangle.upload();
  triangle.waitForUpload();
  triangle.draw(scene.pool());
  triangle.upload();
  (void)scene.renderer().finish();
  expectReported(scene.takeMessages(), "SYNC-HAZARD-WRITE-AFTER-READ");
}

TEST(RendererHazards, FramesThatAreNotOrderedAreReported) {
  TestScene scene(kSmall);
  scene.add(makeTriangle({1, 0, 0}));
  scene.settle();
  scene.draw();
  const Replaced<vkCmdPipelineBarrier2> planted(barrierWithoutOrder);
  scene.draw();
  (void)scene.renderer().finish();
  expectReported(scene.takeMessages(), "SYNC-HAZARD-WRITE-AFTER-WRITE");
}

}  // namespace
}  // namespace flux::test
