// Bytes that the host writes straight into chunks.

#include "conformance/conformance.hpp"

#include <flux/pool.hpp>

#include <algorithm>
#include <array>

namespace flux::test {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;

class DirectWrites : public ConformanceTest {
 protected:
  /// Writes to a chunk. What has read it before has finished; the device sees that first, as in a step.
  void write(ChunkIndex chunk, ByteOffset offset, std::span<const std::byte> bytes) {
    ASSERT_TRUE(succeeds(device().poll()));
    const std::span<std::byte> range = device().mapped(chunk, offset, bytes.size());
    ASSERT_EQ(range.size(), bytes.size());
    std::ranges::copy(bytes, range.begin());
  }
};

TEST_F(DirectWrites, AreSeenByAllThatIsSubmittedAfterThem) {
  FLUX_REQUIRE_CAPABILITY(Capability::DirectWrites);
  makeChunk(kChunk, kChunkBytes);
  makeChunk(kOther, kChunkBytes);
  auto expected = patternBytes(kChunkBytes, 1);
  write(kChunk, 0, expected);
  EXPECT_TRUE(holds(kChunk, 0, expected, 0)) << "by a draw, without any copy";
  // At any multiple of 4, and of any size.
  const auto changed = patternBytes(40'000, 2);
  for (const ByteOffset offset : {4U, 4096U + 12U, 100'000U}) {
    const auto bytes = std::span(changed).first(offset == 4 ? 1 : offset == 100'000 ? 40'000 : 777);
    write(kChunk, offset, bytes);
    std::ranges::copy(bytes, expected.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  const TimelineValue copied = submit(std::array{fromChunk(kChunk, 0, kOther, 0, kChunkBytes)});
  EXPECT_TRUE(holds(kOther, 0, expected, copied)) << "by a copy";
  EXPECT_TRUE(holds(kChunk, 0, expected, copied));
}

TEST_F(DirectWrites, ReplaceWhatCopiesHaveWritten) {
  FLUX_REQUIRE_CAPABILITY(Capability::DirectWrites);
  makeChunk(kChunk, kChunkBytes);
  openPage(kPage, patternBytes(kChunkBytes, 1));
  for (std::uint64_t round = 0; round < 8; ++round) {
    waitFor(kCopyQueue, submit(std::array{fromPage(kPage, 0, kChunk, 0, kChunkBytes)}));
    const auto bytes = patternBytes(kChunkBytes, 2 + round);
    write(kChunk, 0, bytes);
    EXPECT_TRUE(holds(kChunk, 0, bytes, 0)) << round;
  }
}

TEST_F(DirectWrites, ANewBlockIsDrawableInItsStepWithoutACopy) {
  FLUX_REQUIRE_CAPABILITY(Capability::DirectWrites);
  const auto pool = std::move(Pool::create(device(), {}).value());
  const std::array bytes{patternBytes(999, 1), patternBytes(20'000, 2)};
  const std::array parts{PartDesc{PartKind::Vertex, bytes[0].size(), Source::bytes(bytes[0])},
                         PartDesc{PartKind::Storage, bytes[1].size(), Source::bytes(bytes[1])}};
  const auto block = pool->add({.name = "block", .parts = parts});
  ASSERT_TRUE(succeeds(block));
  const auto report = pool->step();
  ASSERT_TRUE(succeeds(report));
  EXPECT_EQ(report->directBytes, bytes[0].size() + bytes[1].size());
  EXPECT_EQ(report->pieces, 0U);
  pool->publish();
  Frame frame = pool->beginFrame();
  std::array<Place, 2> places;
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    const PartLookup found = frame.find(*block, PartId{i});
    ASSERT_TRUE(found.drawable());
    places[i] = found.place;
  }
  frame.submitted(kDrawQueue, target().submit(places, frame.waits()));
  const std::span<const std::uint64_t> found = target().finishOldest();
  for (std::uint32_t i = 0; i < places.size(); ++i) EXPECT_EQ(found[i], hashBytes(bytes[i])) << i;
}

}  // namespace
}  // namespace flux::test
