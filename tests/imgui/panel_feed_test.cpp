#include "flux_panel_feed.hpp"

#include "imgui/panel_test_tools.hpp"

#include <atomic>
#include <numeric>
#include <thread>

namespace flux::test {
namespace {

using What = PanelEvent::What;

std::vector<What> whats(const PanelData& data) {
  std::vector<What> all;
  for (const PanelEvent& event : data.events) all.push_back(event.what);
  return all;
}

TEST(PanelFeed, HasWhatThePoolHas) {
  PanelPool world;
  const Tag terrain = world.pool->makeTag("terrain").value();
  const BlockHandle hill = world.add("hill", 1000, terrain);
  world.add("tree", 300);
  world.step(4);
  world.feed.fill(*world.pool);
  const PanelData& data = world.feed.data();
  const PoolStats stats = world.pool->stats();
  EXPECT_EQ(data.totals.liveBytes, stats.liveBytes);
  EXPECT_EQ(data.totals.reservedBytes, stats.reservedBytes);
  EXPECT_EQ(data.totals.blocksAdded, 2U);
  EXPECT_EQ(data.stagingLimitBytes, PoolDesc{}.stagingLimitBytes);
  ASSERT_EQ(data.blocks.size(), 2U);
  const PanelBlock* const found = data.find(hill);
  ASSERT_NE(found, nullptr);
  EXPECT_STREQ(data.nameOf(*found), "hill");
  EXPECT_EQ(found->liveBytes, 1000U);
  EXPECT_EQ(found->state, BlockState::Resident);
  EXPECT_EQ(data.tags[static_cast<std::size_t>(found->tag)].name, "terrain");
  EXPECT_EQ(data.tags[static_cast<std::size_t>(found->tag)].stats.liveBytes, 1000U);
  EXPECT_EQ(data.chunks.size(), stats.chunks);
  EXPECT_EQ(data.find({hill.index, hill.generation + 2}), nullptr);
}

TEST(PanelFeed, OutlivesThePool) {
  PanelPool world;
  const Tag terrain = world.pool->makeTag("terrain").value();
  const BlockHandle hill = world.add("hill", 1000, terrain);
  world.feed.fill(*world.pool);
  world.pool.reset();
  const PanelData& data = world.feed.data();
  ASSERT_NE(data.find(hill), nullptr);
  EXPECT_STREQ(data.nameOf(*data.find(hill)), "hill");
  EXPECT_EQ(data.tags.back().name, "terrain");
}

TEST(PanelFeed, CopiesOnlyWhenAskedAndAtMostOnceInTheInterval) {
  PanelPool world;
  world.step(3);
  EXPECT_EQ(world.feed.data().number, 0U);  // the first wish
  world.step(3);
  EXPECT_EQ(world.feed.data().number, 1U);
  PanelFeed slow(std::chrono::hours(1));
  const StepReport report;
  slow.data();
  slow.stepped(*world.pool, report, {}, world.now);
  EXPECT_EQ(slow.data().number, 1U);
  slow.stepped(*world.pool, report, {}, world.now + std::chrono::minutes(59));
  EXPECT_EQ(slow.data().number, 1U);
  slow.stepped(*world.pool, report, {}, world.now + std::chrono::minutes(61));
  EXPECT_EQ(slow.data().number, 2U);
}

TEST(PanelFeed, RemembersTheLastSlicesInOrder) {
  PanelPool world;
  constexpr std::size_t kMade = PanelFeed::kSlices + 37;
  for (std::size_t i = 1; i <= kMade; ++i) {
    const auto now = world.now + i * PanelFeed::kSliceTime;
    world.feed.stepped(*world.pool, {}, std::chrono::nanoseconds(i), now);
    world.feed.fill(*world.pool);
    ASSERT_EQ(world.feed.data().slices.back().longestStep, std::chrono::nanoseconds(i));
  }
  const PanelData& data = world.feed.data();
  ASSERT_EQ(data.slices.size(), PanelFeed::kSlices);
  for (std::size_t i = 0; i < data.slices.size(); ++i) {
    EXPECT_EQ(data.slices[i].longestStep, std::chrono::nanoseconds(kMade - PanelFeed::kSlices + 1 + i));
  }
}

TEST(PanelFeed, ASliceIsOfAllItsSteps) {
  PanelPool world;
  for (int i = 0; i < 5; ++i) {
    StepReport report;
    report.uploadedBytes = 10;
    report.copiedBytes = 1;
    world.feed.stepped(*world.pool, report, std::chrono::nanoseconds(i == 2 ? 900 : 100),
                       world.now + i * std::chrono::milliseconds(1));
  }
  world.feed.fill(*world.pool);
  ASSERT_EQ(world.feed.data().slices.size(), 1U);
  const PanelSlice slice = world.feed.data().slices[0];
  EXPECT_EQ(slice.longestStep, std::chrono::nanoseconds(900));
  EXPECT_EQ(slice.uploadedBytes, 50U);
  EXPECT_EQ(slice.copiedBytes, 5U);
}

TEST(PanelFeed, RangesLieInOrderAndLeaveNothingOut) {
  PanelPool world;
  std::vector<BlockHandle> blocks;
  for (int i = 0; i < 40; ++i) blocks.push_back(world.add("block", 500 + 100 * static_cast<ByteCount>(i % 7)));
  world.step(3);
  const Frame frame = world.pool->beginFrame("a frame");  // holds back what goes now
  for (std::size_t i = 0; i < blocks.size(); i += 3) ASSERT_TRUE(world.pool->remove(blocks[i]));
  for (std::size_t i = 1; i < blocks.size(); i += 3) world.update(blocks[i], 500 + 100 * (i % 7));
  world.step(2);
  world.feed.fill(*world.pool);
  const PanelData& data = world.feed.data();
  ByteCount taken = 0;
  for (std::size_t i = 0; i < data.ranges.size(); ++i) {
    taken += data.ranges[i].range.bytes;
    if (i == 0 || data.ranges[i - 1].range.chunk != data.ranges[i].range.chunk) continue;
    const RangeView& before = data.ranges[i - 1].range;
    EXPECT_LE(before.offset + before.bytes, data.ranges[i].range.offset);
  }
  ByteCount freeBytes = 0;
  for (const ChunkView& chunk : data.chunks) freeBytes += chunk.freeBytes;
  EXPECT_EQ(taken + freeBytes, data.totals.reservedBytes);
  EXPECT_EQ(std::accumulate(data.retiredBytes.begin(), data.retiredBytes.end(), ByteCount{0}),
            data.totals.retiredBytes);
  EXPECT_GT(data.retiredBytes[static_cast<std::size_t>(WaitsFor::Frames)], 0U);
  ASSERT_EQ(data.frames.size(), 1U);
  EXPECT_EQ(data.frames[0].label, "a frame");
}

TEST(PanelFeed, TellsWhatHappensToTheWatchedBlock) {
  PanelPool world;
  const BlockHandle block = world.add("block", 1000);
  const BlockHandle other = world.add("other", 1000);
  world.step(3);
  world.feed.watch(block);
  world.step();
  world.update(other, 1000);
  world.step(3);
  world.feed.fill(*world.pool);
  EXPECT_EQ(whats(world.feed.data()), std::vector{What::Watched});
  world.update(block, 1000);
  world.step(4);
  ASSERT_TRUE(world.pool->remove(block));
  world.step(2);
  world.feed.fill(*world.pool);
  const PanelData& data = world.feed.data();
  EXPECT_EQ(data.watched, block);
  EXPECT_EQ(data.events.front().what, What::Watched);
  EXPECT_EQ(data.events.back().what, What::Gone);
  EXPECT_EQ(std::ranges::count(data.events, What::Asked, &PanelEvent::what), 1);
  EXPECT_EQ(std::ranges::count(data.events, What::Arrived, &PanelEvent::what), 1);
  EXPECT_EQ(std::ranges::count(data.events, What::Moved, &PanelEvent::what), 1);
  world.feed.watch({});
  world.step();
  world.feed.fill(*world.pool);
  EXPECT_TRUE(world.feed.data().events.empty());
}

TEST(PanelFeed, TwoThreadsMeet) {
  PanelPool world;
  std::atomic<bool> done{false};
  std::uint64_t seen = 0;
  std::thread panel([&] {
    while (!done) {
      const PanelData& data = world.feed.data();
      EXPECT_GE(data.number, seen);
      seen = data.number;
      EXPECT_EQ(data.blocks.size(), data.number == 0 ? 0U : data.totals.blocks);
      world.feed.watch(data.blocks.empty() ? BlockHandle{} : data.blocks.front().block);
    }
  });
  for (int i = 0; i < 300; ++i) {
    world.add("block", 64);
    world.step();
  }
  done = true;
  panel.join();
}

}  // namespace
}  // namespace flux::test
