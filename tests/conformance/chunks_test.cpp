// Chunks: size, place, end, name, budget, limits.

#include "conformance/conformance.hpp"

#include <array>
#include <bit>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace flux::test {
namespace {

using Chunks = ConformanceTest;

TEST_F(Chunks, CapsSayWhatTheDeviceIs) {
  const DeviceCaps& caps = device().caps();
  EXPECT_EQ(caps.backend, tested().backend->backend);
  EXPECT_FALSE(caps.deviceName.empty());
  EXPECT_FALSE(caps.driverName.empty());
  EXPECT_GE(caps.maxChunkBytes, 16 * kMiB);
  EXPECT_GE(caps.maxAllocations, 16U);
  EXPECT_GE(caps.queueCount, 2U) << "the copy queue's timeline and the application's";
  EXPECT_LE(caps.queueCount, kMaxQueues);
  for (const std::uint32_t bytes : caps.partAlignmentBytes) EXPECT_TRUE(std::has_single_bit(bytes)) << bytes;
}

TEST_F(Chunks, CapsMayBeReadByAnyThread) {
  const DeviceCaps* seen = nullptr;
  std::jthread([&] { seen = &device().caps(); }).join();
  EXPECT_EQ(seen, &device().caps());
}

TEST_F(Chunks, AChunkHasExactlyTheBytesThatWereAskedFor) {
  constexpr std::array<ByteCount, 5> kSizes{256, 512, 64 * kKiB + 256, kMiB, 16 * kMiB};
  for (std::uint32_t i = 0; i < kSizes.size(); ++i) {
    EXPECT_EQ(makeChunk(ChunkIndex{i}, kSizes[i]).bytes, kSizes[i]);
    const auto bytes = patternBytes(kSizes[i], i);
    openPage(StagingIndex{i}, bytes);
    const TimelineValue copied = submit(std::array{fromPage(StagingIndex{i}, 0, ChunkIndex{i}, 0, kSizes[i])});
    EXPECT_TRUE(holds(ChunkIndex{i}, 0, bytes, copied));
  }
}

TEST_F(Chunks, EachHasABufferOfItsOwn) {
  std::set<NativeHandle> buffers;
  for (std::uint32_t i = 0; i < 8; ++i) buffers.insert(makeChunk(ChunkIndex{3 * i}, 1024).buffer);
  EXPECT_EQ(buffers.size(), 8U);
  EXPECT_FALSE(buffers.contains(NativeHandle{}));
}

TEST_F(Chunks, AddressesAreSetWhereTheDeviceSaysSo) {
  const ChunkInfo first = makeChunk(kChunk, 1024);
  const ChunkInfo second = makeChunk(kOther, 1024);
  EXPECT_EQ(first.address != 0, has(Capability::AddressesInShaders));
  FLUX_REQUIRE_CAPABILITY(Capability::AddressesInShaders);
  EXPECT_NE(first.address, second.address);
}

TEST_F(Chunks, AnIndexIsFreeAgainWhenItsChunkIsDestroyed) {
  const auto before = patternBytes(1024, 1);
  const auto after = patternBytes(4096, 2);
  openPage(kPage, before);
  openPage(StagingIndex{1}, after);
  makeChunk(ChunkIndex{5}, before.size());
  makeChunk(ChunkIndex{2}, before.size());
  const TimelineValue first = submit(std::array{fromPage(kPage, 0, ChunkIndex{5}, 0, before.size()),
                                                fromPage(kPage, 0, ChunkIndex{2}, 0, before.size())});
  EXPECT_TRUE(holds(ChunkIndex{5}, 0, before, first));
  destroyChunk(ChunkIndex{5});
  EXPECT_EQ(makeChunk(ChunkIndex{5}, after.size()).bytes, after.size());
  const TimelineValue second = submit(std::array{fromPage(StagingIndex{1}, 0, ChunkIndex{5}, 0, after.size())});
  EXPECT_TRUE(holds(ChunkIndex{5}, 0, after, second));
  EXPECT_TRUE(holds(ChunkIndex{2}, 0, before, second)) << "a neighbour that stayed";
}

TEST_F(Chunks, AnyNameMayBeSetAtAnyTime) {
  const auto bytes = patternBytes(1024, 3);
  openPage(kPage, bytes);
  makeChunk(kChunk, bytes.size());
  const std::string name(300, 'n');
  device().setName(kChunk, std::string_view(name).substr(0, 3));  // does not end with a zero
  const TimelineValue copied = submit(std::array{fromPage(kPage, 0, kChunk, 0, bytes.size())});
  device().setName(kChunk, name);
  device().setName(kChunk, "");
  EXPECT_TRUE(holds(kChunk, 0, bytes, copied));
}

TEST_F(Chunks, AReclaimedRangeMayBeWrittenAgain) {
  const auto first = patternBytes(4096, 4);
  const auto second = patternBytes(1024, 5);
  openPage(kPage, first);
  openPage(StagingIndex{1}, second);
  makeChunk(kChunk, first.size());
  waitFor(kCopyQueue, submit(std::array{fromPage(kPage, 0, kChunk, 0, first.size())}));
  device().rangeReclaimed(kChunk, 1024, second.size());
  const TimelineValue copied = submit(std::array{fromPage(StagingIndex{1}, 0, kChunk, 1024, second.size())});
  EXPECT_TRUE(holds(kChunk, 0, std::span(first).first(1024), copied));
  EXPECT_TRUE(holds(kChunk, 1024, second, copied));
  EXPECT_TRUE(holds(kChunk, 2048, std::span(first).subspan(2048), copied));
}

TEST_F(Chunks, TheBudgetIsSaneAndCoversTheChunks) {
  const MemoryBudget before = device().budget();
  EXPECT_GT(before.budgetBytes, 16 * kMiB);
  makeChunk(kChunk, 16 * kMiB);
  const MemoryBudget with = device().budget();
  EXPECT_EQ(with.fromSystem, before.fromSystem);
  // What the system says counts other things of the process too, and may lag: only an estimate is exact.
  if (with.fromSystem) return;
  EXPECT_GE(with.usedBytes, before.usedBytes + 16 * kMiB);
  destroyChunk(kChunk);
  EXPECT_EQ(device().budget().usedBytes, before.usedBytes);
}

TEST_F(Chunks, OneThatIsTooLargeIsRefusedByTypeAndNothingIsLost) {
  const auto bytes = patternBytes(1024, 6);
  openPage(kPage, bytes);
  makeChunk(kOther, bytes.size());
  const ByteCount largest = device().caps().maxChunkBytes / 256 * 256;
  for (const ByteCount size : {largest + 256, 4 * largest}) {
    const auto refused = device().createChunk(kChunk, size);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::OutOfDeviceMemory) << describe(refused.error());
  }
  makeChunk(kChunk, bytes.size());
  const TimelineValue copied =
      submit(std::array{fromPage(kPage, 0, kChunk, 0, bytes.size()), fromPage(kPage, 0, kOther, 0, bytes.size())});
  EXPECT_TRUE(holds(kChunk, 0, bytes, copied));
  EXPECT_TRUE(holds(kOther, 0, bytes, copied));
}

TEST_F(Chunks, TooManyAreRefusedByTypeUntilOneGoes) {
  FLUX_REQUIRE_CAPABILITY(Capability::BoundedAllocations);
  const std::uint32_t most = device().caps().maxAllocations;
  std::uint32_t made = 0;
  std::optional<Error> refusal;
  while (made <= most && !refusal) {
    const auto chunk = device().createChunk(ChunkIndex{made}, 256);
    if (chunk) {
      ++made;
    } else {
      refusal = chunk.error();
    }
  }
  ASSERT_TRUE(refusal) << made;
  EXPECT_EQ(refusal->code, ErrorCode::TooManyChunks) << describe(*refusal);
  const auto page = device().openStaging(kPage, 256);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::TooManyChunks) << describe(page.error());
  device().destroyChunk(ChunkIndex{made - 1});
  openPage(kPage, 256);
  device().closeStaging(kPage);
  EXPECT_TRUE(device().createChunk(ChunkIndex{made - 1}, 256));
  for (std::uint32_t i = 0; i < made; ++i) device().destroyChunk(ChunkIndex{i});
}

}  // namespace
}  // namespace flux::test
