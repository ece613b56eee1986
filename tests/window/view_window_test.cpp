// The window as its user sees it: a picture of what it showed last. FLUX_TEST_BACKEND names the back end.

#include "window/view_window.hpp"
#include "window/window.hpp"

#include "app/view_options.hpp"
#include "interrupt.hpp"
#include "report_files.hpp"

#include <flux_panel_feed.hpp>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <sstream>

namespace flux::app {
namespace {

constexpr int kChannels = 4;

struct Screenshot {
  int width = 0;
  int height = 0;
  std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels{nullptr, &stbi_image_free};

  explicit Screenshot(const std::filesystem::path& file) {
    int channels = 0;
    pixels.reset(stbi_load(file.string().c_str(), &width, &height, &channels, kChannels));
    EXPECT_NE(pixels, nullptr) << file << ": " << stbi_failure_reason();
  }
  [[nodiscard]] const stbi_uc* row(int y) const { return pixels.get() + std::ptrdiff_t{kChannels} * width * y; }
  [[nodiscard]] std::size_t coloursIn(int firstRow, int lastRow) const {
    std::set<std::uint32_t> seen;
    for (int y = firstRow; y < lastRow; ++y) {
      for (int x = 0; x < width; ++x) {
        std::uint32_t colour = 0;
        std::memcpy(&colour, row(y) + std::ptrdiff_t{kChannels} * x, sizeof colour);
        seen.insert(colour);
      }
    }
    return seen.size();
  }
};

class ViewWindowTest : public testing::Test {
 protected:
  ViewWindowTest() : options_(smallView(folder_)) {
    options_.width = 640;
    options_.height = 360;
    options_.frames = 30;
    options_.objects = 4000;  // Of fewer the camera sees next to nothing.
  }
  [[nodiscard]] bool draws() const { return options_.backend != "host"; }

  TestFolder folder_;
  ViewOptions options_;
  std::ostringstream progress_;
};

TEST_F(ViewWindowTest, ShowsTheLastFrameOfTheRun) {
  const auto file = folder_.path() / "window.png";
  const RunReport report = runViewInWindow(options_, file, progress_);
  EXPECT_EQ(failureOf(report), "");
  EXPECT_EQ(report.frames, 30U);
  EXPECT_FALSE(report.interrupted);
  const Screenshot window(file);
  ASSERT_EQ(window.width, 640);
  ASSERT_EQ(window.height, 360);
  EXPECT_GT(window.coloursIn(300, 360), 3U) << "the line of keys";
  if (!draws()) return;
  const Screenshot world(options_.out / "world.png");
  ASSERT_EQ(world.width, 640);
  EXPECT_GT(world.coloursIn(0, 300), 64U);
  // The window is as large as the picture: beside what is drawn over it, they are the same. The panel has the right
  // half.
  for (int y = 20; y < 300; ++y) {
    ASSERT_EQ(std::memcmp(window.row(y), world.row(y), std::size_t{kChannels} * 300), 0) << "row " << y;
    ASSERT_NE(std::memcmp(window.row(y), world.row(y), std::size_t{kChannels} * 640), 0) << "row " << y;
  }
}

TEST_F(ViewWindowTest, ThePanelHasTheNumbersOfTheReport) {
  class Watcher : public Spectator {
   public:
    void frameFinished(const FinishedFrame&) override {}
    void poolStepped(const Pool& pool, const StepReport& report, std::chrono::nanoseconds time) override {
      feed.stepped(pool, report, time);
    }
    void runEnded(const Pool& pool) override { feed.fill(pool); }
    PanelFeed feed;
  };
  Watcher watcher;
  ViewHooks hooks;
  hooks.spectator = &watcher;
  const RunReport report = runView(options_, progress_, hooks);
  const PoolStats& shown = watcher.feed.data().totals;
  EXPECT_EQ(shown.blocksAdded, report.blocksAdded);
  EXPECT_EQ(shown.blocksUpdated, report.blocksUpdated);
  EXPECT_EQ(shown.uploadedBytes, report.bytesUploaded);
  EXPECT_EQ(shown.copiedBytes, report.copiedBytes);
  EXPECT_EQ(shown.peakReservedBytes, report.peakReservedBytes);
  EXPECT_GT(shown.blocks, 0U);
}

TEST_F(ViewWindowTest, AnInterruptEndsTheRunWithItsReport) {
  options_.frames = 1'000'000;
  // As the signal would, once the run has begun.
  std::jthread impatient([&](const std::stop_token& over) {
    while (!over.stop_requested() && !std::filesystem::exists(options_.out)) std::this_thread::yield();
    while (!over.stop_requested()) {
      InterruptGuard::interrupt();
      std::this_thread::yield();
    }
  });
  const RunReport report = runViewInWindow(options_, {}, progress_);
  EXPECT_EQ(failureOf(report), "");
  EXPECT_TRUE(report.interrupted);
  EXPECT_LT(report.frames, options_.frames);
}

/// Presses keys of the window with this title, as soon as there is one.
void pressKeys(const std::string& title, const std::string& keys) {
  const std::string command =
      "timeout 60 xdotool search --sync --onlyvisible --name '^" + title + "' key --delay 0 " + keys;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

TEST(WindowTest, TakesTheKeysThatItKnows) {
  Window window("flux keys", 200, 100);
  const std::jthread user([] { pressKeys("flux keys", "space a p Escape"); });
  std::vector<WindowKey> keys;
  while (keys.size() < 3) {
    window.beginFrame(0.01);
    for (const WindowKey key : window.takeKeys()) keys.push_back(key);
    window.endFrame();
  }
  EXPECT_EQ(keys, (std::vector{WindowKey::Space, WindowKey::P, WindowKey::Escape}));
}

TEST_F(ViewWindowTest, KeysHideThePanelAndEndTheRun) {
  options_.frames = 1'000'000;
  const auto file = folder_.path() / "window.png";
  const std::jthread user([&](const std::stop_token& over) {
    while (!over.stop_requested() && !std::filesystem::exists(options_.out)) std::this_thread::yield();
    if (!over.stop_requested()) pressKeys("flux view: " + options_.backend, "p Escape");
  });
  const RunReport report = runViewInWindow(options_, file, progress_);
  EXPECT_EQ(failureOf(report), "");
  EXPECT_TRUE(report.interrupted);
  EXPECT_LT(report.frames, options_.frames);
  const Screenshot window(file);
  ASSERT_EQ(window.width, 640);
  EXPECT_GT(window.coloursIn(300, 360), 3U) << "the line of keys";
  if (draws()) return;
  EXPECT_EQ(window.coloursIn(0, 300), 1U) << "no picture, and no panel over it";
}

TEST_F(ViewWindowTest, AFailureOfTheRunReachesTheCaller) {
  options_.models = {folder_.write("broken.obj", kBroken)};
  EXPECT_THROW((void)runViewInWindow(options_, {}, progress_), Failure);
}

}  // namespace
}  // namespace flux::app
