#pragma once

/// A window of the operating system for pictures in host memory, with Dear ImGui on top. It draws with OpenGL of its
/// own, whatever API made the pictures.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace flux::app {

enum class WindowKey : std::uint8_t { Space, P, Escape };

/// **Thread contract.** The main thread, at most one at a time.
class Window {
 public:
  /// Throws Failure: no display, or no OpenGL 3.3 on it.
  Window(const std::string& title, std::uint32_t width, std::uint32_t height);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  /// Whether its user has closed it.
  [[nodiscard]] bool closed() const;
  /// Keys that were pressed since the last call, but for those that a text field of ImGui took.
  [[nodiscard]] std::vector<WindowKey> takeKeys();

  /// Shows this picture from now on, as large as it fits, without stretching it: rows of RGBA.
  void setPicture(std::span<const std::byte> rgba, std::uint32_t width, std::uint32_t height);

  /// Handles what has happened to the window, after waiting for it for `waitSeconds` at most, and begins a frame of
  /// ImGui over the picture.
  void beginFrame(double waitSeconds);
  /// Draws it and shows it.
  void endFrame();

  /// What the last `endFrame` drew.
  struct Pixels {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<std::byte> rgba;
  };
  /// Draws as `endFrame` does, and reads it.
  [[nodiscard]] Pixels endFrameAndRead();

 private:
  struct Native;
  void draw();
  std::unique_ptr<Native> native_;
};

}  // namespace flux::app
