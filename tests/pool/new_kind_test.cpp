// Compiled together with the library, and with a public header in which somebody has added a kind of parts.

#include "pool/pool_test_tools.hpp"

namespace flux {
namespace {

TEST(NewKind, NeedsAnEnumValueAndARowAndNothingElse) {
  EXPECT_EQ(toString(PartKind::Meshlet), "meshlet");
  test::PoolFixture f;
  const auto vertices = test::pattern(1, 0, 1, 100);
  const auto meshlets = test::pattern(1, 1, 1, 500);
  const std::array parts{PartDesc{PartKind::Vertex, vertices.size(), Source::bytes(vertices)},
                         PartDesc{PartKind::Meshlet, meshlets.size(), Source::bytes(meshlets)}};
  const BlockHandle block = f.pool->add(test::blockDesc("mesh", parts)).value();
  PartId later{};
  ASSERT_TRUE(f.pool->addParts(block, std::span(parts).last(1), {&later, 1}));
  SharedPartDesc shared;
  shared.part = parts[1];
  const SharedPart small = f.pool->addShared(shared).value();
  f.stepAndPublish(3);

  const Frame frame = f.pool->beginFrame();
  for (const PartLookup& found :
       {frame.find(block, PartId{1}), frame.find(block, later), frame.find(small.block, small.part)}) {
    ASSERT_EQ(found.status, FindStatus::Resident);
    EXPECT_EQ(found.kind, PartKind::Meshlet);
    EXPECT_EQ(found.place.offset % 48, 0U);
    EXPECT_EQ(f.hashAt(found.place), hashBytes(meshlets));
  }
  EXPECT_NE(f.pool->dump().find("\"meshlet\""), std::string::npos);
}

}  // namespace
}  // namespace flux
