// The placing strategies: bytes survive growth, and what is replaced lives as long as the device needs it.

#include "conformance/conformance.hpp"

#include <flux/strategies.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace flux::test {
namespace {

class Strategies : public ConformanceTest, public testing::WithParamInterface<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(All, Strategies, testing::ValuesIn(strategyNames().begin(), strategyNames().end()),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(Strategies, BytesSurviveGrowthAndResizes) {
  struct Mesh {
    AllocationId id;
    std::vector<std::byte> bytes;
  };
  const std::span<std::byte> page = openPage(kPage, 64 * kKiB);
  auto strategy = makeStrategy(GetParam(), device(), {.firstBytes = 64 * kKiB, .chunkBytes = kMiB}).value();
  std::vector<Mesh> meshes;
  TimelineValue drawn = 0;
  TimelineValue copied = 0;
  const auto placeOf = [&](const Allocation& at, ByteCount bytes) {
    const ChunkInfo info = strategy->buffer(at.buffer).value();
    return Place{info.buffer, at.buffer, at.offset, bytes, info.address != 0 ? info.address + at.offset : 0};
  };
  const auto expectAll = [&] {
    std::vector<Place> places;
    for (const Mesh& mesh : meshes) places.push_back(placeOf(strategy->find(mesh.id).value(), mesh.bytes.size()));
    const std::vector<std::uint64_t> found = hashes(places, std::max(copied, strategy->lastCopy()));
    ++drawn;
    for (std::size_t i = 0; i < meshes.size(); ++i) ASSERT_EQ(found[i], hashBytes(meshes[i].bytes)) << i;
  };
  std::mt19937 random(4);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const ByteCount bytes = 1 + random() % (ByteCount{1} << random() % 17);
    const auto made = strategy->allocate(bytes, 4);
    ASSERT_TRUE(made) << describe(made.error());
    meshes.push_back({made->id, patternBytes(bytes, i)});
    std::ranges::copy(meshes.back().bytes, page.begin());
    const ByteCount padded = (bytes + 3) / 4 * 4;
    ASSERT_TRUE(device().sealStaging(kPage, padded));
    copied = submit(std::array{fromPage(kPage, 0, made->buffer, made->offset, padded)});
    waitFor(kCopyQueue, copied);
    const Place read = placeOf(*made, bytes);
    ASSERT_EQ(hashes({&read, 1}, copied).front(), hashBytes(meshes.back().bytes));
    ++drawn;
    if (i % 3 == 0) {
      std::swap(meshes[random() % meshes.size()], meshes.back());
      ASSERT_TRUE(strategy->free(meshes.back().id));
      meshes.pop_back();
    } else if (i % 5 == 0) {
      const Mesh& mesh = meshes[random() % meshes.size()];
      ASSERT_TRUE(strategy->resize(mesh.id, mesh.bytes.size() + 1 + random() % 10'000));
    }
    ASSERT_TRUE(strategy->step(std::array{QueueValue{kDrawQueue, drawn}, QueueValue{kCopyQueue, copied}}));
    if (i % 40 == 0) expectAll();
  }
  expectAll();
  EXPECT_GT(strategy->stats().copies, 10U);
  EXPECT_EQ(GetParam() == "megabuffer", strategy->stats().buffers == 1);
  ASSERT_TRUE(device().poll());  // so that the device has seen what was waited for
  strategy.reset();
  device().closeStaging(kPage);
}

}  // namespace
}  // namespace flux::test
