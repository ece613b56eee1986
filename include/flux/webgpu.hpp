#pragma once

/// The WebGPU device: adopts what the application has made. Flux calls WebGPU only through the functions that it looks
/// up here, and this header needs no WebGPU header: an application includes that of its own implementation. The library
/// is compiled for one version of the C interface, which callbacks and records of other versions do not fit: Dawn's of
/// 2025, or that of the header given by FLUX_WEBGPU_INCLUDE_DIR.

#include <flux/device.hpp>

#include <memory>
#include <string_view>

// As <webgpu/webgpu.h> declares them.
typedef struct WGPUBufferImpl* WGPUBuffer;      // NOLINT(modernize-use-using)
typedef struct WGPUDeviceImpl* WGPUDevice;      // NOLINT(modernize-use-using)
typedef struct WGPUInstanceImpl* WGPUInstance;  // NOLINT(modernize-use-using)
typedef struct WGPUQueueImpl* WGPUQueue;        // NOLINT(modernize-use-using)

namespace flux {

using WebGpuFunction = void (*)();

/// What Flux adopts. All of it must outlive the device.
struct WebGpuDeviceDesc {
  /// Finds a function of the implementation by its C name ("wgpuQueueSubmit"), null where there is none: `dlsym`,
  /// `wgpuGetProcAddress` or a table of the application. Called by `create` only.
  WebGpuFunction (*getFunction)(void* context, const char* name) = nullptr;
  void* getFunctionContext = nullptr;

  WGPUInstance instance = nullptr;
  WGPUDevice device = nullptr;
  WGPUQueue queue = nullptr;  ///< The device's queue, which the application submits to as well.

  /// Told the full words of an error that Flux also returns as an `Error`, which has no room for them. May be null.
  void (*report)(void* context, std::string_view message) = nullptr;
  void* reportContext = nullptr;
};

/// A `Device` on an adopted `WGPUDevice` of a native implementation, one that answers error scopes at once.
///
/// **Thread contract.** As `Device`; `markSubmitted` may be called by any thread. Where the application uses the WebGPU
/// device on other threads, the implementation must allow that (Dawn: the feature ImplicitDeviceSynchronization). Error
/// scopes may belong to the device rather than to a thread (Dawn in 2025): other threads then use none, and rely on the
/// uncaptured-error callback; what they do wrong while Flux is in a call may be reported by that call. `poll` and
/// `wait` run `wgpuInstanceProcessEvents`, so callbacks of the application that ask for it run on the device's thread.
///
/// Chunk buffers have every usage of a buffer that shaders, draws and copies have: CopySrc, CopyDst, Index, Vertex,
/// Uniform, Storage and Indirect. A pass that writes a chunk as storage cannot also draw from it (WebGPU,
/// section 3.4.5).
///
/// WebGPU has one queue, and executes what was submitted to it in order. So a frame that is submitted after the copies
/// that it waits for (`Frame::waits`) sees them, with nothing more to do. The destructor waits for Flux's own copies.
///
/// **Staging** is host memory, and a batch writes it with `wgpuQueueWriteBuffer`, which copies at the call: WebGPU
/// cannot map a buffer while the queue may use it, and a mapping moves from one time to the next.
class WebGpuDevice : public Device {
 public:
  /// The timeline of the application's submissions.
  static constexpr QueueId kApplicationQueue{1};

  /// Errors: InvalidArgument and Unsupported (name the field, the function or the property), DriverError, DeviceLost.
  [[nodiscard]] static Result<std::unique_ptr<WebGpuDevice>> create(const WebGpuDeviceDesc& desc);

  /// Marks all that the application has submitted so far: `completed(kApplicationQueue)` reaches the returned value
  /// when it is done. Give the value to `Frame::submitted`. Any thread.
  [[nodiscard]] virtual TimelineValue markSubmitted() = 0;
};

/// The buffer behind a `ChunkInfo` or a `Place`.
[[nodiscard]] inline WGPUBuffer webGpuBuffer(NativeHandle handle) noexcept {
  return reinterpret_cast<WGPUBuffer>(handle);
}

}  // namespace flux
