#include "inspect/inspect_test_tools.hpp"

namespace flux::app {
namespace {

using DumpFileTest = InspectFixture;

TEST_F(DumpFileTest, HasWhatThePoolHas) {
  const BlockHandle hill = add("hill", 4000, terrain);
  add("gone", 5000);
  settle();
  const Frame frame = pool->beginFrame("late");
  ASSERT_TRUE(pool->remove({hill.index + 1, 1}));
  const BlockHandle waits = add("waits", 64);
  pool->publish();

  const DumpFile dump = this->dump();
  ASSERT_EQ(dump.blocks.size(), 2U);
  const DumpBlock& block = dump.blocks[0];
  EXPECT_EQ(block.name, "hill");
  EXPECT_EQ(block.index, hill.index);
  EXPECT_EQ(block.state, DumpState::Resident);
  EXPECT_EQ(block.liveBytes, 4016U);
  EXPECT_EQ(dump.tagName(block.tag), "terrain");
  ASSERT_TRUE(block.place.has_value());
  EXPECT_EQ(block.place->offset, frame.find(hill).place.offset);
  ASSERT_TRUE(block.mainKind().has_value());
  EXPECT_EQ(dump.kinds[*block.mainKind()], "vertex");
  EXPECT_EQ(block.waitsFor, "");
  EXPECT_EQ(dump.blocks[1].index, waits.index);
  EXPECT_EQ(dump.blocks[1].state, DumpState::Absent);
  EXPECT_TRUE(dump.blocks[1].movesTo.has_value());
  EXPECT_EQ(dump.blocks[1].waitsFor, "version 1 for its turn, 0 of 80 bytes gathered");
  ASSERT_EQ(dump.retired.size(), 1U);
  EXPECT_EQ(dump.retired[0].waitsFor, "frames of snapshot " + std::to_string(frame.snapshot()));
  ASSERT_EQ(dump.chunks.size(), 1U);
  EXPECT_EQ(dump.chunks[0].ranges, 3U);
  EXPECT_EQ(dump.chunks[0].freeBytes, dump.chunks[0].largestHole());
  EXPECT_EQ(dump.head.at("stats").at("blocks"), 2);
}

TEST_F(DumpFileTest, SaysWhatIsWrongWithAFile) {
  add("block", 100);
  const std::string text = pool->dump();
  EXPECT_NE(refusal("").find("'wrong.json' is no whole JSON: parse error at line 1, column 1"), std::string::npos);
  const std::size_t half = text.find("\"blocks\": [");
  const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(half), '\n');
  EXPECT_NE(refusal(text.substr(0, half)).find("no whole JSON: parse error at line " + std::to_string(lines + 1)),
            std::string::npos)
      << refusal(text.substr(0, half));
  EXPECT_EQ(refusal("{}"), "'wrong.json' is no dump of Flux");
  EXPECT_EQ(refusal("[1, 2]"), "'wrong.json' is no dump of Flux");
  EXPECT_EQ(refusal("{\"format\": \"other\"}"), "'wrong.json' is no dump of Flux");
  std::string other = text;
  other.replace(other.find("\"version\": 2"), 12, "\"version\": 9");
  EXPECT_EQ(refusal(other), "'wrong.json' is a dump of version 9; this command reads version 2");
  other = text;
  other.replace(other.rfind("\"liveBytes\":116"), 11, "\"live\"");
  EXPECT_NE(refusal(other).find("is no dump of version 2: key 'liveBytes' not found"), std::string::npos)
      << refusal(other);
  EXPECT_THROW((void)readDump(folder.path() / "none.json"), Failure);
  EXPECT_THROW((void)readDump(folder.path()), Failure);
}

/// Whatever is cut off, the answer is a sentence.
TEST_F(DumpFileTest, RefusesEveryTruncation) {
  add("block", 100);
  const std::string text = pool->dump();
  for (std::size_t size = 0; size + 2 < text.size(); size += 7) {
    EXPECT_NE(refusal(text.substr(0, size)), "") << size;
  }
}

}  // namespace
}  // namespace flux::app
