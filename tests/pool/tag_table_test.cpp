#include "pool/tag_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace flux {
namespace {

const auto kHere = std::source_location::current();

TEST(TagTable, TheSameNameIsTheSameTag) {
  TagTable tags;
  EXPECT_EQ(tags.count(), 1U);
  EXPECT_EQ(tags.name(kUntagged), "");
  const Tag terrain = tags.make("terrain", kHere).value();
  const Tag objects = tags.make("objects", kHere).value();
  EXPECT_NE(terrain, objects);
  EXPECT_NE(terrain, kUntagged);
  EXPECT_EQ(tags.make("terrain", kHere).value(), terrain);
  EXPECT_EQ(tags.count(), 3U);
  EXPECT_EQ(tags.name(objects), "objects");
  EXPECT_TRUE(tags.has(objects));
  EXPECT_FALSE(tags.has(Tag{3}));
}

TEST(TagTable, NamesAreNotEmptyAndAreCutToFit) {
  TagTable tags;
  EXPECT_EQ(tags.make("", kHere).error().code, ErrorCode::InvalidArgument);
  const std::string longName(200, 'x');
  const Tag tag = tags.make(longName, kHere).value();
  EXPECT_TRUE(longName.starts_with(tags.name(tag)));
  EXPECT_EQ(tags.make(longName + "y", kHere).value(), tag) << "what is cut away tells nothing apart";
}

TEST(TagTable, AFullOneRefusesNewNamesOnly) {
  TagTable tags;
  for (std::uint32_t i = 1; i < kMaxTags; ++i) ASSERT_TRUE(tags.make("owner " + std::to_string(i), kHere));
  const Result<Tag> refused = tags.make("one more", kHere);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(refused.error().numbers[0], kMaxTags);
  EXPECT_EQ(tags.make("owner 5", kHere).value(), Tag{5});
}

TEST(TagTable, BytesAreCountedForEach) {
  TagTable tags;
  const Tag tag = tags.make("owner", kHere).value();
  tags.uploaded(tag, 100);
  tags.uploaded(tag, 50);
  tags.copied(tag, 7);
  tags.relocated(tag, 5);
  tags.evicted(tag, 30);
  tags.evicted(tag, 20);
  tags.uploaded(kUntagged, 1);
  EXPECT_EQ(tags.moved(tag).uploadedBytes, 150U);
  EXPECT_EQ(tags.moved(tag).copiedBytes, 7U);
  EXPECT_EQ(tags.moved(tag).relocatedBytes, 5U);
  EXPECT_EQ(tags.moved(tag).evictions, 2U);
  EXPECT_EQ(tags.moved(tag).evictedBytes, 50U);
  EXPECT_EQ(tags.moved(kUntagged).uploadedBytes, 1U);
  EXPECT_EQ(tags.moved(kUntagged).evictions, 0U);
}

}  // namespace
}  // namespace flux
