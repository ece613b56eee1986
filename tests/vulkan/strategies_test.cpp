// Strategies on a real driver: bytes survive growth, and what is replaced lives as long as the device needs it.

#include "vulkan/test_gpu.hpp"

#include <flux/strategies.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace flux::test {
namespace {

class VulkanStrategiesTest : public VulkanTest, public testing::WithParamInterface<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(All, VulkanStrategiesTest, testing::ValuesIn(strategyNames().begin(), strategyNames().end()),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(VulkanStrategiesTest, BytesSurviveGrowthAndResizes) {
  constexpr ByteCount kPageBytes = 64 * kKiB;
  struct Mesh {
    AllocationId id;
    std::vector<std::byte> bytes;
  };
  const auto page = device().openStaging(StagingIndex{0}, kPageBytes);
  ASSERT_TRUE(page);
  auto strategy = makeStrategy(GetParam(), device(), {.firstBytes = 64 * kKiB, .chunkBytes = kMiB}).value();
  ChunkReader reader(context());
  std::vector<Mesh> meshes;
  TimelineValue drawn = 0;
  TimelineValue copied = 0;
  const auto expectAll = [&] {
    for (const Mesh& mesh : meshes) {
      const Allocation place = strategy->find(mesh.id).value();
      const VkBuffer buffer = vulkanBuffer(strategy->buffer(place.buffer)->buffer);
      const TimelineValue wait = std::max(copied, strategy->lastCopy());
      ASSERT_EQ(reader.read(buffer, place.offset, mesh.bytes.size(), device().copyTimeline(), wait), mesh.bytes);
    }
  };
  std::mt19937 random(4);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const ByteCount bytes = 1 + random() % (ByteCount{1} << random() % 17);
    const auto made = strategy->allocate(bytes, 4);
    ASSERT_TRUE(made) << describe(made.error());
    meshes.push_back({made->id, patternBytes(bytes, i)});
    std::copy(meshes.back().bytes.begin(), meshes.back().bytes.end(), page->begin());
    const ByteCount padded = (bytes + 3) / 4 * 4;
    ASSERT_TRUE(device().sealStaging(StagingIndex{0}, padded));
    const auto uploaded =
        device().submit(std::array{CopyPiece{CopyPiece::From::Staging, 0, made->buffer, 0, made->offset, padded}});
    ASSERT_TRUE(uploaded);
    copied = *uploaded;
    waitForCopies(device(), copied);
    drawn = reader.submit(ReadBy::Copy, vulkanBuffer(strategy->buffer(made->buffer)->buffer), made->offset, padded,
                          device().copyTimeline(), copied);
    if (i % 3 == 0) {
      std::swap(meshes[random() % meshes.size()], meshes.back());
      ASSERT_TRUE(strategy->free(meshes.back().id));
      meshes.pop_back();
    } else if (i % 5 == 0) {
      Mesh& mesh = meshes[random() % meshes.size()];
      const ByteCount larger = mesh.bytes.size() + 1 + random() % 10'000;
      ASSERT_TRUE(strategy->resize(mesh.id, larger));
    }
    ASSERT_TRUE(strategy->step(std::array{QueueValue{QueueId{1}, drawn}, QueueValue{kCopyQueue, copied}}));
    if (i % 40 == 0) expectAll();
  }
  expectAll();
  EXPECT_GT(strategy->stats().copies, 10U);
  EXPECT_EQ(GetParam() == "megabuffer", strategy->stats().buffers == 1);
  strategy.reset();
  device().closeStaging(StagingIndex{0});
}

}  // namespace
}  // namespace flux::test
