#include "pool/pool_test_tools.hpp"

#include <deque>

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;

constexpr auto kManual = HostDeviceDesc::Completion::Manual;

/// A block of a pool, and what its parts should contain.
class PartsFixture : public PoolFixture {
 public:
  using PoolFixture::PoolFixture;

  PartDesc desc(std::uint32_t seed, std::size_t bytes, PartKind kind = PartKind::Vertex) {
    kept_.push_back(pattern(seed, 0, 1, bytes));
    return {kind, bytes, Source::bytes(kept_.back())};
  }

  BlockHandle block(std::initializer_list<PartDesc> parts) {
    return pool->add(test::blockDesc("mesh", {parts.begin(), parts.size()})).value();
  }

  Result<PartId> addPart(BlockHandle block, const PartDesc& part) {
    PartId id{};
    const Result<ContentVersion> version = pool->addParts(block, {&part, 1}, {&id, 1});
    if (!version) return Unexpected(version.error());
    return id;
  }

  Result<void> removePart(BlockHandle block, PartId part) { return pool->removeParts(block, {&part, 1}); }

  [[nodiscard]] bool shows(const Frame& frame, BlockHandle block, PartId part, std::uint32_t seed,
                           std::size_t bytes) const {
    const PartLookup found = frame.find(block, part);
    return found.status == FindStatus::Resident && found.place.bytes == bytes &&
           hashAt(found.place) == hashBytes(pattern(seed, 0, 1, bytes));
  }

 private:
  std::deque<std::vector<std::byte>> kept_;
};

TEST(PoolParts, APartThatDoesNotFitMovesTheBlockAndTheNextOneFindsAGap) {
  PartsFixture f;
  const BlockHandle block = f.block({f.desc(1, 4000), f.desc(2, 2000)});
  f.stepAndPublish(3);
  const Place before = f.pool->beginFrame().find(block).place;

  const PartId third = f.addPart(block, f.desc(3, 1000)).value();
  EXPECT_EQ(f.pool->beginFrame().find(block, third).status, FindStatus::Stale) << "not before its bytes are there";
  f.stepAndPublish(3);
  Frame frame = f.pool->beginFrame();
  EXPECT_EQ(third, PartId{2});
  EXPECT_TRUE(f.shows(frame, block, PartId{0}, 1, 4000));
  EXPECT_TRUE(f.shows(frame, block, PartId{1}, 2, 2000));
  EXPECT_TRUE(f.shows(frame, block, third, 3, 1000));
  EXPECT_NE(frame.find(block).place.offset, before.offset);
  const Place moved = frame.find(block).place;
  const std::uint64_t copied = f.pool->stats().copiedBytes;
  EXPECT_EQ(copied, 6000U) << "on the device";
  frame.end();

  const PartId fourth = f.addPart(block, f.desc(4, 500)).value();
  f.stepAndPublish(3);
  frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(block).place.offset, moved.offset) << "in place";
  EXPECT_TRUE(f.shows(frame, block, fourth, 4, 500));
  EXPECT_EQ(f.pool->stats().copiedBytes, copied);
  EXPECT_EQ(f.host->overwrites(), 0U);
}

}  // namespace
}  // namespace flux
