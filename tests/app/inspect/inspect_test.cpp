#include "inspect/inspect.hpp"

#include "inspect/inspect_test_tools.hpp"
#include "inspect/page.hpp"
#include "inspect/picture.hpp"
#include "inspect/summary.hpp"

#include <array>
#include <random>
#include <sstream>

namespace flux::app {
namespace {

using InspectTest = InspectFixture;

TEST_F(InspectTest, SummaryExplainsWhatWasRefused) {
  add("hill\n\x1B[2J", 100'000, terrain);
  settle();
  const PartDesc huge{PartKind::Vertex, 6 * kMiB,
                      Source::callback([](void*, const FillRequest&) { return true; }, nullptr, 0)};
  ASSERT_FALSE(pool->add({.name = "too\tmuch", .parts = {&huge, 1}}));
  std::ostringstream out;
  printSummary(dump(), out);
  const std::string text = out.str();
  EXPECT_NE(text.find("'too\\x09much', out of budget: 6 MiB would exceed the hard limit"), std::string::npos) << text;
  EXPECT_NE(text.find("terrain"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1B'), std::string::npos);
}

TEST_F(InspectTest, SummarySaysWhatWouldLeaveForWhatWasRefused) {
  const PartDesc huge{PartKind::Vertex, 6 * kMiB,
                      Source::callback([](void*, const FillRequest&) { return true; }, nullptr)};
  ASSERT_FALSE(pool->add({.name = "too much", .parts = {&huge, 1}}));
  std::string text = pool->dump();
  const std::string_view last = "\"times\": 1";
  const std::size_t at = text.find(last);
  ASSERT_NE(at, std::string::npos);
  text.insert(at + last.size(), R"(, "eviction": {"explanation": "5 MiB\u001b have to leave"})");
  std::ostringstream out;
  printSummary(readDump(folder.write("dump.json", text)), out);
  EXPECT_NE(out.str().find("\n      now 5 MiB\\x1B have to leave\n"), std::string::npos) << out.str();
}

TEST_F(InspectTest, PictureShowsOwnersWhereTheyLie) {
  add("hill", 600'000, terrain);
  add("<&\">", 200'000);
  settle();
  const std::string svg = pictureOf(dump());
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_NE(svg.find("terrain  "), std::string::npos) << svg;
  // One chunk of 1 MiB, 780 pixels wide: the hill has 57.2 % of it, from its beginning.
  EXPECT_NE(svg.find("<rect x=\"160\" y=\"58\" width=\"446\" height=\"12\" fill=\"#4e79a7\"/>"), std::string::npos)
      << svg;
}

TEST_F(InspectTest, PageHasNothingThatANameCouldEnd) {
  const std::string nasty = "</script><script>alert(1)</script>";
  add(nasty, 100);
  ASSERT_TRUE(pool->makeTag("@styles@ <!-- </script>"));
  settle();
  const std::string page = pageOf(dump("</script>.json"));
  EXPECT_EQ(page.find("alert(1)"), std::string::npos) << "names are packed";
  EXPECT_EQ(page.find("<!-- </script>"), std::string::npos);
  EXPECT_NE(page.find("@styles@ \\u003c!-- \\u003c/script>"), std::string::npos) << "no name is a mark";
  EXPECT_EQ(page.find("http-equiv=\"Content-Security-Policy\""), page.rfind("http-equiv=\"Content-Security-Policy\""));
  for (const char* loads : {"<link", "<img", "<iframe", " src=\"http", "@import"}) {
    EXPECT_EQ(page.find(loads), std::string::npos) << loads;
  }
}

/// Numbers that make no sense are drawn somehow, or refused in a sentence; nothing is read or written that is not
/// there.
TEST_F(InspectTest, SurvivesDumpsThatSomebodyHasChanged) {
  for (int i = 0; i < 8; ++i) add("block", 1000, terrain);
  settle();
  const Frame frame = pool->beginFrame();
  ASSERT_TRUE(pool->remove({3, 1}));
  add("waits", 64);
  const std::string text = pool->dump();
  std::mt19937 random(1);
  int shown = 0;
  for (int i = 0; i < 300; ++i) {
    std::string changed = text;
    for (int j = 0; j < 4; ++j) {
      const std::size_t at = changed.find_first_of("0123456789", random() % changed.size());
      if (at == std::string::npos) continue;
      changed.replace(at, 1, std::array{"9", "18446744073709551615", "-1", "4294967296", "0", "null"}[random() % 6]);
    }
    std::ostringstream out;
    try {
      runInspect({.files = {folder.write("changed.json", changed)},
                  .html = folder.path() / "changed.html",
                  .svg = folder.path() / "changed.svg"},
                 out);
      ++shown;
    } catch (const Failure&) {
    }
  }
  EXPECT_GT(shown, 30);
}

TEST_F(InspectTest, SaysHowItIsUsed) {
  const std::filesystem::path file = folder.write("a.json", pool->dump());
  std::ostringstream out;
  EXPECT_THROW(runInspect({.files = {file, file}}, out), Failure);
  EXPECT_THROW(runInspect({.files = {file}, .diff = true}, out), Failure);
  EXPECT_THROW(runInspect({.files = {file}, .html = folder.path() / "none" / "a.html"}, out), Failure);
  runInspect({.files = {file, file}, .diff = true, .html = folder.path() / "a.html", .svg = folder.path() / "a.svg"},
             out);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "a.html"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "a.svg"));
}

}  // namespace
}  // namespace flux::app
