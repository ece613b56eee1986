#include "window/window.hpp"

#include "failure.hpp"

#define GLFW_INCLUDE_NONE
#include <GL/glcorearb.h>
#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>

#include <algorithm>
#include <utility>

namespace flux::app {
namespace {

constexpr int kGlMajor = 3;
constexpr int kGlMinor = 3;
constexpr const char* kGlslVersion = "#version 330 core";
constexpr std::size_t kPixelBytes = 4;

/// Why GLFW's last call failed.
std::string glfwReason() {
  const char* text = nullptr;
  glfwGetError(&text);
  return text != nullptr ? text : "no reason given";
}

template <class Function>
Function glFunction(const char* name) {
  const auto found = reinterpret_cast<Function>(glfwGetProcAddress(name));
  if (found == nullptr) throw Failure(std::string("--window: the window's OpenGL has no ") + name);
  return found;
}

/// What the window itself calls; ImGui has functions of its own.
struct WindowGl {
  PFNGLBINDTEXTUREPROC bindTexture = glFunction<PFNGLBINDTEXTUREPROC>("glBindTexture");
  PFNGLCLEARPROC clear = glFunction<PFNGLCLEARPROC>("glClear");
  PFNGLCLEARCOLORPROC clearColor = glFunction<PFNGLCLEARCOLORPROC>("glClearColor");
  PFNGLDELETETEXTURESPROC deleteTextures = glFunction<PFNGLDELETETEXTURESPROC>("glDeleteTextures");
  PFNGLGENTEXTURESPROC genTextures = glFunction<PFNGLGENTEXTURESPROC>("glGenTextures");
  PFNGLREADPIXELSPROC readPixels = glFunction<PFNGLREADPIXELSPROC>("glReadPixels");
  PFNGLTEXIMAGE2DPROC texImage2D = glFunction<PFNGLTEXIMAGE2DPROC>("glTexImage2D");
  PFNGLTEXPARAMETERIPROC texParameteri = glFunction<PFNGLTEXPARAMETERIPROC>("glTexParameteri");
  PFNGLTEXSUBIMAGE2DPROC texSubImage2D = glFunction<PFNGLTEXSUBIMAGE2DPROC>("glTexSubImage2D");
  PFNGLVIEWPORTPROC viewport = glFunction<PFNGLVIEWPORTPROC>("glViewport");
};

struct GlfwLibrary {
  GlfwLibrary() {
    if (glfwInit() != GLFW_TRUE) throw Failure("--window: no window can be opened: " + glfwReason());
  }
  ~GlfwLibrary() { glfwTerminate(); }
  GlfwLibrary(const GlfwLibrary&) = delete;
  GlfwLibrary& operator=(const GlfwLibrary&) = delete;
};

struct WindowDelete {
  void operator()(GLFWwindow* window) const { glfwDestroyWindow(window); }
};
using UniqueWindow = std::unique_ptr<GLFWwindow, WindowDelete>;

UniqueWindow openWindow(const std::string& title, std::uint32_t width, std::uint32_t height) {
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, kGlMajor);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, kGlMinor);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  UniqueWindow window(
      glfwCreateWindow(static_cast<int>(width), static_cast<int>(height), title.c_str(), nullptr, nullptr));
  if (window == nullptr) throw Failure("--window: no window can be opened: " + glfwReason());
  glfwMakeContextCurrent(window.get());
  glfwSwapInterval(1);
  return window;
}

/// Dear ImGui on a window.
class ImGuiOnWindow {
 public:
  explicit ImGuiOnWindow(GLFWwindow* window) {
    IMGUI_CHECKVERSION();
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;  // It would lie where the command was started.
    float scale = 1;
    glfwGetWindowContentScale(window, &scale, nullptr);
    ImGui::GetIO().FontGlobalScale = scale;
    ImGui::GetStyle().ScaleAllSizes(scale);
    ImGui_ImplGlfw_InitForOpenGL(window, true);
    ImGui_ImplOpenGL3_Init(kGlslVersion);
  }
  ~ImGuiOnWindow() {
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImGui::DestroyContext();
  }
  ImGuiOnWindow(const ImGuiOnWindow&) = delete;
  ImGuiOnWindow& operator=(const ImGuiOnWindow&) = delete;
};

}  // namespace

struct Window::Native {
  Native(const std::string& title, std::uint32_t wide, std::uint32_t high) : window(openWindow(title, wide, high)) {
    glfwSetWindowUserPointer(window.get(), this);
    // Before ImGui's, which calls this one in turn.
    glfwSetKeyCallback(window.get(), [](GLFWwindow* pressedIn, int key, int, int action, int) {
      if (action == GLFW_PRESS) static_cast<Native*>(glfwGetWindowUserPointer(pressedIn))->press(key);
    });
    imgui = std::make_unique<ImGuiOnWindow>(window.get());
  }
  ~Native() { gl.deleteTextures(1, &texture); }
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;

  void press(int key) {
    if (ImGui::GetIO().WantTextInput) return;
    if (key == GLFW_KEY_SPACE) keys.push_back(WindowKey::Space);
    if (key == GLFW_KEY_P) keys.push_back(WindowKey::P);
    if (key == GLFW_KEY_ESCAPE) keys.push_back(WindowKey::Escape);
  }

  void addPicture() const {
    if (texture == 0) return;
    const ImVec2 room = ImGui::GetIO().DisplaySize;
    const auto width = static_cast<float>(textureWidth);
    const auto height = static_cast<float>(textureHeight);
    const float scale = std::min(room.x / width, room.y / height);
    const ImVec2 from((room.x - scale * width) / 2, (room.y - scale * height) / 2);
    // A pointer or a number, by ImGui's version.
    auto id = (ImTextureID) static_cast<std::intptr_t>(texture);  // NOLINT
    ImGui::GetBackgroundDrawList()->AddImage(id, from, ImVec2(from.x + scale * width, from.y + scale * height));
  }

  GlfwLibrary library;
  UniqueWindow window;
  WindowGl gl;
  std::unique_ptr<ImGuiOnWindow> imgui;
  std::vector<WindowKey> keys;
  GLuint texture = 0;
  std::uint32_t textureWidth = 0;
  std::uint32_t textureHeight = 0;
};

Window::Window(const std::string& title, std::uint32_t width, std::uint32_t height)
    : native_(std::make_unique<Native>(title, width, height)) {}

Window::~Window() = default;

bool Window::closed() const {
  return glfwWindowShouldClose(native_->window.get()) != 0;
}

std::vector<WindowKey> Window::takeKeys() {
  return std::exchange(native_->keys, {});
}

void Window::setPicture(std::span<const std::byte> rgba, std::uint32_t width, std::uint32_t height) {
  const WindowGl& gl = native_->gl;
  const auto wide = static_cast<GLsizei>(width);
  const auto high = static_cast<GLsizei>(height);
  if (native_->texture == 0) gl.genTextures(1, &native_->texture);
  gl.bindTexture(GL_TEXTURE_2D, native_->texture);
  if (native_->textureWidth != width || native_->textureHeight != height) {
    gl.texParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    gl.texParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    gl.texImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, wide, high, 0, GL_RGBA, GL_UNSIGNED_BYTE, nullptr);
    native_->textureWidth = width;
    native_->textureHeight = height;
  }
  gl.texSubImage2D(GL_TEXTURE_2D, 0, 0, 0, wide, high, GL_RGBA, GL_UNSIGNED_BYTE, rgba.data());
}

void Window::beginFrame(double waitSeconds) {
  if (waitSeconds > 0) {
    glfwWaitEventsTimeout(waitSeconds);
  } else {
    glfwPollEvents();
  }
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  ImGui::NewFrame();
  native_->addPicture();
}

void Window::draw() {
  ImGui::Render();
  int width = 0;
  int height = 0;
  glfwGetFramebufferSize(native_->window.get(), &width, &height);
  native_->gl.viewport(0, 0, width, height);
  constexpr float kDarkGrey = 0.08F;
  native_->gl.clearColor(kDarkGrey, kDarkGrey, kDarkGrey, 1);
  native_->gl.clear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

void Window::endFrame() {
  draw();
  glfwSwapBuffers(native_->window.get());
}

Window::Pixels Window::endFrameAndRead() {
  draw();
  int width = 0;
  int height = 0;
  glfwGetFramebufferSize(native_->window.get(), &width, &height);
  Pixels pixels{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), {}};
  const std::size_t row = kPixelBytes * pixels.width;
  pixels.rgba.resize(row * pixels.height);
  native_->gl.readPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, pixels.rgba.data());
  glfwSwapBuffers(native_->window.get());
  // OpenGL's first row is the lowest.
  for (std::size_t y = 0; y < pixels.height / 2; ++y) {
    auto* const upper = pixels.rgba.data() + y * row;
    std::swap_ranges(upper, upper + row, pixels.rgba.data() + (pixels.height - 1 - y) * row);
  }
  // What the window's alpha is, the window does not show.
  for (std::size_t i = kPixelBytes - 1; i < pixels.rgba.size(); i += kPixelBytes) pixels.rgba[i] = std::byte{255};
  return pixels;
}

}  // namespace flux::app
