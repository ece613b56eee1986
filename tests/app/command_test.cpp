// The command as a user runs it: exit codes, and one clear line for everything that is wrong.

#include "app/test_files.hpp"

#include <nlohmann/json.hpp>

#include <sys/wait.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace flux::app {
namespace {

struct Outcome {
  int exitCode = -1;
  std::string output;
  std::string errors;
};

/// Runs the command with arguments as a shell takes them.
Outcome flux(const TestFolder& folder, const std::string& arguments) {
  const auto output = folder.path() / "stdout.txt";
  const auto errors = folder.path() / "stderr.txt";
  const std::string line =
      std::string(FLUX_COMMAND) + " " + arguments + " >'" + output.string() + "' 2>'" + errors.string() + "'";
  const int status = std::system(line.c_str());
  const int exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return {exitCode, readText(output), readText(errors)};
}

class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    model_ = "'" + folder_.write("models/squares.obj", kSquares).string() + "'";
    out_ = folder_.path() / "out";
  }
  [[nodiscard]] std::string view(const std::string& rest) const {
    return "view --backend host --objects 300 --frames 20 --out '" + out_.string() + "' " + rest;
  }
  /// One line on standard error that names the thing, nothing on standard output, no files.
  void expectRefusal(const std::string& arguments, int exitCode, const std::string& named) {
    const Outcome outcome = flux(folder_, arguments);
    EXPECT_EQ(outcome.exitCode, exitCode) << arguments;
    EXPECT_EQ(outcome.output, "") << arguments;
    const std::string& errors = outcome.errors;
    const std::size_t lastLine = errors.find_last_of('\n', errors.size() - 2) + 1;
    EXPECT_NE(errors.substr(errors.size() < 2 ? 0 : lastLine).find(named), std::string::npos) << errors;
    const auto lines = std::count(errors.begin(), errors.end(), '\n');
    EXPECT_LE(lines, errors.rfind("flux: loading", 0) == 0 ? 2 : 1) << errors;
    EXPECT_FALSE(std::filesystem::exists(out_)) << arguments;
  }

  TestFolder folder_;
  std::string model_;
  std::filesystem::path out_;
};

TEST_F(CommandTest, AnOptionGivenTwiceCountsAsGivenLast) {
  const Outcome outcome = flux(folder_, view("--frames 3 --json - " + model_));
  ASSERT_EQ(outcome.exitCode, 0) << outcome.errors;
  EXPECT_EQ(nlohmann::json::parse(outcome.output)["frames"], 3);
}

TEST_F(CommandTest, SaysThatThereIsNoWindow) {
  ::unsetenv("DISPLAY");
  ::unsetenv("WAYLAND_DISPLAY");
  expectRefusal(view("--window " + model_), 1, "--window");
  expectRefusal(view("--screenshot window.png " + model_), 2, "--screenshot");
}

TEST_F(CommandTest, RunsAWorldAndWritesTheReport) {
  const Outcome outcome = flux(folder_, view("--verify --render-threads 2 " + model_));
  EXPECT_EQ(outcome.exitCode, 0) << outcome.errors;
  EXPECT_NE(outcome.output.find("flux view on host"), std::string::npos);
  EXPECT_NE(outcome.output.find("all right"), std::string::npos);
  const auto report = nlohmann::json::parse(readText(out_ / "report.json"));
  EXPECT_EQ(report["invalidDraws"], 0);
  EXPECT_EQ(report["frames"], 20);
}

TEST_F(CommandTest, WritesNothingButJsonToStandardOutputWhenAsked) {
  const Outcome outcome = flux(folder_, view("--single-thread --json - " + model_));
  EXPECT_EQ(outcome.exitCode, 0) << outcome.errors;
  const auto report = nlohmann::json::parse(outcome.output);
  EXPECT_EQ(report["singleThread"], true);
  EXPECT_EQ(report["backend"], "host");
}

TEST_F(CommandTest, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(flux(folder_, "--help").exitCode, 0);
  const Outcome help = flux(folder_, "view --help");
  EXPECT_EQ(help.exitCode, 0);
  EXPECT_NE(help.output.find("--render-threads"), std::string::npos);
  EXPECT_EQ(flux(folder_, "--help").output.find("load-models"), std::string::npos);
  EXPECT_EQ(flux(folder_, "--version").exitCode, 0);
}

TEST_F(CommandTest, RefusesBadUse) {
  expectRefusal("", 2, "subcommand");
  expectRefusal("fly", 2, "fly");
  expectRefusal(view("--nonsense " + model_), 2, "--nonsense");
  expectRefusal(view("--backend metal " + model_), 2, "--backend");
  for (const char* size : {"0x240", "320x0", "0", "320", "x", "320x240x2", "-1x5", "99999x1", "a", "''"}) {
    expectRefusal(view("--size=" + std::string(size) + " " + model_), 2, "--size");
  }
  expectRefusal("view --backend host --out '" + out_.string() + "' --frames 0 " + model_, 2, "--frames");
  expectRefusal("view --backend host --out '" + out_.string() + "' --objects 0 " + model_, 2, "--objects");
  expectRefusal("view --backend host --out '" + out_.string() + "' --objects many " + model_, 2, "--objects");
  expectRefusal(view("--render-threads 0 " + model_), 2, "--render-threads");
  expectRefusal(view("--seed"), 2, "--seed");
}

TEST_F(CommandTest, NamesModelsThatItCannotRead) {
  expectRefusal(view("/nowhere/duck.obj"), 1, "/nowhere/duck.obj");
  expectRefusal(view("'" + folder_.write("bad/broken.obj", kBroken).string() + "'"), 1, "broken.obj");
  expectRefusal(view("'" + folder_.write("bad/notes.txt", "hello").string() + "'"), 1, "notes.txt");
  std::filesystem::create_directories(folder_.path() / "empty");
  expectRefusal(view("'" + (folder_.path() / "empty").string() + "'"), 1, "empty");
}

TEST_F(CommandTest, NamesAnOutputThatItCannotWriteBeforeTheWork) {
  const std::string file = folder_.write("file", "").string();
  const Outcome outcome = flux(folder_, "view --backend host --out '" + file + "/out' " + model_);
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_NE(outcome.errors.find("file/out"), std::string::npos);
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1);
  expectRefusal(view("--json '" + file + "/report.json' " + model_), 1, "file");
}

TEST_F(CommandTest, SkipsABrokenModelInAFolder) {
  folder_.write("models/broken.obj", kBroken);
  const Outcome outcome = flux(folder_, view("'" + (folder_.path() / "models").string() + "'"));
  EXPECT_EQ(outcome.exitCode, 0);
  EXPECT_NE(outcome.errors.find("broken.obj"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(readText(out_ / "report.json"))["models"]["skipped"].size(), 1U);
}

TEST_F(CommandTest, ReplaysATrace) {
  const std::string trace = folder_.write("t.gtrace", "# gtrace 1\nA 1 vertex 5000\nD 1\nF\nD 1\nF\nD 1\nF\n").string();
  const Outcome outcome = flux(folder_, "replay --verify --chunk-size 256KiB '" + trace + "' --json -");
  EXPECT_EQ(outcome.exitCode, 0) << outcome.errors;
  const auto report = nlohmann::json::parse(outcome.output);
  EXPECT_EQ(report["chunkBytes"], 262144);
  EXPECT_EQ(report["frames"], 3);
  EXPECT_EQ(report["backend"], "host");
  const Outcome table = flux(folder_, "replay --lean --policy all '" + trace + "' '" + trace + "'");
  EXPECT_EQ(table.exitCode, 0) << table.errors;
  EXPECT_NE(table.output.find("megabuffer"), std::string::npos) << table.output;
}

TEST_F(CommandTest, NamesWhatItCannotReplay) {
  const std::string good = folder_.write("good.gtrace", "# gtrace 1\nF\n").string();
  const std::string bad = folder_.write("bad.gtrace", "# gtrace 1\nF\nX 1\n").string();
  expectRefusal("replay '" + bad + "'", 1, "bad.gtrace:3: ");
  expectRefusal("replay '" + good + "' /nowhere/t.gtrace", 1, "/nowhere/t.gtrace");
  expectRefusal("replay", 2, "TRACE");
  expectRefusal("replay --policy best '" + good + "'", 2, "--policy");
  expectRefusal("replay --backend tape '" + good + "'", 2, "--backend");
  expectRefusal("replay --chunk-size large '" + good + "'", 2, "large");
  expectRefusal("replay --chunk-size 100 '" + good + "'", 2, "--chunk-size");
  expectRefusal("replay --repeat 0 '" + good + "'", 2, "--repeat");
}

}  // namespace
}  // namespace flux::app
