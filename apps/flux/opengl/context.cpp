#include "opengl/context.hpp"

#include "failure.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace flux::app {
namespace {

Failure eglFailure(std::string_view call) {
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), "0x%04X", static_cast<unsigned>(gl().eglGetError()));
  return Failure("OpenGL: " + std::string(call) + " failed: " + code.data());
}

EGLContext currentContext() {
  gl().eglBindAPI(EGL_OPENGL_API);  // Which one is asked for is a matter of the thread.
  return gl().eglGetCurrentContext();
}

bool makeCurrent(EGLDisplay display, EGLContext context) {
  return gl().eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context) == EGL_TRUE;
}

EGLDisplay openDisplay() {
  EGLDisplay display = gl().eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  if (display == EGL_NO_DISPLAY) throw eglFailure("eglGetPlatformDisplay");
  if (gl().eglInitialize(display, nullptr, nullptr) != EGL_TRUE) throw eglFailure("eglInitialize");
  return display;
}

void APIENTRY addDebugMessage(GLenum, GLenum, GLuint, GLenum severity, GLsizei length, const GLchar* text,
                              const void* messages) {
  if (severity == GL_DEBUG_SEVERITY_NOTIFICATION) return;
  static_cast<DeviceMessages*>(const_cast<void*>(messages))->add({text, static_cast<std::size_t>(length)});
}

void addMessage(void* messages, std::string_view text) {
  static_cast<DeviceMessages*>(messages)->add(text);
}

}  // namespace

CurrentContext::CurrentContext(EGLDisplay display, EGLContext context)
    : display_(display), before_(currentContext()), changed_(before_ != context) {
  if (changed_ && !makeCurrent(display, context)) throw eglFailure("eglMakeCurrent");
}

CurrentContext::~CurrentContext() {
  if (changed_) makeCurrent(display_, before_);
}

class OpenGlContext::SwitchingDevice final : public PassingDevice {
 public:
  SwitchingDevice(OpenGlDevice& device, EGLDisplay display, EGLContext context)
      : PassingDevice(device), device_(device), display_(display), context_(context) {}

  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override {
    const Turn turn(*this);
    return device_.createChunk(index, bytes);
  }
  void destroyChunk(ChunkIndex index) noexcept override {
    const Turn turn(*this);
    device_.destroyChunk(index);
  }
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override {
    const Turn turn(*this);
    return device_.openStaging(index, bytes, use);
  }
  Result<void> sealStaging(StagingIndex index, ByteCount bytes) override {
    const Turn turn(*this);
    return device_.sealStaging(index, bytes);
  }
  void closeStaging(StagingIndex index) noexcept override {
    const Turn turn(*this);
    device_.closeStaging(index);
  }
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    const Turn turn(*this);
    return device_.submit(batch, waits);
  }
  Result<void> poll() override {
    const Turn turn(*this);
    return device_.poll();
  }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    const Turn turn(*this);
    return device_.wait(queue, value, timeout);
  }
  MemoryBudget budget() override {
    const Turn turn(*this);
    return device_.budget();
  }
  void setName(ChunkIndex index, std::string_view name) noexcept override {
    const Turn turn(*this);
    device_.setName(index, name);
  }

 private:
  /// One call's.
  class Turn {
   public:
    explicit Turn(SwitchingDevice& owner) : current_(owner.display_, owner.context_) {
      if (current_.changed()) owner.device_.contextMoved();
    }

   private:
    CurrentContext current_;
  };

  OpenGlDevice& device_;
  EGLDisplay display_;
  EGLContext context_;
};

OpenGlContext::OpenGlContext(const OpenGlContextDesc& desc)
    : messages_(desc.messages != nullptr ? *desc.messages : own_), display_(openDisplay()) {
  try {
    drawContext_ = createContext(EGL_NO_CONTEXT, desc.validate);
    copyContext_ = desc.separateCopyContext ? createContext(drawContext_, desc.validate) : drawContext_;
    const CurrentContext copying(display_, copyContext_);
    auto made = OpenGlDevice::create(adoption());
    if (!made) throw Failure("OpenGL: " + describe(made.error()));
    fluxDevice_ = std::move(*made);
    switching_ = std::make_unique<SwitchingDevice>(*fluxDevice_, display_, copyContext_);
  } catch (...) {
    release();
    throw;
  }
  if (!makeCurrent(display_, drawContext_)) {
    release();
    throw eglFailure("eglMakeCurrent");
  }
}

OpenGlContext::~OpenGlContext() {
  release();
}

Device& OpenGlContext::device() noexcept {
  return *switching_;
}

void OpenGlContext::release() noexcept {
  if (fluxDevice_) {
    const CurrentContext copying(display_, copyContext_);
    fluxDevice_->contextMoved();
    fluxDevice_.reset();
  }
  currentContext();
  makeCurrent(display_, EGL_NO_CONTEXT);
  if (copyContext_ != drawContext_ && copyContext_ != EGL_NO_CONTEXT) gl().eglDestroyContext(display_, copyContext_);
  if (drawContext_ != EGL_NO_CONTEXT) gl().eglDestroyContext(display_, drawContext_);
}

EGLContext OpenGlContext::createContext(EGLContext shared, bool validate) const {
  gl().eglBindAPI(EGL_OPENGL_API);
  const std::array<EGLint, 11> attributes{EGL_CONTEXT_MAJOR_VERSION,
                                          4,
                                          EGL_CONTEXT_MINOR_VERSION,
                                          5,
                                          EGL_CONTEXT_OPENGL_PROFILE_MASK,
                                          EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
                                          EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY,
                                          EGL_LOSE_CONTEXT_ON_RESET,
                                          EGL_CONTEXT_OPENGL_DEBUG,
                                          validate ? EGL_TRUE : EGL_FALSE,
                                          EGL_NONE};
  EGLContext context = gl().eglCreateContext(display_, EGL_NO_CONFIG_KHR, shared, attributes.data());
  if (context == EGL_NO_CONTEXT) throw eglFailure("eglCreateContext (OpenGL 4.5)");
  if (validate) {
    const CurrentContext current(display_, context);
    gl().glEnable(GL_DEBUG_OUTPUT);
    gl().glEnable(GL_DEBUG_OUTPUT_SYNCHRONOUS);
    gl().glDebugMessageCallback(&addDebugMessage, &messages_);
  }
  return context;
}

OpenGlDeviceDesc OpenGlContext::adoption() const noexcept {
  OpenGlDeviceDesc desc;
  desc.getFunction = gl().eglGetProcAddress;
  desc.report = &addMessage;
  desc.reportContext = &messages_;
  return desc;
}

}  // namespace flux::app
