#include "replay/trace_reader.hpp"

#include "app/test_files.hpp"
#include "failure.hpp"

#include <zlib.h>

#include <filesystem>

namespace flux::app {
namespace {

const std::string kHeader = "# gtrace 1 source=game-2.0 scene=a_long_walk seconds=1.5 frames=90\n";

std::vector<TraceEvent> readAll(const std::filesystem::path& file) {
  TraceReader reader(file);
  std::vector<TraceEvent> events;
  for (TraceEvent event; reader.next(event);) events.push_back(event);
  return events;
}

class TraceReaderTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path trace(const std::string& events) const {
    return folder_.write("t.gtrace", kHeader + events);
  }
  /// The events are refused at this line of the file, with these words.
  void expectRefusal(const std::string& events, int line, const std::string& words) const {
    expectFailure(trace(events), line, words);
  }
  static void expectFailure(const std::filesystem::path& file, int line, const std::string& words) {
    try {
      (void)readAll(file);
      FAIL() << "not refused: " << words;
    } catch (const Failure& failure) {
      const std::string what = failure.what();
      EXPECT_EQ(what.rfind(file.string() + ":" + std::to_string(line) + ": ", 0), 0U) << what;
      EXPECT_NE(what.find(words), std::string::npos) << what;
      EXPECT_EQ(failure.exitCode(), 1);
    }
  }

  TestFolder folder_;
};

TEST_F(TraceReaderTest, ReadsHeaderAndEvents) {
  const auto file = trace("A 7 texture 4096\nU 7 96 4000\nD 7\nF\nR 7 32\nX 7\n");
  const TraceReader reader(file);
  EXPECT_EQ(reader.header().source, "game-2.0");
  EXPECT_EQ(reader.header().scene, "a long walk");
  EXPECT_DOUBLE_EQ(reader.header().seconds, 1.5);
  EXPECT_EQ(reader.header().frames, 90U);

  const std::vector<TraceEvent> events = readAll(file);
  using Kind = TraceEvent::Kind;
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].kind, Kind::Add);
  EXPECT_EQ(events[0].part, PartKind::Texel);
  EXPECT_EQ(events[0].id, 7U);
  EXPECT_EQ(events[0].bytes, 4096U);
  EXPECT_EQ(events[1].kind, Kind::Update);
  EXPECT_EQ(events[1].offset, 96U);
  EXPECT_EQ(events[1].bytes, 4000U);
  EXPECT_EQ(events[2].kind, Kind::Draw);
  EXPECT_EQ(events[3].kind, Kind::FrameEnd);
  EXPECT_EQ(events[4].kind, Kind::Resize);
  EXPECT_EQ(events[4].bytes, 32U);
  EXPECT_EQ(events[5].kind, Kind::Remove);
}

TEST_F(TraceReaderTest, SlotsAreFewAndUsedAgain) {
  const auto events = readAll(trace("A 5 vertex 1\nA 9 index 2\nX 5\nA 3 uniform 3\nA 4 other 4\nX 9\n"));
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].slot, 0U);
  EXPECT_EQ(events[1].slot, 1U);
  EXPECT_EQ(events[3].slot, 0U);
  EXPECT_EQ(events[4].slot, 2U);
  EXPECT_EQ(events[4].part, PartKind::Storage);
  EXPECT_EQ(events[5].slot, 1U);
}

TEST_F(TraceReaderTest, TakesWindowsLinesCommentsAndALastLineWithoutEnd) {
  const auto events = readAll(trace("A 1 vertex 16\r\n# a remark\n\nD 1\r\nX 1"));
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].kind, TraceEvent::Kind::Remove);
}

TEST_F(TraceReaderTest, NamesFileAndLineOfWhatMakesNoSense) {
  expectRefusal("Q 1\n", 2, "unknown event in 'Q 1'");
  expectRefusal("F\nAdd 1 vertex 16\n", 3, "unknown event");
  expectRefusal("A 1 vertex\n", 2, "the size is missing");
  expectRefusal("A x vertex 16\n", 2, "the id 'x' is no number");
  expectRefusal("A -1 vertex 16\n", 2, "the id '-1'");
  expectRefusal("A 4294967296 vertex 16\n", 2, "the id '4294967296'");
  expectRefusal("A 1 vertex 1e3\n", 2, "the size '1e3'");
  expectRefusal("A 1 vertex 99999999999999999999\n", 2, "the size");
  expectRefusal("A 1 mesh 16\n", 2, "unknown kind 'mesh'");
  expectRefusal("A 1 vertex 0\n", 2, "the size of 1 is 0");
  expectRefusal("A 1 vertex 16 16\n", 2, "more than the event needs");
  expectRefusal("A 1 vertex 16\nF\nA 1 vertex 16\n", 4, "the id 1 is in use");
  expectRefusal("A 1 vertex 16\nX 1\nA 1 vertex 16\n", 4, "the id 1 has been used before");
  expectRefusal("D 3\n", 2, "no object has this id: 3");
  expectRefusal("A 1 vertex 16\nX 1\nX 1\n", 4, "destroyed before: 1");
  expectRefusal("A 1 vertex 16\nR 1 0\n", 3, "the size of 1 is 0");
  expectRefusal("A 1 vertex 16\nU 1 8 9\n", 3, "beyond its 16 bytes");
  expectRefusal("A 1 vertex 16\nU 1 18446744073709551615 2\n", 3, "beyond");
  expectRefusal("A 1 vertex 16\nR 1 8\nU 1 0 16\n", 4, "beyond its 8 bytes");
  expectRefusal(std::string(5000, 'D') + "\n", 2, "too long");
  expectRefusal("A 1 vertex 16\n" + std::string("\0\1\2", 3) + "\n", 3, "unknown event in '??");
}

TEST_F(TraceReaderTest, RefusesWhatIsNoTrace) {
  expectFailure(folder_.write("empty.gtrace", ""), 1, "empty");
  expectFailure(folder_.write("text.gtrace", "hello\n"), 1, "not a trace");
  expectFailure(folder_.write("later.gtrace", "# gtrace 11\n"), 1, "not a trace");
  EXPECT_THROW(TraceReader{folder_.path() / "nothing.gtrace"}, Failure);
  EXPECT_THROW(TraceReader{folder_.path()}, Failure);
}

TEST_F(TraceReaderTest, ReadsGzipAndSaysWhenItIsTruncated) {
  std::string text = kHeader;
  for (int id = 1; id <= 50'000; ++id) {
    text += "A " + std::to_string(id) + " index " + std::to_string(id * 7919 % 4096 + 1) + "\n";
  }
  const std::filesystem::path whole = folder_.path() / "t.gtrace.gz";
  gzFile out = gzopen(whole.string().c_str(), "wb");
  ASSERT_NE(out, nullptr);
  ASSERT_EQ(gzwrite(out, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  ASSERT_EQ(gzclose(out), Z_OK);
  EXPECT_EQ(readAll(whole).size(), 50'000U);

  const std::string bytes = readText(whole);
  const auto half = folder_.write("half.gtrace.gz", bytes.substr(0, bytes.size() / 2));
  try {
    (void)readAll(half);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("half.gtrace.gz:"), std::string::npos) << failure.what();
    EXPECT_NE(std::string(failure.what()).find("truncated"), std::string::npos) << failure.what();
  }
}

}  // namespace
}  // namespace flux::app
