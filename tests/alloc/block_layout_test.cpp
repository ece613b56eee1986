#include "alloc/block_layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace flux {
namespace {

using Alignments = std::array<std::uint32_t, kPartKindCount>;

constexpr Alignments kNarrow{4, 4, 4, 4, 4, 4, 4};

Alignments with(PartKind kind, std::uint32_t alignment) {
  Alignments alignments = kNarrow;
  alignments[static_cast<std::size_t>(kind)] = alignment;
  return alignments;
}

struct Layout {
  std::optional<LayoutSize> size;
  std::vector<PartPlacement> places;
};

Layout layout(const std::vector<PartRequest>& parts, const Alignments& alignments) {
  Layout result;
  result.places.resize(parts.size());
  result.size = layoutParts(parts, alignments, result.places);
  return result;
}

TEST(BlockLayout, PartsShareNoUnitAndKeepTheirSizes) {
  const Layout l = layout({{PartKind::Vertex, 1}, {PartKind::Index, 18}, {PartKind::Vertex, 32}}, kNarrow);
  ASSERT_TRUE(l.size);
  EXPECT_EQ(l.places[0].offsetBytes, 0U);
  EXPECT_EQ(l.places[0].sizeBytes, 1U);
  EXPECT_EQ(l.places[1].offsetBytes, 16U);
  EXPECT_EQ(l.places[1].sizeBytes, 18U);
  EXPECT_EQ(l.places[1].kind, PartKind::Index);
  EXPECT_EQ(l.places[2].offsetBytes, 48U);
  EXPECT_EQ(l.size->bytes, 80U);
  EXPECT_EQ(l.size->alignment, 16U);
}

TEST(BlockLayout, EachKindHasItsOwnAlignment) {
  const Layout l =
      layout({{PartKind::Vertex, 100}, {PartKind::Uniform, 300}, {PartKind::Index, 10}}, with(PartKind::Uniform, 64));
  ASSERT_TRUE(l.size);
  EXPECT_EQ(l.size->alignment, 64U);
  EXPECT_EQ(l.places[1].offsetBytes % 64, 0U);
}

TEST(BlockLayout, PartsAreReorderedOnlyWhenThatSavesBytes) {
  // In order: 16 + padding to 256 + 256 = 512. By alignment: 256 + 16 = 272.
  const Layout saved = layout({{PartKind::Index, 16}, {PartKind::Uniform, 256}}, with(PartKind::Uniform, 256));
  ASSERT_TRUE(saved.size);
  EXPECT_EQ(saved.size->bytes, 272U);
  EXPECT_EQ(saved.places[0].kind, PartKind::Index);
  EXPECT_EQ(saved.places[0].offsetBytes, 256U);
  EXPECT_EQ(saved.places[1].offsetBytes, 0U);
  EXPECT_EQ(saved.places[1].sizeBytes, 256U);

  const Layout kept = layout({{PartKind::Index, 256}, {PartKind::Uniform, 256}}, with(PartKind::Uniform, 256));
  EXPECT_EQ(kept.places[0].offsetBytes, 0U);
  EXPECT_EQ(kept.places[1].offsetBytes, 256U);
}

TEST(BlockLayout, AlignmentsNeedNotBePowersOfTwo) {
  Alignments alignments = with(PartKind::Vertex, 36);
  alignments[static_cast<std::size_t>(PartKind::Texel)] = 20;
  const Layout l = layout({{PartKind::Index, 4}, {PartKind::Texel, 4}, {PartKind::Vertex, 4}}, alignments);
  ASSERT_TRUE(l.size);
  EXPECT_EQ(l.size->alignment, 720U);  // of 16, 80 and 144
  EXPECT_EQ(l.places[1].offsetBytes % 80, 0U);
  EXPECT_EQ(l.places[2].offsetBytes % 144, 0U);
}

TEST(BlockLayout, AKindThatTheDeviceSaysNothingAboutHasADefault) {
  for (const PartKindTraits& traits : kPartKindTraits) {
    const Layout l = layout({{traits.kind, 4}}, Alignments{});
    ASSERT_TRUE(l.size);
    EXPECT_EQ(l.size->alignment, traits.alignmentBytes);
  }
}

TEST(BlockLayout, RefusesNoPartsEmptyPartsAndMoreThan32Bits) {
  EXPECT_FALSE(layout({}, kNarrow).size);
  EXPECT_FALSE(layout({{PartKind::Vertex, 16}, {PartKind::Index, 0}}, kNarrow).size);
  EXPECT_FALSE(layout({{PartKind::Vertex, ByteCount{1} << 32U}}, kNarrow).size);
  EXPECT_FALSE(layout({{PartKind::Vertex, ~ByteCount{0}}}, kNarrow).size);

  constexpr ByteCount most = (ByteCount{1} << 32U) - 16;
  const Layout whole = layout({{PartKind::Vertex, most}}, kNarrow);
  ASSERT_TRUE(whole.size);
  EXPECT_EQ(whole.size->bytes, most);
  EXPECT_FALSE(layout({{PartKind::Vertex, most + 1}}, kNarrow).size);
  EXPECT_FALSE(layout({{PartKind::Vertex, most}, {PartKind::Vertex, 1}}, kNarrow).size);
  EXPECT_TRUE(layout({{PartKind::Vertex, most - 16}, {PartKind::Vertex, 1}}, kNarrow).size);
  EXPECT_FALSE(layout(std::vector<PartRequest>(64, {PartKind::Vertex, most}), kNarrow).size);
  EXPECT_FALSE(layout({{PartKind::Vertex, 4}, {PartKind::Index, 4}}, {(1U << 31U) - 1, 3 * 5 * 7}).size)
      << "an alignment over 32 bits";
}

TEST(BlockLayout, RandomPartsAreAlignedApartAndInside) {
  std::mt19937 random(5);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random()) % bound; };
  for (int round = 0; round < 2000; ++round) {
    Alignments alignments;
    for (std::uint32_t& a : alignments) a = 1U << below(10);
    std::vector<PartRequest> parts(1 + below(64));
    for (PartRequest& part : parts) part = {static_cast<PartKind>(below(kPartKindCount)), 1 + below(1U << below(16))};
    const Layout l = layout(parts, alignments);
    ASSERT_TRUE(l.size);
    EXPECT_EQ(l.size->bytes % kPlaceUnitBytes, 0U);

    std::vector<std::size_t> order(parts.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return l.places[i].offsetBytes; });
    std::uint32_t end = 0;
    for (const std::size_t i : order) {
      const PartPlacement& place = l.places[i];
      const std::uint32_t alignment = std::max(16U, alignments[static_cast<std::size_t>(parts[i].kind)]);
      ASSERT_EQ(place.kind, parts[i].kind);
      ASSERT_EQ(place.sizeBytes, parts[i].bytes);
      ASSERT_EQ(place.offsetBytes % alignment, 0U);
      ASSERT_EQ(l.size->alignment % alignment, 0U);
      ASSERT_GE(place.offsetBytes, end);
      end = place.offsetBytes + place.sizeBytes;
    }
    ASSERT_LE(end, l.size->bytes);
    ASSERT_LT(l.size->bytes - end, kPlaceUnitBytes);
  }
}

TEST(CompactionPlan, IsTightAndKeepsIdsAndAlignments) {
  Alignments alignments = with(PartKind::Uniform, 256);
  const std::vector<PartPlacement> shown{
      {512, 100, PartKind::Vertex, 0}, {}, {4096, 40, PartKind::Uniform, 3}, {0, 16, PartKind::Index, 1}};
  std::vector<PartMove> moves;
  const std::optional<LayoutSize> size = planCompaction(shown, alignments, moves);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->alignment, 256U);
  // By alignment: 48 for the constants, 112 for the vertices, 16 for the indices.
  EXPECT_EQ(size->bytes, 48U + 112U + 16U);
  ASSERT_EQ(moves.size(), 3U);
  EXPECT_EQ(moves[0].part, PartId{0});
  EXPECT_EQ(moves[1].part, makePartId(2, 3));
  EXPECT_EQ(moves[2].part, makePartId(3, 1));
  EXPECT_EQ(moves[0].from, 512U);
  EXPECT_EQ(moves[0].to, 48U);
  EXPECT_EQ(moves[1].from, 4096U);
  EXPECT_EQ(moves[1].to, 0U);
  EXPECT_EQ(moves[2].from, 0U);
  EXPECT_EQ(moves[2].to, 160U);
}

TEST(CompactionPlan, WithoutAPartThereIsNone) {
  std::vector<PartMove> moves;
  EXPECT_FALSE(planCompaction({}, kNarrow, moves));
  EXPECT_FALSE(planCompaction(std::vector<PartPlacement>(3), kNarrow, moves));
}

std::vector<PartPlacement> places(std::size_t count, std::uint32_t first) {
  std::vector<PartPlacement> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = {first + static_cast<std::uint32_t>(i), 4, PartKind::Index};
  return result;
}

bool holds(const BlockLayout& layout, std::size_t count, std::uint32_t first) {
  if (layout.partCount != count || layout.sizeBytes != 16 * first || layout.alignmentBytes != 64) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (layout.parts[i].offsetBytes != first + i || layout.parts[i].kind != PartKind::Index) return false;
  }
  return true;
}

TEST(LayoutStore, KeepsWhatItWasGiven) {
  LayoutStore store;
  std::vector<const BlockLayout*> layouts;
  for (std::uint32_t i = 0; i < 3000; ++i) layouts.push_back(store.create(places(1 + i % 64, i), {16 * i, 64}));
  EXPECT_EQ(store.liveCount(), 3000U);
  for (std::uint32_t i = 0; i < 3000; i += 2) store.release(layouts[i]);
  EXPECT_EQ(store.liveCount(), 1500U);
  for (std::uint32_t i = 0; i < 3000; i += 2) layouts[i] = store.create(places(1 + i % 64, i + 1), {16 * (i + 1), 64});
  for (std::uint32_t i = 0; i < 3000; ++i) EXPECT_TRUE(holds(*layouts[i], 1 + i % 64, i + (i % 2 == 0 ? 1 : 0))) << i;
}

TEST(LayoutStore, LargeLayoutsGoBackToTheHeap) {
  LayoutStore store;
  std::vector<const BlockLayout*> layouts;
  for (std::uint32_t i = 0; i < 20; ++i) layouts.push_back(store.create(places(100 + i, i), {16 * i, 64}));
  EXPECT_EQ(store.heapBytes(), store.liveBytes());
  std::size_t left = store.heapBytes();
  for (std::uint32_t i = 0; i < 20; i += 2) {
    EXPECT_GE(store.costBytes(layouts[i]), sizeof(BlockLayout) + (100 + i) * sizeof(PartPlacement));
    EXPECT_LE(store.costBytes(layouts[i]), 64 + (100 + i) * sizeof(PartPlacement)) << "not rounded up";
    left -= store.costBytes(layouts[i]);
    store.release(layouts[i]);
    EXPECT_EQ(store.heapBytes(), left);
  }
  for (std::uint32_t i = 1; i < 20; i += 2) EXPECT_TRUE(holds(*layouts[i], 100 + i, i));
  for (std::uint32_t i = 19; i < 20; i -= 2) store.release(layouts[i]);
  EXPECT_EQ(store.heapBytes(), 0U);
  (void)store.create(places(65, 0), {16, 64});  // the store frees what it still has
}

TEST(LayoutStore, APieceGrowsIntoItsRoomAndNoFurther) {
  LayoutStore store;
  const BlockLayout* const layout = store.create(places(5, 7), {16, 64});
  EXPECT_TRUE(store.edit(layout, 9).empty());
  EXPECT_EQ(layout->partCount, 5U);
  const std::span<PartPlacement> grown = store.edit(layout, 8);
  ASSERT_EQ(grown.size(), 8U);
  EXPECT_EQ(layout->partCount, 8U);
  EXPECT_EQ(layout->parts[4].offsetBytes, 11U);
  EXPECT_EQ(layout->parts[7].sizeBytes, 0U);
  grown[7] = {5, 6, PartKind::Texel};
  EXPECT_EQ(layout->parts[7].offsetBytes, 5U);
  EXPECT_EQ(store.heapBytes(), store.costBytes(layout)) << "nobody else uses the slab";
  EXPECT_GE(store.liveBytes(), sizeof(BlockLayout) + 8 * sizeof(PartPlacement));
  EXPECT_GE(store.heapBytes(), store.liveBytes());
  store.release(layout);
  EXPECT_EQ(store.liveBytes(), 0U);
  EXPECT_EQ(store.create(places(2, 0), {16, 64}, 8), layout) << "of the same grade";
}

TEST(LayoutStore, UsesReleasedPiecesAgain) {
  LayoutStore store;
  std::set<const BlockLayout*> before;
  for (std::uint32_t i = 0; i < 500; ++i) before.insert(store.create(places(3, i), {16, 64}));
  for (const BlockLayout* layout : before) store.release(layout);
  EXPECT_EQ(store.liveCount(), 0U);
  for (std::uint32_t i = 0; i < 500; ++i) EXPECT_TRUE(before.contains(store.create(places(3 + i % 2, i), {16, 64})));
}

}  // namespace
}  // namespace flux
