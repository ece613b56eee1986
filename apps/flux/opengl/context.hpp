#pragma once

/// Headless OpenGL contexts of the command's own, and the Flux device on one of them.

#include "device_messages.hpp"
#include "opengl/api.hpp"

#include <flux/opengl.hpp>
#include <flux/passing_device.hpp>

#include <memory>

namespace flux::app {

/// Has a context current on the calling thread for as long as it lives, then again what was current before.
///
/// **Thread contract.** One thread. REQUIRES: the context is current on no other thread.
class CurrentContext {
 public:
  CurrentContext(EGLDisplay display, EGLContext context);
  ~CurrentContext();
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;

  /// Whether it had to be made current.
  [[nodiscard]] bool changed() const noexcept { return changed_; }

 private:
  EGLDisplay display_;
  EGLContext before_;
  bool changed_;
};

struct OpenGlContextDesc {
  bool validate = false;               ///< Debug contexts, whose messages are counted (KHR_debug).
  bool separateCopyContext = true;     ///< Flux copies in a context of its own; else in the one that draws.
  DeviceMessages* messages = nullptr;  ///< Null: `messages()`.
};

/// A core context of OpenGL 4.5 that draws, and one of its share group with the Flux device, both on the surfaceless
/// platform of Mesa.
///
/// **Thread contract.** Made and destroyed on one thread, which has the drawing context current from then on.
/// `device()` may be called by whichever thread owns it, as every `Device`: it changes to its context for each call.
class OpenGlContext {
 public:
  /// Throws Failure: no library, no driver, or something that Flux lacks.
  explicit OpenGlContext(const OpenGlContextDesc& desc);
  OpenGlContext(const OpenGlContext&) = delete;
  OpenGlContext& operator=(const OpenGlContext&) = delete;
  ~OpenGlContext();

  [[nodiscard]] Device& device() noexcept;
  /// The device itself: for `markSubmitted` and `waitForCopies` on the drawing thread.
  [[nodiscard]] OpenGlDevice& openGlDevice() noexcept { return *fluxDevice_; }

  /// What `OpenGlDevice::create` takes.
  [[nodiscard]] OpenGlDeviceDesc adoption() const noexcept;

  [[nodiscard]] EGLDisplay display() const noexcept { return display_; }
  [[nodiscard]] EGLContext drawContext() const noexcept { return drawContext_; }
  [[nodiscard]] EGLContext copyContext() const noexcept { return copyContext_; }
  [[nodiscard]] DeviceMessages& messages() noexcept { return messages_; }
  [[nodiscard]] const DeviceMessages& messages() const noexcept { return messages_; }

 private:
  /// Changes to the device's context and back.
  class SwitchingDevice;

  [[nodiscard]] EGLContext createContext(EGLContext shared, bool validate) const;
  void release() noexcept;

  DeviceMessages own_;
  DeviceMessages& messages_;
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext drawContext_ = EGL_NO_CONTEXT;
  EGLContext copyContext_ = EGL_NO_CONTEXT;
  std::unique_ptr<OpenGlDevice> fluxDevice_;
  std::unique_ptr<SwitchingDevice> switching_;
};

}  // namespace flux::app
