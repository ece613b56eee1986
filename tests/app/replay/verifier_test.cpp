#include "replay/verifier.hpp"

#include <flux/host.hpp>

#include <gtest/gtest.h>

namespace flux::app {
namespace {

constexpr ByteCount kBytes = 10'000;  // two windows and a half

class ReplayVerifierTest : public testing::Test {
 protected:
  /// One frame that draws the object once at `place`; the device reads what `seen` gives. The range that was read.
  Place frame(const PatternId& id, const PatternId& seen, const Place& place) {
    verifier_.draw(object_, "vertex 1", id, place);
    const Place read = verifier_.reads().front();
    std::vector<std::byte> bytes(read.bytes);
    fillPattern(seen, read.offset - place.offset, bytes);
    const std::uint64_t hash = hashBytes(bytes);
    verifier_.submitted(++frame_);
    verifier_.finished({&hash, 1});
    return read;
  }

  VerifiedObject object_;
  ReplayVerifier verifier_;
  std::uint64_t frame_ = 0;
  PatternId id_{{3, 1}, PartId{0}, 1};
  Place place_{1, ChunkIndex{2}, 256, kBytes, 4096};
};

TEST_F(ReplayVerifierTest, ReadsInFullFirstAndThenRoundAndRound) {
  EXPECT_EQ(frame(id_, id_, place_).bytes, kBytes);
  for (int round = 0; round < 2; ++round) {
    ByteOffset next = 0;
    for (const ByteCount bytes : {4096U, 4096U, 1808U}) {
      const Place read = frame(id_, id_, place_);
      EXPECT_EQ(read.offset, 256 + next);
      EXPECT_EQ(read.address, 4096 + next);
      EXPECT_EQ(read.bytes, bytes);
      next += bytes;
    }
  }
  EXPECT_EQ(verifier_.invalidDraws(), 0U);
  EXPECT_EQ(verifier_.verifiedDraws(), 7U);
  EXPECT_EQ(verifier_.verifiedBytes(), 3 * kBytes);
}

TEST_F(ReplayVerifierTest, NewContentsAndNewPlacesAreReadInFull) {
  (void)frame(id_, id_, place_);
  id_.contents = 2;
  EXPECT_EQ(frame(id_, id_, place_).bytes, kBytes);
  place_.offset += 16;
  EXPECT_EQ(frame(id_, id_, place_).bytes, kBytes);
  place_.chunk = ChunkIndex{5};
  EXPECT_EQ(frame(id_, id_, place_).bytes, kBytes);
}

TEST_F(ReplayVerifierTest, NamesOldAndForeignBytes) {
  PatternId old = id_;
  id_.contents = 2;
  (void)frame(id_, old, place_);
  ASSERT_EQ(verifier_.invalidDraws(), 1U);
  EXPECT_EQ(verifier_.firstInvalid()[0].object, "vertex 1");
  EXPECT_EQ(verifier_.firstInvalid()[0].part, "bytes 0 to 9999");
  EXPECT_EQ(verifier_.firstInvalid()[0].frame, 1U);
  (void)frame(id_, id_, place_);
  EXPECT_EQ(verifier_.invalidDraws(), 1U);
  old.block.generation += 2;
  (void)frame(id_, old, place_);
  EXPECT_EQ(verifier_.invalidDraws(), 2U);
}

}  // namespace
}  // namespace flux::app
