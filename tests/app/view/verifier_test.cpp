#include "view/verifier.hpp"

#include "models/shapes.hpp"

#include <flux/host.hpp>

#include <gtest/gtest.h>

namespace flux::app {
namespace {

class VerifierTest : public testing::Test {
 protected:
  VerifierTest() {
    for (std::int32_t x = 0; edited_ == 0 || other_ == 0; ++x) {
      for (const WorldObject& object : world_.objectsOf({x, 0})) {
        (world_.isEdited(object.id) ? edited_ : other_) = object.id;
      }
    }
  }

  VerifiedDraw rightDraw(ObjectId id, ContentVersion version) const {
    VerifiedDraw draw{id, version, {}};
    for (std::uint32_t part = 0; part < kObjectParts; ++part) {
      std::vector<std::byte> bytes(world_.partBytes(id, PartId{part}));
      world_.fillPart(id, PartId{part}, version, 0, bytes);
      draw.hashes[part] = hashBytes(bytes);
    }
    return draw;
  }

  const World world_{{makeCube()}, 500, 3};
  EditLog edits_;
  Verifier verifier_{world_, edits_};
  ObjectId edited_ = 0;
  ObjectId other_ = 0;
};

TEST_F(VerifierTest, AcceptsTheRightBytesOfEveryVersion) {
  for (ContentVersion version = 1; version < 30; ++version) {
    verifier_.check({version, {rightDraw(edited_, version), rightDraw(other_, 1)}});
  }
  verifier_.check({30, {rightDraw(edited_, 3)}});  // back to an older one
  EXPECT_EQ(verifier_.invalidDraws(), 0U);
  EXPECT_EQ(verifier_.verifiedBlocks(), 2U);
  EXPECT_EQ(verifier_.verifiedParts(), 59 * kObjectParts);
}

TEST_F(VerifierTest, SeesAWrongHashInEachPart) {
  for (std::size_t part = 0; part < kObjectParts; ++part) {
    VerifiedDraw draw = rightDraw(other_, 1);
    draw.hashes[part] ^= 1;
    verifier_.check({part + 1, {draw}});
  }
  EXPECT_EQ(verifier_.invalidDraws(), kObjectParts);
  EXPECT_EQ(verifier_.verifiedBlocks(), 0U);
  ASSERT_EQ(verifier_.firstInvalid().size(), kObjectParts);
  EXPECT_EQ(verifier_.firstInvalid()[0].part, "vertex");
  EXPECT_EQ(verifier_.firstInvalid()[1].part, "index");
  EXPECT_EQ(verifier_.firstInvalid()[2].part, "constants");
  EXPECT_EQ(verifier_.firstInvalid()[0].object, world_.nameOf(other_));
}

TEST_F(VerifierTest, SeesTheBytesOfAnotherVersion) {
  VerifiedDraw draw = rightDraw(edited_, 8);
  draw.version = 9;
  verifier_.check({1, {draw}});
  EXPECT_EQ(verifier_.invalidDraws(), 1U);
}

TEST_F(VerifierTest, ChecksTheMarkOfADrawAndNotItsOwnConstants) {
  const PartId mark = makePartId(3, 7);
  std::vector<std::byte> bytes(world_.partBytes(edited_, mark));
  world_.fillPart(edited_, mark, 5, 0, bytes);
  const VerifiedDraw plain = rightDraw(edited_, 5);
  VerifiedDraw marked = plain;
  marked.hashes.back() = hashBytes(bytes);
  const std::array marks{MarkedDraw{edited_, mark}};

  verifier_.expectMarked(1, marks);
  verifier_.check({1, {marked, rightDraw(other_, 1)}});
  EXPECT_EQ(verifier_.invalidDraws(), 0U);
  EXPECT_EQ(verifier_.verifiedAddedParts(), 1U);
  verifier_.check({2, {plain}});
  EXPECT_EQ(verifier_.invalidDraws(), 0U) << "marked in one frame only";

  verifier_.check({3, {marked}});
  verifier_.expectMarked(4, marks);
  verifier_.check({4, {plain}});
  const std::array others{MarkedDraw{edited_, makePartId(3, 8)}};
  verifier_.expectMarked(5, others);
  verifier_.check({5, {marked}});
  ASSERT_EQ(verifier_.invalidDraws(), 3U);
  EXPECT_EQ(verifier_.firstInvalid()[0].part, "constants");
  EXPECT_EQ(verifier_.firstInvalid()[1].part, "mark");
  EXPECT_EQ(verifier_.firstInvalid()[2].part, "mark");
}

TEST_F(VerifierTest, SeesAVersionThatIsTooOld) {
  edits_.accepted(edited_, 2, 100);
  verifier_.check({100 + Verifier::kMaxLagFrames - 1, {rightDraw(edited_, 1)}});
  EXPECT_EQ(verifier_.invalidDraws(), 0U);
  verifier_.check({100 + Verifier::kMaxLagFrames, {rightDraw(edited_, 2)}});
  EXPECT_EQ(verifier_.invalidDraws(), 0U);
  verifier_.check({100 + Verifier::kMaxLagFrames, {rightDraw(edited_, 1)}});
  EXPECT_EQ(verifier_.invalidDraws(), 1U);
  EXPECT_EQ(verifier_.firstInvalid()[0].part, "version");
}

TEST_F(VerifierTest, DoesNotCountTheFallbackAsAVerifiedBlock) {
  verifier_.check({1, {rightDraw(world_.fallback(), 1)}});
  EXPECT_EQ(verifier_.verifiedBlocks(), 0U);
  EXPECT_EQ(verifier_.invalidDraws(), 0U);
}

TEST_F(VerifierTest, NamesOnlyTheFirstFew) {
  VerifiedDraw draw = rightDraw(other_, 1);
  draw.hashes[0] ^= 1;
  for (std::uint64_t frame = 1; frame <= 20; ++frame) verifier_.check({frame, {draw}});
  EXPECT_EQ(verifier_.invalidDraws(), 20U);
  EXPECT_EQ(verifier_.firstInvalid().size(), Verifier::kMaxNamed);
}

}  // namespace
}  // namespace flux::app
