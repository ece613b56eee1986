#include "inspect/diff.hpp"

#include "inspect/inspect_test_tools.hpp"

#include <algorithm>
#include <sstream>

namespace flux::app {
namespace {

using DumpDiffTest = InspectFixture;

TEST_F(DumpDiffTest, SaysWhatCameWentMovedAndGrew) {
  const std::vector<std::byte> bytes(8000);
  const BlockHandle grows = add("grows", 4000);
  const BlockHandle moves = add("moves", 4000);
  const BlockHandle goes = add("goes \x1B[31m", 4000);
  const BlockHandle overwritten = add("new contents", 4000);
  add("stays", 4000);
  settle();
  const DumpFile before = dump("before.json");

  const PartDesc more{PartKind::Vertex, 100, Source::bytes(std::span(bytes).first(100))};
  PartId id;
  ASSERT_TRUE(pool->addParts(grows, {&more, 1}, {&id, 1}));
  ASSERT_TRUE(pool->update(moves, std::array{PartUpdate{PartId{0}, Source::bytes(std::span(bytes).first(4000))}}));
  ASSERT_TRUE(pool->remove(goes));
  settle();
  add("comes", 64);
  settle();
  DumpFile after = dump("after.json");
  // A version that came to the same place: as after an update in gaps.
  for (DumpBlock& block : after.blocks) {
    if (block.index == overwritten.index) ++block.version;
  }

  const DumpDiff diff = diffOf(before, after);
  const auto changeOf = [&](std::string_view name) {
    const auto entry = std::ranges::find_if(diff.entries, [&](const DumpDiff::Entry& each) {
      const bool went = each.change == BlockChange::Went;
      return (went ? before.blocks[each.before] : after.blocks[each.after]).name.starts_with(name);
    });
    return entry != diff.entries.end() ? entry->change : BlockChange::Same;
  };
  EXPECT_EQ(diff.entries.size(), 6U);
  EXPECT_EQ(changeOf("grows"), BlockChange::Grew);
  EXPECT_EQ(changeOf("moves"), BlockChange::Moved);
  EXPECT_EQ(changeOf("goes"), BlockChange::Went);
  EXPECT_EQ(changeOf("comes"), BlockChange::Came);
  EXPECT_EQ(changeOf("new contents"), BlockChange::Updated);
  EXPECT_EQ(changeOf("stays"), BlockChange::Same);

  std::ostringstream out;
  printDiff(before, after, diff, out);
  EXPECT_NE(out.str().find("grows  (4.0 KiB, +100 B)"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("goes \\x1B[31m"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find('\x1B'), std::string::npos);
}

TEST_F(DumpDiffTest, OfADumpWithItselfIsNothing) {
  for (int i = 0; i < 10; ++i) add("block", 100);
  settle();
  const DumpFile same = dump();
  for (const DumpDiff::Entry& entry : diffOf(same, same).entries) EXPECT_EQ(entry.change, BlockChange::Same);
}

}  // namespace
}  // namespace flux::app
