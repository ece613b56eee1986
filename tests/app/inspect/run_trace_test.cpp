#include "inspect/run_trace.hpp"

#include "inspect/recorded_run.hpp"
#include "inspect/run_picture.hpp"
#include "inspect/run_summary.hpp"

#include <map>
#include <numeric>
#include <set>

namespace flux::app {
namespace {

using Json = nlohmann::json;
using RunTraceTest = RecordedRun;

/// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: what each kind of event must have.
/// And what Perfetto's importer drops: slices of a thread that overlap, counters that are no numbers, asynchronous
/// events without a process and an id, instants of a scope that it does not know.
TEST_F(RunTraceTest, HasTheFormOfTraceEvents) {
  runRandomly(500);
  const std::chrono::steady_clock::time_point now{std::chrono::hours{1}};
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(pool->step({}, now));
  EXPECT_FALSE(add("\xff \"<\n", 3 * kMiB));
  { const Frame open = pool->beginFrame("no \xff UTF-8"); }
  step();
  const std::string bytes = recording();
  const RunSeries series = readSeries(readerOf(bytes));
  const Json trace = Json::parse(traceOf(series, playMaps(readerOf(bytes), "run", {})));
  std::map<std::string, int> phases;
  std::map<std::string, int> names;
  std::set<std::uint64_t> open;
  double last = 0;
  std::int64_t sliceEnd = 0;  // in nanoseconds, as Perfetto has it
  const auto nanoseconds = [](const Json& time) { return static_cast<std::int64_t>(time.get<double>() * 1e3); };
  for (const Json& event : trace.at("traceEvents")) {
    const auto phase = event.at("ph").get<std::string>();
    const auto time = event.at("ts").get<double>();
    ASSERT_GE(time, last) << event;
    last = time;
    EXPECT_TRUE(event.at("pid").is_number_integer() && event.at("tid").is_number_integer());
    ++phases[phase];
    ++names[event.at("name").get<std::string>()];
    if (phase == "X") {
      ASSERT_GE(event.at("dur").get<double>(), 0);
      ASSERT_GE(nanoseconds(event.at("ts")), sliceEnd) << event;
      sliceEnd = nanoseconds(event.at("ts")) + nanoseconds(event.at("dur"));
    } else if (phase == "C") {
      ASSERT_EQ(event.at("args").size(), 1U);
      EXPECT_TRUE(event.at("args").front().is_number());
    } else if (phase == "i") {
      EXPECT_EQ(event.at("s"), "p");
    } else if (phase == "b") {
      EXPECT_EQ(event.at("cat"), "frame");
      EXPECT_TRUE(open.insert(event.at("id").get<std::uint64_t>()).second);
    } else if (phase == "e") {
      EXPECT_EQ(open.erase(event.at("id").get<std::uint64_t>()), 1U);
    } else {
      EXPECT_EQ(phase, "M");
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(names["step"], static_cast<int>(series.steps.size()));
  EXPECT_EQ(names["publish"], static_cast<int>(series.publishes.size()));
  EXPECT_EQ(phases["b"], static_cast<int>(series.frames.size()));
  EXPECT_GT(names["live"], 10);
  const std::vector<double>& refused = series.line("calls refused");
  EXPECT_EQ(names["call refused"], std::accumulate(refused.begin(), refused.end(), 0.0));
  EXPECT_EQ(names["no memory: \xEF\xBF\xBD \"<\n"], 1);
  EXPECT_EQ(names["no \xEF\xBF\xBD UTF-8"], 2) << "it begins and ends";
}

TEST_F(RunTraceTest, ARunWithoutStepsHasAllThree) {
  EXPECT_FALSE(add("too much", 3 * kMiB));
  const std::string bytes = recording();
  const RunSeries series = readSeries(readerOf(bytes));
  const RunMaps maps = playMaps(readerOf(bytes), "run", {});
  EXPECT_EQ(maps.refusals.size(), 1U);
  EXPECT_TRUE(Json::parse(traceOf(series, maps)).at("traceEvents").size() >= 2);
  EXPECT_TRUE(pictureOf(series, maps).starts_with("<svg "));
  std::ostringstream out;
  printSummary(series, maps, out);
  EXPECT_NE(out.str().find("refused"), std::string::npos);
}

TEST_F(RunTraceTest, SummaryNamesWhatWasRefusedAndWhen) {
  step();
  EXPECT_FALSE(add("too\x1B[2Jmuch", 3 * kMiB));
  step();
  const std::string bytes = recording();
  const RunSeries series = readSeries(readerOf(bytes));
  std::ostringstream out;
  printSummary(series, playMaps(readerOf(bytes), "run", {}), out);
  EXPECT_NE(out.str().find("step 1: 'too\\x1B[2Jmuch', out of budget: 3 MiB would exceed the hard limit"),
            std::string::npos)
      << out.str();
}

}  // namespace
}  // namespace flux::app
