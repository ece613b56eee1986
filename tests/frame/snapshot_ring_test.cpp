#include "frame/snapshot_ring.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

struct Ring {
  explicit Ring(std::uint32_t capacity = 1000) : chunks(1), ring(gate, capacity, chunks.data()) {}
  std::vector<ChunkInfo> chunks;
  FrameGate gate;
  SnapshotRing ring;

  void set(std::uint32_t index, std::uint32_t value) { ring.edit(index).hot.sizeUnits = value; }
};

/// The record as a frame of the newest snapshot sees it.
std::uint32_t seen(const Frame& frame, std::uint32_t index) {
  return static_cast<std::uint32_t>(frame.find(BlockHandle{index, 1}).place.bytes / kPlaceUnitBytes);
}

TEST(SnapshotRing, NothingChangedPublishesNothing) {
  Ring r;
  EXPECT_EQ(r.ring.publish(0).changes, 0U);
  EXPECT_EQ(r.ring.published(), 0U);
}

TEST(SnapshotRing, CoalescesChangesOfOneRecord) {
  Ring r;
  ASSERT_TRUE(r.ring.grow(10));
  for (std::uint32_t i = 0; i < 100; ++i) r.set(3, i);
  r.set(4, 1);
  EXPECT_EQ(r.ring.publish(0).changes, 2U);
}

TEST(SnapshotRing, RefusesToGrowBeyondItsCapacity) {
  Ring r(5);
  EXPECT_TRUE(r.ring.grow(5));
  EXPECT_FALSE(r.ring.grow(6));
  EXPECT_EQ(r.ring.count(), 5U);
}

TEST(SnapshotRing, DeferredChangesAreInTheNextPublish) {
  Ring r;
  ASSERT_TRUE(r.ring.grow(4));
  r.ring.edit(0).hot = {1, HotRecord::pack({}, BlockState::Resident), 0, 1};
  r.ring.publish(0);
  Frame slow = r.gate.begin("slow");
  for (std::uint32_t i = 2; i <= 3; ++i) {
    r.set(0, i);
    EXPECT_FALSE(r.ring.publish(0).deferred);
  }
  r.set(0, 4);
  EXPECT_TRUE(r.ring.publish(0).deferred);
  r.set(0, 5);
  EXPECT_TRUE(r.ring.publish(0).deferred);
  EXPECT_EQ(r.ring.published(), 3U);
  EXPECT_EQ(seen(slow, 0), 1U);
  slow.end();
  EXPECT_EQ(r.ring.publish(0).changes, 1U);
  EXPECT_EQ(seen(r.gate.begin("now"), 0), 5U);
}

/// Against a plain model: whole tables, copied at each publish.
TEST(SnapshotRing, EveryFrameSeesExactlyItsSnapshot) {
  Ring r;
  std::mt19937 random(7);
  std::vector<std::uint32_t> model;
  struct Open {
    Frame frame;
    std::vector<std::uint32_t> expected;
  };
  std::vector<Open> open;
  std::vector<std::uint32_t> published;
  for (int round = 0; round < 4000; ++round) {
    const std::uint32_t choice = static_cast<std::uint32_t>(random() % 10);
    if (choice < 1 && model.size() < 900) {
      model.push_back(1);
      ASSERT_TRUE(r.ring.grow(static_cast<std::uint32_t>(model.size())));
      r.ring.edit(static_cast<std::uint32_t>(model.size() - 1)).hot = {1, HotRecord::pack({}, BlockState::Resident), 0,
                                                                       1};
    } else if (choice < 6 && !model.empty()) {
      const auto index = static_cast<std::uint32_t>(random() % model.size());
      model[index] = static_cast<std::uint32_t>(random() % 100000);
      r.set(index, model[index]);
    } else if (choice < 8) {
      if (!r.ring.publish(0).deferred) published = model;
    } else if (choice < 9 && open.size() < 4) {
      open.push_back({r.gate.begin("open"), published});
    } else if (!open.empty()) {
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(random() % open.size()));
    }
    if (round % 16 != 0) continue;
    for (const Open& o : open) {
      for (std::uint32_t i = 0; i < o.expected.size(); ++i) ASSERT_EQ(seen(o.frame, i), o.expected[i]);
      EXPECT_EQ(o.frame.find(BlockHandle{static_cast<std::uint32_t>(o.expected.size()), 1}).status, FindStatus::Stale);
    }
  }
}

}  // namespace
}  // namespace flux
