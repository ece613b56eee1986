#pragma once

/// The WebGPU functions that the device uses, looked up through the application.

#include <flux/result.hpp>
#include <flux/webgpu.hpp>

#include <webgpu/webgpu.h>

#include <string_view>

namespace flux::webgpu {

#define FLUX_WEBGPU_FUNCTIONS(X)      \
  X(AdapterInfoFreeMembers)           \
  X(BufferDestroy)                    \
  X(BufferGetConstMappedRange)        \
  X(BufferMapAsync)                   \
  X(BufferRelease)                    \
  X(BufferSetLabel)                   \
  X(BufferUnmap)                      \
  X(CommandBufferRelease)             \
  X(CommandEncoderCopyBufferToBuffer) \
  X(CommandEncoderFinish)             \
  X(CommandEncoderRelease)            \
  X(DeviceCreateBuffer)               \
  X(DeviceCreateCommandEncoder)       \
  X(DeviceGetAdapterInfo)             \
  X(DeviceGetLimits)                  \
  X(DeviceGetLostFuture)              \
  X(DeviceHasFeature)                 \
  X(DevicePopErrorScope)              \
  X(DevicePushErrorScope)             \
  X(InstanceProcessEvents)            \
  X(InstanceWaitAny)                  \
  X(QueueOnSubmittedWorkDone)         \
  X(QueueSubmit)                      \
  X(QueueWriteBuffer)

/// Null where the implementation has no such addition to the standard.
#define FLUX_WEBGPU_OPTIONAL_FUNCTIONS(X) X(AdapterPropertiesMemoryHeapsFreeMembers)

/// Constant after loading; any thread may call through it. Members are named as the functions are, without "wgpu".
struct Functions {
#define FLUX_MEMBER(name) WGPUProc##name name = nullptr;
  FLUX_WEBGPU_FUNCTIONS(FLUX_MEMBER)
  FLUX_WEBGPU_OPTIONAL_FUNCTIONS(FLUX_MEMBER)
#undef FLUX_MEMBER
};

/// Errors: Unsupported (names the missing function).
[[nodiscard]] Result<Functions> loadFunctions(const WebGpuDeviceDesc& desc);

/// True once what the future stands for has happened; its callback ran in this call. Never blocks.
[[nodiscard]] inline bool isDone(const Functions& functions, WGPUInstance instance, WGPUFuture future) {
  WGPUFutureWaitInfo wait{future, 0};
  return functions.InstanceWaitAny(instance, 1, &wait, 0) == WGPUWaitStatus_Success && wait.completed != 0;
}

[[nodiscard]] inline WGPUStringView stringView(std::string_view text) noexcept {
  return {text.data(), text.size()};
}
/// Views that the implementation gives may also end with a 0, or be none at all.
[[nodiscard]] inline std::string_view toView(WGPUStringView text) noexcept {
  if (text.data == nullptr) return {};
  return text.length == WGPU_STRLEN ? std::string_view(text.data) : std::string_view(text.data, text.length);
}

}  // namespace flux::webgpu
