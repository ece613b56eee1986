#include "inspect/run_maps.hpp"

#include "failure.hpp"
#include "inspect/inspect.hpp"
#include "inspect/recorded_run.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace flux::app {
namespace {

using Thing = std::tuple<std::uint32_t, ByteOffset, ByteCount, int, std::string, int>;

/// What lies in the chunks: place, what it is, and of a block its name and how it stands.
std::vector<Thing> thingsOf(const DumpFile& dump) {
  std::vector<Thing> things;
  const auto add = [&](const DumpPlace& place, int what, const std::string& name, DumpState state) {
    things.emplace_back(place.chunk, place.offset, place.bytes, what, name, static_cast<int>(state));
  };
  for (const DumpBlock& block : dump.blocks) {
    if (block.place) add(*block.place, MapItem::Block, block.name, block.state);
    if (block.movesTo) add(*block.movesTo, MapItem::Destination, block.name, block.state);
  }
  for (const DumpRetired& range : dump.retired) add(range.place, MapItem::Retired, "", {});
  for (const DumpPlace& mirror : dump.mirrors) add(mirror, MapItem::Mirror, "", {});
  std::ranges::sort(things);
  return things;
}

std::vector<Thing> thingsAt(const RunMaps& maps, std::uint32_t stop) {
  std::vector<Thing> things;
  for (const MapItem& item : maps.items) {
    if (item.from > stop || stop >= item.to) continue;
    const bool block = item.what == MapItem::Block || item.what == MapItem::Destination;
    things.emplace_back(item.place.chunk, item.place.offset, item.place.bytes, item.what,
                        block ? maps.blocks.at(item.of).name : "", block ? static_cast<int>(item.state) : 0);
  }
  std::ranges::sort(things);
  return things;
}

class RunMapsTest : public RecordedRun {
 protected:
  std::vector<std::uint64_t> allSteps() const {
    std::vector<std::uint64_t> steps(reports.size() - 1);
    std::iota(steps.begin(), steps.end(), 1);
    return steps;
  }
  void expectDumps(const RunMaps& maps) const {
    for (std::uint32_t stop = 0; stop + 1 < maps.stops.size(); ++stop) {
      SCOPED_TRACE(maps.stops[stop]);
      const DumpFile dump = parseDump(dumps.at(maps.stops[stop] - 1), "dump");
      ASSERT_EQ(thingsAt(maps, stop), thingsOf(dump));
      std::vector<std::pair<std::uint32_t, ByteCount>> chunks;
      for (const MapChunk& chunk : maps.chunks) {
        if (chunk.from <= stop && stop < chunk.to) chunks.emplace_back(chunk.index, chunk.bytes);
      }
      std::vector<std::pair<std::uint32_t, ByteCount>> expected;
      expected.reserve(dump.chunks.size());
      for (const DumpChunk& chunk : dump.chunks) expected.emplace_back(chunk.index, chunk.bytes);
      ASSERT_EQ(chunks, expected);
    }
    EXPECT_EQ(thingsAt(maps, static_cast<std::uint32_t>(maps.stops.size() - 1)), thingsOf(maps.end));
  }
};

TEST_F(RunMapsTest, ARecordingIsADumpAfterEachStep) {
  runRandomly(300);
  const std::string bytes = recording();
  for (std::uint64_t step = 1; step <= reports.size(); step += 7) {
    SCOPED_TRACE(step);
    const DumpFile then = dumpAfter(readerOf(bytes), "run", step);
    EXPECT_EQ(thingsOf(then), thingsOf(parseDump(dumps.at(step - 1), "dump")));
    EXPECT_EQ(then.head.at("stats").at("steps"), step);
  }
  EXPECT_EQ(dumpAfter(readerOf(bytes), "run", std::nullopt).head.at("stats").at("steps"), reports.size());
  EXPECT_THROW((void)dumpAfter(readerOf(bytes), "run", reports.size() + 1), Failure);
}

TEST_F(RunMapsTest, StepsOfARecordingAreComparedLikeDumps) {
  add("stays", 100).value();
  step();
  add("comes", 200).value();
  step();
  (void)recording();
  const auto shown = [&](const std::vector<std::filesystem::path>& files, bool diff) {
    std::ostringstream out;
    runInspect({.files = files, .diff = diff}, out);
    return out.str();
  };
  const std::string first = file.string() + "@1";
  const std::string diff = shown({first, file}, true);
  EXPECT_NE(diff.find("came             1 "), std::string::npos) << diff;
  EXPECT_NE(diff.find("comes  (200 B)"), std::string::npos) << diff;
  EXPECT_EQ(shown({file.string() + "@2", file}, true).find("comes"), std::string::npos);
  EXPECT_NE(shown({first}, false).find("run.fluxrec@1"), std::string::npos);
  for (const char* wrong : {"@3", "@", "@1x", "@-1", "@99999999999999999999"}) {
    EXPECT_THROW((void)shown({file.string() + wrong}, false), Failure) << wrong;
  }
}

TEST_F(RunMapsTest, EachStopIsWhatADumpHadSaidThen) {
  runRandomly(800);
  const std::vector<std::uint64_t> steps = allSteps();
  const RunMaps maps = playMaps(readerOf(recording()), "run", steps);
  EXPECT_FALSE(maps.difference || maps.failure);
  ASSERT_EQ(maps.stops.size(), steps.size() + 1);
  expectDumps(maps);
  EXPECT_EQ(maps.fragmentation[0].size(), reports.size());
  EXPECT_GT(std::ranges::max(maps.fragmentation[0]), 0);
  EXPECT_TRUE(std::ranges::any_of(maps.items, [](const MapItem& item) { return item.to - item.from > 5; }))
      << "what stays is one item";
}

TEST_F(RunMapsTest, OfTooManyThingsStopsAreLeftOut) {
  runRandomly(800);
  const std::string bytes = recording();
  const RunMaps all = playMaps(readerOf(bytes), "run", allSteps());
  const RunMaps few = playMaps(readerOf(bytes), "run", allSteps(), all.items.size() / 3);
  EXPECT_LE(few.items.size(), all.items.size() / 3);
  EXPECT_LT(few.stops.size(), all.stops.size() / 2 + 1);
  EXPECT_EQ(few.stops.back(), all.stops.back());
  expectDumps(few);
  const RunMaps one = playMaps(readerOf(bytes), "run", allSteps(), 0);
  EXPECT_EQ(one.stops.size(), 1U);
  expectDumps(one);
  EXPECT_EQ(one.blocks.size(), one.end.blocks.size());
}

TEST_F(RunMapsTest, RefusalsAreExplained) {
  step();
  EXPECT_FALSE(add("too\nmuch", 3 * kMiB, owner));
  EXPECT_FALSE(add("too\nmuch", 3 * kMiB, owner));
  step();
  EXPECT_FALSE(add("again", 5 * kMiB));
  const RunMaps maps = playMaps(readerOf(recording()), "run", {});
  ASSERT_EQ(maps.refusals.size(), 2U);
  EXPECT_EQ(maps.refusals[0].name, "too\nmuch");
  EXPECT_EQ(maps.refusals[0].error, "out of budget");
  EXPECT_EQ(maps.refusals[0].firstStep, 1U);
  EXPECT_EQ(maps.refusals[0].times, 2U);
  EXPECT_TRUE(maps.refusals[0].explanation.starts_with("3 MiB would exceed the hard limit"))
      << maps.refusals[0].explanation;
  EXPECT_EQ(maps.refusals[1].request.bytes, 5 * kMiB);
  EXPECT_EQ(maps.refusals[1].firstStep, 2U);
}

TEST_F(RunMapsTest, ACutRecordingEndsWhereItIsCut) {
  keepsDumps = false;
  runRandomly(6000);  // more than one block of the file
  const std::string bytes = recording();
  const std::string cut = bytes.substr(0, bytes.size() - 1);
  const RunSeries series = readSeries(readerOf(cut));
  const RunMaps maps = playMaps(readerOf(cut), "run", {});
  EXPECT_EQ(maps.stops.back(), series.steps.size());
  const std::vector<std::string> problems = problemsOf(series, maps);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_TRUE(problems[0].starts_with("The recording is cut")) << problems[0];
}

TEST(ChooseStops, AreSpreadOverTheRunAndHaveWhatIsWanted) {
  EXPECT_TRUE(chooseStops(0, 0, {}).empty());
  EXPECT_TRUE(chooseStops(1, 10, {1}).empty()) << "the end is no choice";
  EXPECT_EQ(chooseStops(4, 10, {}), (std::vector<std::uint64_t>{1, 2, 3}));
  const std::vector<std::uint64_t> stops = chooseStops(1'000'000, 100'000, {77, 77, 2'000'000});
  EXPECT_LT(stops.size(), 120U);
  EXPECT_TRUE(std::ranges::binary_search(stops, 77U));
  EXPECT_TRUE(std::ranges::is_sorted(stops));
  EXPECT_GT(stops.back(), 980'000U);
  EXPECT_LT(stops.back(), 1'000'000U);
  EXPECT_GT(chooseStops(1'000'000, 1'000'000'000, {}).size(), 10U);
}

}  // namespace
}  // namespace flux::app
