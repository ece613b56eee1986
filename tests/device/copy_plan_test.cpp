#include "device/copy_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <tuple>
#include <vector>

namespace flux {
namespace {

enum class From : std::uint8_t { Staging, Chunk };
constexpr auto kStaging = From::Staging;
constexpr auto kChunk = From::Chunk;

CopyPiece piece(From from, std::uint32_t source, std::uint32_t destination, ByteOffset sourceOffset,
                ByteOffset destinationOffset, ByteCount bytes) {
  const CopyEnd end = from == kStaging ? CopyEnd(StagingIndex{source}) : CopyEnd(ChunkIndex{source});
  return {end, ChunkIndex{destination}, sourceOffset, destinationOffset, bytes};
}

TEST(CopyPlan, AnEmptyBatchHasNoCommands) {
  CopyPlan plan;
  plan.build({});
  EXPECT_TRUE(plan.commands().empty());
}

TEST(CopyPlan, PiecesThatContinueEachOtherMerge) {
  CopyPlan plan;
  plan.build(std::array{piece(kStaging, 0, 1, 64, 164, 32), piece(kStaging, 0, 1, 32, 132, 32),
                        piece(kStaging, 0, 1, 0, 100, 32)});
  ASSERT_EQ(plan.commands().size(), 1U);
  const auto regions = plan.regions(plan.commands()[0]);
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].sourceOffset, 0U);
  EXPECT_EQ(regions[0].destinationOffset, 100U);
  EXPECT_EQ(regions[0].bytes, 96U);
}

TEST(CopyPlan, PiecesThatContinueOnOneSideOnlyStayApart) {
  CopyPlan plan;
  plan.build(std::array{piece(kStaging, 0, 1, 0, 0, 32), piece(kStaging, 0, 1, 36, 32, 32),
                        piece(kStaging, 0, 1, 68, 68, 32)});
  ASSERT_EQ(plan.commands().size(), 1U);
  EXPECT_EQ(plan.regions(plan.commands()[0]).size(), 3U);
}

TEST(CopyPlan, EachPairOfBuffersIsOneCommand) {
  CopyPlan plan;
  // A staging page and a chunk of the same number are two buffers.
  plan.build(std::array{piece(kStaging, 0, 0, 0, 0, 4), piece(kChunk, 0, 0, 128, 64, 4), piece(kStaging, 0, 1, 4, 0, 4),
                        piece(kStaging, 1, 0, 0, 8, 4), piece(kStaging, 0, 0, 256, 4, 4)});
  EXPECT_EQ(plan.commands().size(), 4U);
}

TEST(CopyPlan, CoversExactlyThePieces) {
  std::mt19937 random(11);
  std::vector<CopyPiece> batch;
  for (std::uint32_t destination = 0; destination < 3; ++destination) {
    for (ByteOffset place = 0; place < 4000;) {
      const ByteCount bytes = 4 * (1 + random() % 8);
      const auto from = random() % 2 == 0 ? kStaging : kChunk;
      // Often the same distance, so that many merge.
      batch.push_back(piece(from, random() % 2, destination, place + (random() % 4 == 0 ? 4000 : 0), place, bytes));
      place += bytes;
    }
  }
  std::shuffle(batch.begin(), batch.end(), random);
  CopyPlan plan;
  plan.build(batch);

  using Word = std::tuple<CopyEnd, ByteOffset>;
  using Origin = std::tuple<CopyEnd, ByteOffset>;
  std::map<Word, Origin> expected;
  for (const CopyPiece& p : batch) {
    for (ByteOffset i = 0; i < p.bytes; i += 4) {
      expected.insert_or_assign(Word{p.destination, p.destinationOffset + i}, Origin{p.source, p.sourceOffset + i});
    }
  }
  std::map<Word, Origin> planned;
  std::size_t regionCount = 0;
  for (const CopyCommand& command : plan.commands()) {
    regionCount += command.regionCount;
    for (const CopyRegion& region : plan.regions(command)) {
      for (ByteOffset i = 0; i < region.bytes; i += 4) {
        const auto [at, isNew] = planned.insert(
            {{command.destination, region.destinationOffset + i}, {command.source, region.sourceOffset + i}});
        EXPECT_TRUE(isNew);
      }
    }
  }
  EXPECT_EQ(planned, expected);
  EXPECT_LT(regionCount, batch.size());
}

}  // namespace
}  // namespace flux
