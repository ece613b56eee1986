#include "frame/snapshot_ring.hpp"

#include <cstring>
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

  /// A resident record of this size, with the same number in the other columns.
  void set(std::uint32_t index, std::uint32_t value) {
    const SnapshotRing::Edit edit = ring.edit(index);
    edit.hot = HotRecord::resident(1, {}, 0, value);
    edit.parts.sizeBytes[0] = value;
    edit.cold.userData = value;
  }
};

/// The record as a frame sees it; 0 if its columns do not agree.
std::uint32_t seen(const Frame& frame, std::uint32_t index) {
  const BlockLookup block = frame.find(BlockHandle{index, 1});
  const auto value = static_cast<std::uint32_t>(block.place.bytes / kPlaceUnitBytes);
  const bool agree = block.userData == value && frame.find(BlockHandle{index, 1}, PartId{0}).place.bytes == value;
  return agree ? value : 0;
}

TEST(SnapshotRing, NothingChangedPublishesNothing) {
  Ring r;
  EXPECT_EQ(r.ring.publish(0).changes, 0U);
  EXPECT_EQ(r.ring.published(), 0U);
}

TEST(SnapshotRing, CoalescesChangesOfOneRecord) {
  Ring r;
  ASSERT_TRUE(r.ring.grow(10));
  for (std::uint32_t i = 1; i < 100; ++i) r.set(3, i);
  r.set(4, 1);
  EXPECT_EQ(r.ring.publish(0).changes, 2U);
}

TEST(SnapshotRing, TellsEachEditedRecordOnceWhateverIsPublishedMeanwhile) {
  Ring r;
  ASSERT_TRUE(r.ring.grow(10));
  r.set(1, 1);  // before anybody wanted to know
  r.ring.trackEdits();
  const auto taken = [&] {
    std::vector<std::uint32_t> indices;
    r.ring.takeEdited([&](std::uint32_t index) { indices.push_back(index); });
    return indices;
  };
  r.set(2, 1);
  r.set(3, 1);
  EXPECT_EQ(r.ring.publish(0).changes, 3U);
  r.set(3, 2);
  EXPECT_EQ(taken(), (std::vector<std::uint32_t>{2, 3}));
  EXPECT_TRUE(taken().empty());
  r.set(3, 3);
  EXPECT_EQ(taken(), std::vector<std::uint32_t>{3});
  EXPECT_EQ(r.ring.publish(0).changes, 1U);
}

TEST(SnapshotRing, RefusesToGrowBeyondItsCapacity) {
  Ring r(5);
  EXPECT_TRUE(r.ring.grow(5));
  EXPECT_FALSE(r.ring.grow(6));
  EXPECT_EQ(r.ring.count(), 5U);
}

TEST(SnapshotRing, GrowsToSixteenMillionRecordsUnderAReader) {
  constexpr std::uint32_t kCapacity = (1U << 24U) + 1;
  Ring r(kCapacity);
  ASSERT_TRUE(r.ring.grow(2));
  r.set(1, 7);
  r.ring.publish(0);
  const Frame reader = r.gate.begin("reader");
  for (std::uint32_t count = 4; count < 1U << 18U; count *= 4) {
    ASSERT_TRUE(r.ring.grow(count));
    r.set(count - 1, count);
    EXPECT_FALSE(r.ring.publish(0).deferred);
    EXPECT_EQ(seen(reader, 1), 7U);
    EXPECT_EQ(seen(r.gate.begin("new"), count - 1), count);
    EXPECT_EQ(reader.find(BlockHandle{count - 1, 1}).status, FindStatus::Stale);
  }
  EXPECT_FALSE(r.ring.grow(kCapacity + 1));
}

TEST(SnapshotRing, AFrameThatStaysOpenKeepsItsSlotAndHoldsNobodyUp) {
  Ring r;
  ASSERT_TRUE(r.ring.grow(4));
  r.set(1, 1);
  r.ring.publish(0);
  Frame slow = r.gate.begin("slow");
  for (std::uint32_t i = 2; i < 100; ++i) {
    r.set(1, i);
    ASSERT_FALSE(r.ring.publish(0).deferred);
    const Frame frame = r.gate.begin("quick");
    EXPECT_EQ(frame.snapshot(), i);
    EXPECT_EQ(seen(frame, 1), i);
    EXPECT_EQ(seen(slow, 1), 1U);
  }
  slow.end();
  r.set(2, 5);
  r.ring.publish(0);
  r.set(3, 6);
  r.ring.publish(0);  // takes the slot that was held for long
  const Frame frame = r.gate.begin("now");
  EXPECT_EQ(seen(frame, 1), 99U);
  EXPECT_EQ(seen(frame, 2), 5U);
  EXPECT_EQ(seen(frame, 3), 6U);
}

/// Counted on what a publish leaves to do: without frames two slots would do, and the third fall behind for good.
TEST(SnapshotRing, NoFreeSlotFallsBehind) {
  constexpr std::uint32_t kRecords = 500;
  Ring r;
  ASSERT_TRUE(r.ring.grow(kRecords + 1));
  for (std::uint32_t i = 1; i <= kRecords; ++i) r.set(i, 1);
  r.ring.publish(0);
  for (std::uint32_t i = 1; i <= 10 * kRecords; ++i) {
    r.set(1 + i % kRecords, i);
    r.ring.publish(0);
  }
  EXPECT_EQ(r.ring.longestBacklog(), 0U);
  // A frame holds one slot for long; when it ends, the slot gets level within as many publishes as it is behind.
  Frame slow = r.gate.begin("slow");
  for (std::uint32_t i = 1; i <= kRecords; ++i) {
    r.set(i, 7);
    r.ring.publish(0);
  }
  EXPECT_EQ(r.ring.longestBacklog(), kRecords);
  slow.end();
  for (std::uint32_t i = 0; i <= kRecords; ++i) {
    r.set(1, i + 1);
    r.ring.publish(0);
  }
  EXPECT_EQ(r.ring.longestBacklog(), 0U);
}

TEST(SnapshotRing, DeferredChangesAreInTheNextPublish) {
  Ring r;
  ASSERT_TRUE(r.ring.grow(4));
  r.set(1, 1);
  r.ring.publish(0);
  Frame slow = r.gate.begin("slow");
  r.set(1, 2);
  r.ring.publish(0);
  const Frame slower = r.gate.begin("slower");
  r.set(1, 3);
  EXPECT_FALSE(r.ring.publish(0).deferred);
  r.set(1, 4);
  EXPECT_TRUE(r.ring.publish(0).deferred) << "two slots are pinned, the third is the published one";
  r.set(1, 5);
  r.set(2, 6);
  EXPECT_TRUE(r.ring.publish(0).deferred);
  EXPECT_EQ(r.ring.published(), 3U);
  EXPECT_EQ(seen(slow, 1), 1U);
  EXPECT_EQ(seen(slower, 1), 2U);
  slow.end();
  EXPECT_EQ(r.ring.publish(0).changes, 2U);
  const Frame now = r.gate.begin("now");
  EXPECT_EQ(seen(now, 1), 5U);
  EXPECT_EQ(seen(now, 2), 6U);
}

/// Against a plain model: whole tables, copied at each publish.
TEST(SnapshotRing, EveryFrameSeesExactlyItsSnapshot) {
  Ring r;
  std::mt19937 random(7);
  std::vector<std::uint32_t> model(1);
  struct Open {
    Frame frame;
    std::vector<std::uint32_t> expected;
  };
  std::vector<Open> open;
  std::vector<std::uint32_t> published(1);
  std::uint32_t deferred = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::uint32_t choice = static_cast<std::uint32_t>(random() % 10);
    if (choice < 1 && model.size() < 900) {
      model.push_back(1);
      ASSERT_TRUE(r.ring.grow(static_cast<std::uint32_t>(model.size())));
      r.set(static_cast<std::uint32_t>(model.size() - 1), 1);
    } else if (choice < 6 && model.size() > 1) {
      const auto index = 1 + static_cast<std::uint32_t>(random() % (model.size() - 1));
      model[index] = 1 + static_cast<std::uint32_t>(random() % 100000);
      r.set(index, model[index]);
    } else if (choice < 8) {
      if (r.ring.publish(0).deferred) {
        ++deferred;
      } else {
        published = model;
      }
    } else if (choice < 9 && open.size() < 4) {
      open.push_back({r.gate.begin("open"), published});
    } else if (!open.empty()) {
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(random() % open.size()));
    }
    if (round % 16 != 0) continue;
    for (const Open& o : open) {
      for (std::uint32_t i = 1; i < o.expected.size(); ++i) ASSERT_EQ(seen(o.frame, i), o.expected[i]);
      EXPECT_EQ(o.frame.find(BlockHandle{static_cast<std::uint32_t>(o.expected.size()), 1}).status, FindStatus::Stale);
    }
  }
  EXPECT_GT(deferred, 0U);
}

#ifndef NDEBUG
TEST(SnapshotRingDeathTest, APublishedSlotIsWriteProtected) {
  Ring r;
  ASSERT_TRUE(r.ring.grow(2));
  r.set(1, 7);
  r.ring.publish(0);
  const Frame frame = r.gate.begin("frame");
  EXPECT_DEATH(const_cast<HotRecord*>(frame.view().hot)[1].sizeUnits = 8, "");
  EXPECT_DEATH(const_cast<PartsRecord*>(frame.view().parts)[1].sizeBytes[0] = 8, "");
  EXPECT_DEATH(const_cast<ColdRecord*>(frame.view().cold)[1].userData = 8, "");
}
#endif

}  // namespace
}  // namespace flux
