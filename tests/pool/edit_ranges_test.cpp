#include "pool/edit_ranges.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace flux {
namespace {

constexpr std::uint32_t kPartBytes = 400;

/// Contents that are told apart by their number, and know when nothing uses them any more.
EditContents numbered(std::uint64_t number, std::uint32_t begins, std::shared_ptr<const std::byte[]> owner) {
  EditContents contents;
  contents.source = Source::owned(std::move(owner), number);  // the size carries the number
  contents.begins = begins;
  return contents;
}

EditContents numbered(std::uint64_t number, std::uint32_t begins = 0) {
  return numbered(number, begins, std::make_shared<std::byte[]>(1));
}

std::uint64_t numberOf(const EditRanges& ranges, const EditRanges::Range& range) {
  return ranges.contents(range).source.data().size();
}

TEST(EditRanges, AreSortedByOffsetInWhateverOrderTheyCome) {
  EditRanges ranges;
  ranges.add(200, 8, numbered(1));
  ranges.add(0, 8, numbered(2));
  ranges.add(100, 8, numbered(3));
  ASSERT_EQ(ranges.ranges().size(), 3U);
  EXPECT_EQ(ranges.ranges()[0].offset, 0U);
  EXPECT_EQ(ranges.ranges()[1].offset, 100U);
  EXPECT_EQ(numberOf(ranges, ranges.ranges()[1]), 3U);
  EXPECT_EQ(ranges.ranges()[2].offset, 200U);
}

TEST(EditRanges, ALaterRangeCutsAnEarlierOneInTwoWithTheSameContents) {
  EditRanges ranges;
  ranges.add(0, 100, numbered(1));
  ranges.add(40, 20, numbered(2));
  ASSERT_EQ(ranges.ranges().size(), 3U);
  EXPECT_EQ(ranges.ranges()[0].end(), 40U);
  EXPECT_EQ(numberOf(ranges, ranges.ranges()[1]), 2U);
  EXPECT_EQ(ranges.ranges()[2].offset, 60U);
  EXPECT_EQ(ranges.ranges()[2].contents, ranges.ranges()[0].contents);
  EXPECT_EQ(ranges.contents(ranges.ranges()[2]).begins, 0U);
}

TEST(EditRanges, ContentsThatAreSupersededAreLetGoWithoutBeingRead) {
  const auto bytes = std::make_shared<std::byte[]>(1);
  EditRanges ranges;
  for (std::uint64_t i = 0; i < 100; ++i) {
    ranges.add(0, kPartBytes, numbered(i, 0, bytes));
    EXPECT_LE(bytes.use_count(), 3) << i;  // the caller's, the newest, and at most as many bytes again
  }
  ranges.add(0, kPartBytes, numbered(100));
  EXPECT_EQ(numberOf(ranges, ranges.ranges()[0]), 100U);
  EXPECT_EQ(bytes.use_count(), 1);
}

TEST(EditRanges, CoverAllOfAPartOnlyWithoutGaps) {
  EditRanges ranges;
  ranges.add(0, 100, numbered(1));
  ranges.add(104, 296, numbered(2));
  EXPECT_FALSE(ranges.coverAll(kPartBytes));
  ranges.add(96, 8, numbered(3));
  EXPECT_TRUE(ranges.coverAll(kPartBytes));
}

TEST(EditRanges, ThoseOfALaterCallWinAndAreTakenOut) {
  EditRanges ranges;
  ranges.add(0, 100, numbered(1));
  EditRanges later;
  later.add(300, 100, numbered(2));
  later.add(0, 40, numbered(3));
  ranges.add(later);
  EXPECT_TRUE(later.empty());
  ASSERT_EQ(ranges.ranges().size(), 3U);
  EXPECT_EQ(numberOf(ranges, ranges.ranges()[0]), 3U);
  EXPECT_EQ(numberOf(ranges, ranges.ranges()[1]), 1U);
  EXPECT_EQ(numberOf(ranges, ranges.ranges()[2]), 2U);
}

TEST(EditRangesProperty, EveryByteHasTheNewestContentsThatWereGivenForIt) {
  std::mt19937 engine(17);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  for (int round = 0; round < 200; ++round) {
    EditRanges ranges;
    std::vector<std::uint64_t> model(kPartBytes, 0);
    std::uint64_t number = 0;
    const auto addTo = [&](EditRanges& target) {
      const std::uint32_t offset = random() % kPartBytes;
      const std::uint32_t bytes = 1 + random() % std::min<std::uint32_t>(kPartBytes - offset, 1U << (1 + random() % 8));
      ++number;
      target.add(offset, bytes, numbered(number, offset));
      for (std::uint32_t i = 0; i < bytes; ++i) model[offset + i] = number;
    };
    for (int change = 0; change < 60; ++change) {
      switch (random() % 8) {
        case 0: {
          EditRanges later;
          for (std::uint32_t i = random() % 5; i > 0; --i) addTo(later);
          ranges.add(later);
          break;
        }
        case 1:
          (void)ranges.ranges();
          break;
        default:
          addTo(ranges);
      }
    }
    std::vector<std::uint64_t> found(kPartBytes, 0);
    std::uint32_t at = 0;
    for (const EditRanges::Range& range : ranges.ranges()) {
      ASSERT_GE(range.offset, at);
      ASSERT_GT(range.bytes, 0U);
      ASSERT_LE(ranges.contents(range).begins, range.offset);
      at = range.end();
      for (std::uint32_t i = range.offset; i < range.end(); ++i) found[i] = numberOf(ranges, range);
    }
    ASSERT_EQ(found, model) << "round " << round;
  }
}

}  // namespace
}  // namespace flux
