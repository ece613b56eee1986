#pragma once

/// A headless WebGPU device with Flux on it.

#include "device_messages.hpp"
#include "webgpu/api.hpp"
#include "webgpu/handles.hpp"

#include <flux/webgpu.hpp>

#include <memory>
#include <string>

namespace flux::app {

/// **Thread contract.** Construction and destruction on one thread. The WebGPU device may be used by any thread:
/// implementations that must be asked for that are.
class WebGpuContext {
 public:
  /// `messages` (may be null) is told of every error that nobody handles, and outlives the context.
  /// Throws Failure: no library, no driver, or something that Flux lacks.
  explicit WebGpuContext(DeviceMessages* messages);
  WebGpuContext(const WebGpuContext&) = delete;
  WebGpuContext& operator=(const WebGpuContext&) = delete;
  ~WebGpuContext();

  /// What `WebGpuDevice::create` takes; the context has made one with it already.
  [[nodiscard]] WebGpuDeviceDesc adoption() const;
  [[nodiscard]] WebGpuDevice& device() noexcept { return *fluxDevice_; }

  [[nodiscard]] WGPUInstance instance() const noexcept { return instance_.get(); }
  [[nodiscard]] WGPUDevice webGpuDevice() const noexcept { return device_.get(); }
  [[nodiscard]] WGPUQueue queue() const noexcept { return queue_.get(); }
  [[nodiscard]] const DeviceMessages& messages() const noexcept { return messages_; }
  [[nodiscard]] WGPUBackendType backendType() const noexcept { return backendType_; }

  /// Whether a processor plays GPU.
  [[nodiscard]] bool isProcessor() const noexcept { return processor_; }

  /// Makes a buffer; never fails with anything but a Failure.
  [[nodiscard]] UniqueBuffer makeBuffer(WGPUBufferUsage usage, ByteCount bytes) const;

  /// Done when what has been submitted so far is.
  [[nodiscard]] WGPUFuture submittedWork() const;
  [[nodiscard]] bool isDone(WGPUFuture future) const;
  /// Runs what the implementation has to run until `future` is done.
  void waitFor(WGPUFuture future) const;

 private:
  DeviceMessages own_;
  DeviceMessages& messages_;
  UniqueInstance instance_;
  UniqueAdapter adapter_;
  UniqueDevice device_;
  UniqueQueue queue_;
  WGPUBackendType backendType_ = WGPUBackendType_Null;
  bool processor_ = false;
  std::unique_ptr<WebGpuDevice> fluxDevice_;
};

[[nodiscard]] const char* webGpuBackendName(WGPUBackendType type) noexcept;

}  // namespace flux::app
