#include "frame/frame_gate.hpp"

#include "base/thread_id.hpp"

#include <flux/assert.hpp>

#include <bit>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

constexpr QueueId kDraw{1};
constexpr QueueId kCompute{2};

/// Publishes the next snapshot in the first free slot, whose number it returns.
std::uint32_t publish(FrameGate& gate, TimelineValue copyValue = 0) {
  const std::uint32_t free = gate.freeSlots();
  const auto slot = static_cast<std::uint32_t>(std::countr_zero(free));
  SnapshotView view;
  view.number = gate.progress().published + 1;
  gate.publish(slot, view, copyValue);
  return slot;
}

TEST(FrameGate, NewFramesSeeTheNewestSnapshotAndOldOnesKeepTheirs) {
  FrameGate gate;
  publish(gate, 10);
  const Frame first = gate.begin("first");
  publish(gate, 20);
  const Frame second = gate.begin("second");
  EXPECT_EQ(first.snapshot(), 1U);
  EXPECT_EQ(second.snapshot(), 2U);
  EXPECT_EQ(first.waits()[0].value, 10U);
  EXPECT_EQ(second.waits()[0].value, 20U);
}

TEST(FrameGate, AFrameBeforeTheFirstPublishSeesNothing) {
  FrameGate gate;
  const Frame frame = gate.begin("early");
  EXPECT_EQ(frame.snapshot(), 0U);
  EXPECT_EQ(frame.find(BlockHandle{}).status, FindStatus::Stale);
  EXPECT_EQ(frame.find(BlockHandle{0, 1}, PartId{9}).status, FindStatus::Stale);
  EXPECT_EQ(Frame().find(BlockHandle{1, 1}, PartId{0}).status, FindStatus::Stale);
  frame.use(BlockHandle{});
  frame.miss(BlockHandle{3, 1});
  EXPECT_TRUE(frame.waits().empty());
}

TEST(FrameGate, SlotIsPinnedAsLongAsAnyFrameSeesIt) {
  FrameGate gate;
  const std::uint32_t bit = 1U << publish(gate);
  Frame a = gate.begin("a");
  Frame b = gate.begin("b");
  publish(gate);
  EXPECT_EQ(gate.freeSlots() & bit, 0U);
  a.end();
  EXPECT_EQ(gate.freeSlots() & bit, 0U);
  b = Frame();
  EXPECT_EQ(gate.freeSlots() & bit, bit);
}

TEST(FrameGate, ThePublishedSlotIsNeverFree) {
  FrameGate gate;
  EXPECT_EQ(gate.freeSlots(), 0b110U);
  const std::uint32_t slot = publish(gate);
  EXPECT_EQ(gate.freeSlots(), 0b111U & ~(1U << slot));
}

TEST(FrameGate, ProgressTellsWhatFramesHold) {
  FrameGate gate;
  publish(gate);
  Frame one = gate.begin("one");
  publish(gate);
  publish(gate);
  Frame three = gate.begin("three");
  FrameGate::Progress progress = gate.progress();
  EXPECT_EQ(progress.published, 3U);
  ASSERT_EQ(progress.heldCount, 1U);
  EXPECT_EQ(progress.held[0], 1U);
  EXPECT_EQ(progress.openFrames, 2U);
  EXPECT_EQ(progress.newestFrame, 2U);
  EXPECT_EQ(progress.oldestFrame, 1U);
  one.end();
  progress = gate.progress();
  EXPECT_EQ(progress.heldCount, 0U);
  EXPECT_EQ(progress.oldestFrame, 2U);
  three.end();
  progress = gate.progress();
  EXPECT_EQ(progress.openFrames, 0U);
  EXPECT_EQ(progress.oldestFrame, 0U);
  EXPECT_EQ(progress.newestFrame, 2U);
}

TEST(FrameGate, OpenFramesAreNamedOldestFirst) {
  FrameGate gate;
  publish(gate);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(gate.oldestFrame(before));
  Frame outer = gate.begin("outer");
  Frame inner = gate.begin("inner");
  Frame last = gate.begin("last");
  inner.end();  // out of the middle
  const auto now = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  std::vector<OpenFrame> open;
  gate.openFrames(now, now, open);
  ASSERT_EQ(open.size(), 2U);
  EXPECT_STREQ(open[0].label, "outer");
  EXPECT_STREQ(open[1].label, "last");
  EXPECT_EQ(open[0].snapshot, 1U);
  EXPECT_EQ(open[0].thread, currentThreadId());
  EXPECT_GE(open[0].age, std::chrono::seconds(5));
  EXPECT_STREQ(gate.oldestFrame(now)->label, "outer");
  open.clear();
  gate.openFrames(before, now, open);
  EXPECT_TRUE(open.empty());
  outer.end();
  EXPECT_STREQ(gate.oldestFrame(now)->label, "last");
}

TEST(FrameGate, TagsAreMergedWhenTheFrameEndsNotBefore) {
  FrameGate gate;
  publish(gate);
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
  publish(gate);
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

TEST(FrameGate, WritingAPinnedOrPublishedSlotIsABreach) {
  static int breaches;
  breaches = 0;
  FrameGate gate;
  const std::uint32_t pinned = publish(gate);
  const Frame slow = gate.begin("slow");
  const std::uint32_t published = publish(gate);
  SnapshotView next;
  next.number = 3;
  const AssertHandler before = setAssertHandler(
      [](const char* invariant, const char*, int) { breaches += std::string(invariant).starts_with("I1") ? 1 : 0; });
  gate.publish(pinned, next, 0);
  EXPECT_EQ(breaches, 1);
  next.number = 4;
  gate.publish(pinned, next, 0);  // now it is the published one
  EXPECT_EQ(breaches, 2);
  setAssertHandler(before);
  EXPECT_NE(pinned, published);
}

TEST(FrameGate, FramesBeginAndEndOnManyThreads) {
  FrameGate gate;
  publish(gate, 1);
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
    while (gate.progress().published < 499) {
      if (gate.freeSlots() != 0) {
        publish(gate);
      } else {
        std::this_thread::yield();
      }
    }
  }
  EXPECT_EQ(gate.progress().openFrames, 0U);
  EXPECT_EQ(gate.progress().heldCount, 0U);
  EXPECT_EQ(gate.progress().tags[1], 8003U);
}

/// What `overwrite` gives as tags; none: it did nothing.
std::optional<QueueValues> overwrite(FrameGate& gate, TimelineValue value) {
  std::optional<QueueValues> given;
  const bool done = gate.overwrite([&](const QueueValues& tags) {
    given = tags;
    return value;
  });
  EXPECT_EQ(done, given.has_value());
  return given;
}

TEST(FrameGate, NothingIsOverwrittenBetweenTheFirstWaitsOfAFrameAndItsEnd) {
  FrameGate gate;
  publish(gate, 10);
  Frame recording = gate.begin("recording");
  Frame submitting = gate.begin("submitting");
  EXPECT_TRUE(overwrite(gate, 11));
  (void)submitting.waits();
  (void)submitting.waits();  // for another list
  EXPECT_TRUE(gate.submitting());
  EXPECT_FALSE(overwrite(gate, 12));
  submitting.submitted(kDraw, 5);
  EXPECT_FALSE(overwrite(gate, 12)) << "another list of it may follow";
  recording.end();
  EXPECT_FALSE(overwrite(gate, 12));
  submitting.end();
  EXPECT_FALSE(gate.submitting());
  EXPECT_TRUE(overwrite(gate, 12));
}

TEST(FrameGate, WhatOverwritesWaitsForTheFramesThatHaveSubmitted) {
  FrameGate gate;
  publish(gate, 10);
  for (const auto& [queue, value] : {QueueValue{kDraw, 7}, QueueValue{kCompute, 3}, QueueValue{kDraw, 9}}) {
    Frame frame = gate.begin("frame");
    (void)frame.waits();
    frame.submitted(queue, value);
  }
  const std::optional<QueueValues> tags = overwrite(gate, 11);
  ASSERT_TRUE(tags);
  EXPECT_EQ((*tags)[static_cast<std::uint32_t>(kDraw)], 9U);
  EXPECT_EQ((*tags)[static_cast<std::uint32_t>(kCompute)], 3U);
}

TEST(FrameGate, FramesThatSubmitLaterWaitForWhatWasOverwritten) {
  FrameGate gate;
  publish(gate, 10);
  const Frame early = gate.begin("early");
  Frame before = gate.begin("before");
  EXPECT_EQ(before.waits()[0].value, 10U);
  EXPECT_FALSE(overwrite(gate, 11));
  before.end();
  EXPECT_TRUE(overwrite(gate, 12));
  EXPECT_TRUE(overwrite(gate, 0)) << "could not be submitted";
  EXPECT_EQ(early.waits()[0].value, 12U) << "it began earlier, but submits later";
  publish(gate, 11);
  EXPECT_EQ(gate.begin("older copies").waits()[0].value, 12U);
  publish(gate, 20);
  EXPECT_EQ(gate.begin("newer copies").waits()[0].value, 20U);
}

TEST(FrameGate, WhatAFrameWaitsForStaysTheSame) {
  FrameGate gate;
  publish(gate, 10);
  const Frame frame = gate.begin("frame");
  const std::span<const QueueValue> first = frame.waits();
  EXPECT_FALSE(overwrite(gate, 11));
  publish(gate, 12);
  EXPECT_EQ(frame.waits().data(), first.data());
  EXPECT_EQ(first[0].value, 10U);
}

}  // namespace
}  // namespace flux
