#pragma once

/// The OpenGL device: adopts the application's context. Flux calls OpenGL only through the functions that it looks up
/// here, so it links no OpenGL library, and this header needs no OpenGL header.

#include <flux/device.hpp>

#include <memory>
#include <string_view>

namespace flux {

using OpenGlFunction = void (*)();

/// What Flux adopts: the context that is current on the thread that calls `OpenGlDevice::create`.
struct OpenGlDeviceDesc {
  /// Finds a function by its name ("glFenceSync"), null where there is none: `eglGetProcAddress`,
  /// `glfwGetProcAddress`, … It must know the functions of OpenGL 1.1 too, which `wglGetProcAddress` alone does not.
  /// Called by `create` only.
  OpenGlFunction (*getFunction)(const char* name) = nullptr;

  /// Memory of the device, from which the budget is estimated where the driver has not GL_NVX_gpu_memory_info.
  ByteCount deviceMemoryBytes = 2 * kGiB;

  /// Told of errors that were raised before a call of Flux and that nobody had asked for (`glGetError` has one state
  /// for all of the context's users, and Flux must empty it to see its own errors). Called on the device's thread. May
  /// be null.
  void (*report)(void* context, std::string_view message) = nullptr;
  void* reportContext = nullptr;
};

/// A `Device` on an adopted context of OpenGL 4.5 or later, core or compatibility.
///
/// **Thread contract.** As `Device`, and the adopted context is current on the thread that makes the calls: the thread
/// of `create` until `contextMoved` names another one, the destructor included. Any thread may call `caps` and
/// `completed`, and any thread with a context of the same share group may call `markSubmitted` and `waitForCopies`.
///
/// The application may draw in the adopted context itself: then commands are in order and copies need no wait. Or it
/// draws in other contexts of the share group, on other threads: there a frame calls `waitForCopies` with the value of
/// `Frame::waits`, and then *binds* the chunks that it reads, because a context sees what another one has changed only
/// in objects that it binds afterwards (OpenGL 4.5, section 5.3). A chunk that is destroyed keeps its memory until the
/// other contexts have bound something else in its place (section 5.1.2). Render threads without a context record
/// plain lists, and a thread with a context replays them.
///
/// Chunks are buffers that only the device can write: shaders that write to them need a `glMemoryBarrier` with
/// GL_BUFFER_UPDATE_BARRIER_BIT before Flux moves what they wrote. Flux changes no binding of the context.
///
/// Where the context was made to lose itself on a reset (GL_LOSE_CONTEXT_ON_RESET), a reset is DeviceLost.
class OpenGlDevice : public Device {
 public:
  /// The timeline of the application's commands.
  static constexpr QueueId kApplicationQueue{1};

  /// Errors: InvalidArgument (no function given, no context current) and Unsupported (names the function or the
  /// version).
  [[nodiscard]] static Result<std::unique_ptr<OpenGlDevice>> create(const OpenGlDeviceDesc& desc);

  /// Says that the adopted context has been made current on the calling thread, which makes the calls from now on. The
  /// thread before has ended its calls.
  virtual void contextMoved() noexcept = 0;

  /// Marks the commands that the calling thread's context has been given so far, and flushes them:
  /// `completed(kApplicationQueue)` reaches the returned value when they, and all that was marked before, are done.
  /// Give the value to `Frame::submitted`. Errors: OutOfDeviceMemory, DeviceLost, DriverError.
  [[nodiscard]] virtual Result<TimelineValue> markSubmitted() = 0;

  /// Has the device finish the copies up to `value` before it executes later commands of the calling thread's context.
  /// Does not block. REQUIRES: `value` has been submitted.
  virtual void waitForCopies(TimelineValue value) = 0;
};

/// The name of the buffer behind a `ChunkInfo` or a `Place`.
[[nodiscard]] constexpr std::uint32_t openGlBuffer(NativeHandle handle) noexcept {
  return static_cast<std::uint32_t>(handle);
}

}  // namespace flux
