#include "alloc/part_table.hpp"

#include <gtest/gtest.h>

namespace flux {
namespace {

TEST(PartTable, IdsCountUpAndAreNeverUsedTwice) {
  PartTable table;
  EXPECT_EQ(table.add(PartKind::Vertex, 10), PartId{0});
  EXPECT_EQ(table.add(PartKind::Index, 20), PartId{1});
  EXPECT_EQ(table.add(PartKind::Texel, 30), PartId{2});
  table.remove(PartId{1});
  EXPECT_EQ(table.find(PartId{1}), nullptr);
  EXPECT_EQ(table.count(), 2U);

  const PartId again = *table.add(PartKind::Uniform, 40);
  EXPECT_EQ(partIndex(again), 1U) << "the lowest free index";
  EXPECT_EQ(partGeneration(again), 1U);
  EXPECT_EQ(table.find(PartId{1}), nullptr) << "the old id stays refused";
  ASSERT_NE(table.find(again), nullptr);
  EXPECT_EQ(table.find(again)->bytes, 40U);
  EXPECT_EQ(table.find(again)->kind, PartKind::Uniform);
  EXPECT_EQ(table.find(makePartId(7, 0)), nullptr);
}

TEST(PartTable, AnIndexWhoseGenerationWouldWrapIsNotUsedAgain) {
  PartTable table;
  PartId id = *table.add(PartKind::Vertex, 1);
  for (std::uint32_t lives = 1; lives < kMaxPartIndices - 1; ++lives) {
    table.remove(id);
    id = *table.add(PartKind::Vertex, 1);
    ASSERT_EQ(partIndex(id), 0U);
  }
  table.remove(id);
  EXPECT_EQ(table.add(PartKind::Vertex, 1), PartId{1});
}

TEST(PartTable, EndsWithItsIndices) {
  PartTable table;
  for (std::uint32_t i = 0; i < kMaxPartIndices; ++i) ASSERT_TRUE(table.add(PartKind::Vertex, 1));
  EXPECT_FALSE(table.add(PartKind::Vertex, 1));
  table.remove(PartId{77});
  EXPECT_EQ(table.add(PartKind::Vertex, 1), makePartId(77, 1));
}

}  // namespace
}  // namespace flux
