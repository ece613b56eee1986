#include "pool/pool_test_tools.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;
using Completion = HostDeviceDesc::Completion;

class NoteChunks : public ChunkListener {
 public:
  void chunkCreated(ChunkIndex /*index*/, const ChunkInfo& info) override { created.push_back(info.bytes); }
  void chunkReleased(ChunkIndex /*index*/) override { ++released; }
  std::vector<ByteCount> created;
  int released = 0;
};

bool fillWithZeros(void* /*context*/, const FillRequest& request) {
  std::fill(request.destination.begin(), request.destination.end(), std::byte{});
  return true;
}

TEST(PoolFit, SaysWhereItFitsHowItGrowsAndWhyNot) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 320 * kKiB;
  PoolFixture f(Completion::Immediate, desc);
  FitReport report = f.pool->wouldFit(50000, 256);
  EXPECT_EQ(report.outcome, FitOutcome::Grows);
  EXPECT_EQ(report.chunkBytes, 64 * kKiB);
  EXPECT_EQ(explain(report),
            "48.8 KiB need a new chunk of 64 KiB; free are 0 bytes, the largest range 0 bytes (fragmentation 0 %)");

  const BlockHandle block = f.add("mesh", pattern(1, 0, 1, 50000));
  f.stepAndPublish(2);
  report = f.pool->wouldFit(1000, 16);
  EXPECT_TRUE(report);
  EXPECT_EQ(report.outcome, FitOutcome::Fits);
  EXPECT_EQ(report.chunk, f.pool->beginFrame().find(block).place.chunk);
  EXPECT_EQ(explain(report), "1000 bytes fit into chunk 1");
  EXPECT_EQ(report.freeBytes, 64 * kKiB - 50000);
  EXPECT_EQ(report.fragmentation(), 0.0);

  report = f.pool->wouldFit(300 * kKiB, 1);
  EXPECT_FALSE(report);
  EXPECT_EQ(report.outcome, FitOutcome::OverBudget);
  EXPECT_EQ(report.missingBytes, 64 * kKiB);
  ASSERT_TRUE(f.pool->remove(block));
  report = f.pool->wouldFit(300 * kKiB, 1);
  EXPECT_EQ(report.forFramesBytes, 50000U) << "a reason to wait";
  EXPECT_EQ(explain(report),
            "300 KiB would exceed the hard limit by 64 KiB; free are 15.2 KiB, the largest range 15.2 KiB "
            "(fragmentation 0 %); 48.8 KiB wait for frames to end");
  f.stepAndPublish(2);
  report = f.pool->wouldFit(300 * kKiB, 1);
  EXPECT_EQ(report.outcome, FitOutcome::Grows) << "the empty chunk makes room";
  EXPECT_EQ(report.chunkBytes, 320 * kKiB);
  EXPECT_EQ(report.releasedBytes, 64 * kKiB);

  EXPECT_EQ(f.pool->wouldFit(~ByteCount{0}, 1).outcome, FitOutcome::TooLarge);
  EXPECT_EQ(f.pool->wouldFit(0, 1).outcome, FitOutcome::Invalid);
  EXPECT_EQ(f.pool->wouldFit(1, 0).outcome, FitOutcome::Invalid);
  EXPECT_EQ(f.pool->wouldFit({}).outcome, FitOutcome::Invalid);
  const PartDesc empty{};
  EXPECT_EQ(f.pool->wouldFit({&empty, 1}).outcome, FitOutcome::Invalid);
  EXPECT_EQ(f.pool->stats().chunksCreated, 1U) << "asking changes nothing";
}

TEST(PoolFit, ARefusalCarriesWhatIsFree) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 64 * kKiB;
  PoolFixture f(Completion::Immediate, desc);
  f.add("mesh", pattern(1, 0, 1, 50000));
  const auto bytes = pattern(2, 0, 1, 20000);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const Result<BlockHandle> refused = f.pool->add(test::blockDesc("second", {&part, 1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().numbers, (ErrorNumbers{20000, 0, 15536, 15536}));
  EXPECT_NE(
      describe(refused.error()).find("20000 bytes wanted, 0 retired and pending; largest free range 15536 of 15536"),
      std::string::npos)
      << describe(refused.error());
}

TEST(PoolFit, ALostDeviceIsSaid) {
  PoolFixture f;
  f.host->lose();
  ASSERT_FALSE(f.pool->step());
  EXPECT_EQ(f.pool->wouldFit(100, 16).outcome, FitOutcome::DeviceLost);
  EXPECT_EQ(f.pool->reserve(100).error().code, ErrorCode::DeviceLost);
}

/// The answer is what `add` then does, in every state that random calls lead to.
TEST(PoolFit, EqualsWhatAddThenDoes) {
  std::map<FitOutcome, int> seen;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    PoolDesc desc = test::smallPool();
    desc.hardLimitBytes = seed % 2 == 0 ? 1500 * kKiB : 100 * kMiB;
    desc.emptyChunkSteps = 5;
    NoteChunks chunks;
    const auto host =
        HostDevice::create({.completion = Completion::Immediate, .maxAllocations = seed % 2 == 0 ? 1000U : 9U});
    const std::unique_ptr<Pool> pool = std::move(Pool::create(*host, desc, &chunks).value());
    std::vector<BlockHandle> blocks;
    std::map<std::uint32_t, ChunkIndex> expected;  // by block index
    for (int i = 0; i < 1500; ++i) {
      if (!blocks.empty() && random() % 100 < (i / 250 % 2 == 0 ? 35U : 60U)) {
        std::swap(blocks[random() % blocks.size()], blocks.back());
        expected.erase(blocks.back().index);
        ASSERT_TRUE(pool->remove(blocks.back()));
        blocks.pop_back();
      } else {
        std::vector<PartDesc> parts(1 + random() % 3);
        for (PartDesc& part : parts) {
          const ByteCount bytes = 1 + random() % (random() % 20 == 0 ? 200000U : 30000U);
          part = {static_cast<PartKind>(random() % kPartKindCount), bytes, Source::callback(fillWithZeros, nullptr)};
        }
        if (random() % 200 == 0) parts[0].bytes = 5 * kGiB;
        const Lifetime lifetime = random() % 4 == 0 ? Lifetime::LongLived : Lifetime::Streaming;
        BlockDesc block = test::blockDesc("mesh", parts);
        block.lifetime = lifetime;

        const FitReport report = pool->wouldFit(parts, lifetime);
        ++seen[report.outcome];
        const PoolStats before = pool->stats();
        chunks = {};
        const Result<BlockHandle> added = pool->add(block);
        const PoolStats after = pool->stats();
        ASSERT_EQ(added.has_value(), static_cast<bool>(report)) << explain(report);
        switch (report.outcome) {
          case FitOutcome::Fits:
            EXPECT_TRUE(chunks.created.empty() && chunks.released == 0);
            break;
          case FitOutcome::Grows:
            EXPECT_EQ(chunks.created, std::vector<ByteCount>{report.chunkBytes});
            EXPECT_GE(before.reservedBytes + report.chunkBytes - after.reservedBytes, report.releasedBytes);
            EXPECT_TRUE(report.releasedBytes == 0 || chunks.released > 0);
            break;
          case FitOutcome::OverBudget:
            EXPECT_EQ(added.error().code, ErrorCode::OutOfBudget);
            break;
          case FitOutcome::TooManyChunks:
            EXPECT_EQ(added.error().code, ErrorCode::TooManyChunks);
            break;
          default:
            EXPECT_EQ(report.outcome, FitOutcome::TooLarge);
            EXPECT_EQ(added.error().code, ErrorCode::TooLarge);
        }
        if (added) {
          blocks.push_back(*added);
          if (report.outcome == FitOutcome::Fits) expected[added->index] = report.chunk;
        } else {
          EXPECT_EQ(after.reservedBytes, before.reservedBytes) << "a refusal changes nothing";
        }
      }
      if (i % 3 != 0) continue;
      const Result<StepReport> stepped = pool->step();
      ASSERT_TRUE(stepped || stepped.error().code == ErrorCode::TooManyChunks) << "no second staging page";
      pool->publish();
      const Frame frame = pool->beginFrame();
      for (const BlockHandle block : blocks) {
        const PartLookup found = frame.find(block, PartId{0});
        const auto chunk = expected.find(block.index);
        if (found.status != FindStatus::Resident || chunk == expected.end()) continue;
        EXPECT_EQ(found.place.chunk, chunk->second);
        expected.erase(chunk);
      }
    }
  }
  for (const FitOutcome outcome :
       {FitOutcome::Fits, FitOutcome::Grows, FitOutcome::OverBudget, FitOutcome::TooManyChunks, FitOutcome::TooLarge}) {
    EXPECT_GT(seen[outcome], 2) << static_cast<int>(outcome);
  }
}

}  // namespace
}  // namespace flux
