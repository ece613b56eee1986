#include "frame/frame_gate.hpp"

#include <flux/assert.hpp>

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

constexpr QueueId kDraw{1};
constexpr QueueId kCompute{2};

SnapshotView view(SnapshotNumber number) {
  SnapshotView v;
  v.number = number;
  return v;
}

TEST(FrameGate, NewFramesSeeTheNewestSnapshotAndOldOnesKeepTheirs) {
  FrameGate gate;
  gate.publish(view(1), 10);
  const Frame first = gate.begin("first");
  gate.publish(view(2), 20);
  const Frame second = gate.begin("second");
  EXPECT_EQ(first.snapshot(), 1U);
  EXPECT_EQ(second.snapshot(), 2U);
  EXPECT_EQ(first.waits()[0].value, 10U);
  EXPECT_EQ(second.waits()[0].value, 20U);
}

TEST(FrameGate, SlotIsPinnedAsLongAsAnyFrameSeesIt) {
  FrameGate gate;
  gate.publish(view(1), 0);
  Frame a = gate.begin("a");
  Frame b = gate.begin("b");
  EXPECT_TRUE(gate.slotPinned(1));
  a.end();
  EXPECT_TRUE(gate.slotPinned(1));
  b = Frame();
  EXPECT_FALSE(gate.slotPinned(1));
}

TEST(FrameGate, OldestOpenIsTheOldestPinnedOrPublishedSnapshot) {
  FrameGate gate;
  gate.publish(view(1), 0);
  Frame one = gate.begin("one");
  gate.publish(view(2), 0);
  gate.publish(view(3), 0);
  Frame three = gate.begin("three");
  EXPECT_EQ(gate.progress().oldestOpen, 1U);
  EXPECT_EQ(gate.progress().openFrames, 2U);
  one.end();
  EXPECT_EQ(gate.progress().oldestOpen, 3U);
  three.end();
  EXPECT_EQ(gate.progress().oldestOpen, 3U) << "the published one can still gain pins";
  EXPECT_EQ(gate.progress().openFrames, 0U);
}

TEST(FrameGate, TagsAreMergedWhenTheFrameEndsNotBefore) {
  FrameGate gate;
  gate.publish(view(1), 0);
  Frame frame = gate.begin("frame");
  frame.submitted(kDraw, 5);
  frame.submitted(kCompute, 9);
  frame.submitted(kDraw, 3);  // out of order: the largest counts
  EXPECT_EQ(gate.progress().tags[1], 0U);
  frame.end();
  EXPECT_EQ(gate.progress().tags[1], 5U);
  EXPECT_EQ(gate.progress().tags[2], 9U);

  Frame dropped = gate.begin("dropped");
  dropped.end();
  EXPECT_EQ(gate.progress().tags[1], 5U) << "a dropped frame adds nothing, and nothing of an earlier one";
}

TEST(FrameGate, MovingAFrameMovesItsPin) {
  FrameGate gate;
  gate.publish(view(1), 0);
  Frame a = gate.begin("a");
  Frame b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
  EXPECT_TRUE(b);
  Frame& same = b;
  b = std::move(same);  // onto itself: nothing is lost
  EXPECT_TRUE(b);
  Frame c = gate.begin("c");
  b = std::move(c);
  EXPECT_EQ(gate.progress().openFrames, 1U);
  b.end();
  b.end();
  EXPECT_EQ(gate.progress().openFrames, 0U);
}

TEST(FrameGate, WritingAPinnedSlotIsABreach) {
  static std::string seen;
  FrameGate gate;
  gate.publish(view(1), 0);
  const Frame slow = gate.begin("slow");
  gate.publish(view(2), 0);
  gate.publish(view(3), 0);
  const AssertHandler before = setAssertHandler([](const char* invariant, const char*, int) { seen = invariant; });
  gate.publish(view(4), 0);  // slot 1 again
  setAssertHandler(before);
  EXPECT_NE(seen.find("I1"), std::string::npos);
}

TEST(FrameGate, FramesBeginAndEndOnManyThreads) {
  FrameGate gate;
  gate.publish(view(1), 1);
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < 4; ++t) {
      threads.emplace_back([&gate, t] {
        for (TimelineValue i = 1; i <= 2000; ++i) {
          Frame frame = gate.begin("frame");
          frame.submitted(kDraw, i * 4 + t);
        }
      });
    }
    for (SnapshotNumber s = 2; s < 500; ++s) {
      if (!gate.slotPinned(static_cast<std::uint32_t>(s % kSnapshotSlots))) {
        gate.publish(view(s), s);
      } else {
        --s;
        std::this_thread::yield();
      }
    }
  }
  EXPECT_EQ(gate.progress().openFrames, 0U);
  EXPECT_EQ(gate.progress().oldestOpen, 499U);
  EXPECT_EQ(gate.progress().tags[1], 8003U);
}

}  // namespace
}  // namespace flux
