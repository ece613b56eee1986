#include "view/edit_log.hpp"

#include <gtest/gtest.h>

namespace flux::app {
namespace {

TEST(EditLogTest, KnowsWhatWasAcceptedByAFrame) {
  EditLog log;
  log.accepted(7, 2, 10);
  log.accepted(7, 3, 10);
  log.accepted(7, 4, 12);
  EXPECT_EQ(log.acceptedBy(7, 9), 0U);
  EXPECT_EQ(log.acceptedBy(7, 10), 3U);
  EXPECT_EQ(log.acceptedBy(7, 11), 3U);
  EXPECT_EQ(log.acceptedBy(7, 12), 4U);
  EXPECT_EQ(log.acceptedBy(7, 1000), 4U);
  EXPECT_EQ(log.acceptedBy(8, 1000), 0U);
}

TEST(EditLogTest, RemembersFramesAndNotEdits) {
  EditLog log;
  ContentVersion version = 1;
  for (std::uint64_t frame = 1; frame <= EditLog::kFrames; ++frame) {
    for (int edit = 0; edit < 100; ++edit) log.accepted(7, ++version, frame);
  }
  EXPECT_EQ(log.acceptedBy(7, 1), 101U);
  EXPECT_EQ(log.acceptedBy(7, EditLog::kFrames), version);
}

TEST(EditLogTest, KnowsTheLastMarksTheNewestFirst) {
  EditLog log;
  EXPECT_EQ(log.marksOf(7), std::nullopt);
  for (std::uint32_t mark = 1; mark <= 10; ++mark) log.marked(7, PartId{mark});
  EXPECT_EQ(log.marksOf(7)->front(), PartId{10});
  EXPECT_EQ(log.marksOf(7)->at(1), PartId{9});
  EXPECT_EQ(log.marksOf(7)->back(), PartId{3});
  EXPECT_EQ(log.marksOf(8), std::nullopt);
  log.forget(7);
  EXPECT_EQ(log.marksOf(7), std::nullopt);
  log.marked(7, PartId{9});
  EXPECT_EQ(log.marksOf(7)->front(), PartId{9});
  EXPECT_EQ(log.marksOf(7)->back(), PartId{9}) << "none of those before";
}

TEST(EditLogTest, Forgets) {
  EditLog log;
  log.accepted(7, 2, 10);
  log.forget(7);
  EXPECT_EQ(log.acceptedBy(7, 10), 0U);
}

}  // namespace
}  // namespace flux::app
