#include "window/view_window.hpp"

#include "interrupt.hpp"
#include "view/picture.hpp"
#include "window/picture_handover.hpp"
#include "window/window.hpp"

#include <flux_panel.hpp>

#include <imgui.h>

#include <algorithm>
#include <chrono>
#include <future>

namespace flux::app {
namespace {

/// The window is drawn again after so long, also if there is no new picture.
constexpr std::chrono::milliseconds kRedraw{33};
constexpr double kPausedRedrawSeconds = 0.05;
constexpr float kPanelLines = 42;  // The panel's width, in heights of a line.

/// The window's side of a run.
///
/// **Thread contract.** The main thread; `frameFinished` is called on the run's.
class ViewWindow final : public Spectator {
 public:
  explicit ViewWindow(const ViewOptions& options)
      : options_(options), window_("flux view: " + options.backend, options.width, options.height) {}

  void frameFinished(const FinishedFrame& frame) override { pictures_.put(frame.frame, frame.picture); }
  void poolStepped(const Pool& pool, const StepReport& report, std::chrono::nanoseconds time) override {
    feed_.stepped(pool, report, time);
  }
  void runEnded(const Pool& pool) override { feed_.fill(pool); }

  void frame() {
    if (!paused_ && pictures_.take(picture_, kRedraw) && !picture_.rgba.empty()) showPicture();
    window_.beginFrame(paused_ ? kPausedRedrawSeconds : 0);
    for (const WindowKey key : window_.takeKeys()) press(key);
    drawWidgets();
    window_.endFrame();
    if (closing_ || window_.closed()) InterruptGuard::interrupt();
    if (InterruptGuard::interrupted()) pictures_.close();
  }

  /// The run goes on without the window.
  void letGo() {
    InterruptGuard::interrupt();
    pictures_.close();
  }

  /// The last picture of a run that has ended, with all that is drawn over it.
  void writeScreenshot(const std::filesystem::path& file) {
    if (pictures_.take(picture_, std::chrono::milliseconds(0)) && !picture_.rgba.empty()) showPicture();
    window_.beginFrame(0);
    drawWidgets();
    const Window::Pixels pixels = window_.endFrameAndRead();
    writePng(file, pixels.rgba, pixels.width, pixels.height);
  }

 private:
  void showPicture() { window_.setPicture(picture_.rgba, options_.width, options_.height); }

  void press(WindowKey key) {
    switch (key) {
      case WindowKey::Space:
        paused_ = !paused_;
        break;
      case WindowKey::P:
        showPanel_ = !showPanel_;
        break;
      case WindowKey::Escape:
        closing_ = true;
        break;
    }
  }

  void drawWidgets() {
    if (showPanel_) drawPanel();
    drawKeys();
  }

  void drawPanel() {
    const float line = ImGui::GetTextLineHeight();
    const ImVec2 room = ImGui::GetIO().DisplaySize;
    const float width = std::min(kPanelLines * line, room.x / 2);
    ImGui::SetNextWindowPos(ImVec2(room.x - line / 2, line / 2), ImGuiCond_FirstUseEver, ImVec2(1, 0));
    ImGui::SetNextWindowSize(ImVec2(width, room.y - line), ImGuiCond_FirstUseEver);
    panel_.draw(feed_);
  }

  void drawKeys() const {
    const float margin = ImGui::GetTextLineHeight() / 2;
    ImGui::SetNextWindowPos(ImVec2(margin, ImGui::GetIO().DisplaySize.y - margin), ImGuiCond_Always, ImVec2(0, 1));
    ImGui::SetNextWindowBgAlpha(0.6F);
    constexpr ImGuiWindowFlags kLine = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoInputs |
                                       ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoNav |
                                       ImGuiWindowFlags_NoFocusOnAppearing | ImGuiWindowFlags_NoSavedSettings;
    if (ImGui::Begin("keys", nullptr, kLine)) {
      if (picture_.frame == 0) {
        ImGui::TextUnformatted("loading models   Esc: close");
      } else {
        ImGui::Text("%s, frame %llu%s   Space: %s   P: %s the panel   Esc: close", options_.backend.c_str(),
                    static_cast<unsigned long long>(picture_.frame), paused_ ? ", paused" : "",
                    paused_ ? "fly on" : "pause", showPanel_ ? "hide" : "show");
      }
    }
    ImGui::End();
  }

  const ViewOptions& options_;
  Window window_;
  PictureHandover pictures_;
  Picture picture_;  ///< That is shown.
  PanelFeed feed_;
  Panel panel_;
  bool showPanel_ = true;
  bool paused_ = false;
  bool closing_ = false;
};

}  // namespace

RunReport runViewInWindow(const ViewOptions& options, const std::filesystem::path& screenshot, std::ostream& progress) {
  ViewWindow window(options);
  ViewHooks hooks;
  hooks.spectator = &window;
  std::future<RunReport> run = std::async(std::launch::async, [&] { return runView(options, progress, hooks); });
  const auto hasEnded = [&](std::chrono::milliseconds most) { return run.wait_for(most) == std::future_status::ready; };
  try {
    while (!hasEnded(std::chrono::milliseconds(0))) window.frame();
  } catch (...) {
    while (!hasEnded(kRedraw)) window.letGo();
    throw;
  }
  RunReport report = run.get();
  if (!screenshot.empty()) window.writeScreenshot(screenshot);
  return report;
}

}  // namespace flux::app
