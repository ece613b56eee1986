#include "pool/pool_test_tools.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;

SharedPartDesc small(std::uint64_t affinity, std::span<const std::byte> bytes) {
  SharedPartDesc desc;
  desc.affinity = affinity;
  desc.name = "small things";
  desc.part = {PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  return desc;
}

PoolDesc wholeSize() {
  PoolDesc desc;
  desc.stagingPageBytes = 256 * kKiB;
  return desc;
}

TEST(PoolShared, AGapFirstThenARoomyChunkThenANewChunk) {
  PoolDesc desc = wholeSize();
  desc.firstChunkBytes = 1 * kMiB;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const auto bytes = pattern(1, 0, 1, 150 * kKiB);

  // Nothing there: a new block in a new chunk.
  const SharedPart first = f.pool->addShared(small(7, bytes)).value();
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  EXPECT_EQ(f.pool->stats().blocks, 1U);
  // A gap in that affinity's block.
  const SharedPart second = f.pool->addShared(small(7, bytes)).value();
  EXPECT_EQ(second.block, first.block);
  EXPECT_NE(second.part, first.part);
  EXPECT_EQ(f.pool->stats().blocks, 1U);
  // Another affinity: a new block, in the chunk that has room.
  const SharedPart other = f.pool->addShared(small(8, bytes)).value();
  EXPECT_NE(other.block, first.block);
  EXPECT_EQ(f.pool->stats().chunks, 1U);
  // When neither has room any more, a new chunk.
  int more = 0;
  while (f.pool->stats().chunks == 1) {
    ASSERT_TRUE(f.pool->addShared(small(7, bytes)));
    ASSERT_LT(++more, 8);
    f.stepAndPublish();
  }
  EXPECT_GE(more, 3) << "the gaps are used up first";
  f.stepAndPublish(4);
  const Frame frame = f.pool->beginFrame();
  for (const SharedPart& part : {first, second, other}) {
    const PartLookup found = frame.find(part.block, part.part);
    ASSERT_EQ(found.status, FindStatus::Resident);
    EXPECT_EQ(f.hashAt(found.place), hashBytes(bytes));
  }
}

}  // namespace
}  // namespace flux
