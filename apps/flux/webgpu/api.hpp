#pragma once

/// The WebGPU functions of the command, from an implementation that is opened at run time.

#include <flux/webgpu.hpp>

#include <webgpu/webgpu.h>

#include <filesystem>
#include <memory>
#include <string_view>

namespace flux::app {

#define FLUX_APP_WEBGPU_FUNCTIONS(X)      \
  X(AdapterHasFeature)                    \
  X(AdapterGetLimits)                     \
  X(AdapterInfoFreeMembers)               \
  X(AdapterRelease)                       \
  X(AdapterRequestDevice)                 \
  X(BindGroupLayoutRelease)               \
  X(BindGroupRelease)                     \
  X(BufferDestroy)                        \
  X(BufferGetConstMappedRange)            \
  X(BufferMapAsync)                       \
  X(BufferRelease)                        \
  X(BufferUnmap)                          \
  X(CommandBufferRelease)                 \
  X(CommandEncoderBeginComputePass)       \
  X(CommandEncoderBeginRenderPass)        \
  X(CommandEncoderCopyBufferToBuffer)     \
  X(CommandEncoderCopyTextureToBuffer)    \
  X(CommandEncoderFinish)                 \
  X(CommandEncoderRelease)                \
  X(ComputePassEncoderDispatchWorkgroups) \
  X(ComputePassEncoderEnd)                \
  X(ComputePassEncoderRelease)            \
  X(ComputePassEncoderSetBindGroup)       \
  X(ComputePassEncoderSetPipeline)        \
  X(ComputePipelineRelease)               \
  X(CreateInstance)                       \
  X(DeviceCreateBindGroup)                \
  X(DeviceCreateBindGroupLayout)          \
  X(DeviceCreateBuffer)                   \
  X(DeviceCreateCommandEncoder)           \
  X(DeviceCreateComputePipeline)          \
  X(DeviceCreatePipelineLayout)           \
  X(DeviceCreateRenderPipeline)           \
  X(DeviceCreateShaderModule)             \
  X(DeviceCreateTexture)                  \
  X(DeviceDestroy)                        \
  X(DeviceGetAdapterInfo)                 \
  X(DeviceGetQueue)                       \
  X(DeviceRelease)                        \
  X(InstanceProcessEvents)                \
  X(InstanceRelease)                      \
  X(InstanceRequestAdapter)               \
  X(InstanceWaitAny)                      \
  X(PipelineLayoutRelease)                \
  X(QueueOnSubmittedWorkDone)             \
  X(QueueRelease)                         \
  X(QueueSubmit)                          \
  X(QueueWriteBuffer)                     \
  X(RenderPassEncoderDraw)                \
  X(RenderPassEncoderDrawIndexed)         \
  X(RenderPassEncoderEnd)                 \
  X(RenderPassEncoderRelease)             \
  X(RenderPassEncoderSetBindGroup)        \
  X(RenderPassEncoderSetIndexBuffer)      \
  X(RenderPassEncoderSetPipeline)         \
  X(RenderPassEncoderSetVertexBuffer)     \
  X(RenderPipelineRelease)                \
  X(ShaderModuleRelease)                  \
  X(TextureCreateView)                    \
  X(TextureRelease)                       \
  X(TextureViewRelease)

/// Where the implementation is: the environment variable FLUX_WEBGPU_LIBRARY, else what `tools/dawn.sh` had installed
/// when Flux was configured, else Dawn's usual name, for the system to find.
[[nodiscard]] std::filesystem::path webGpuLibrary();

/// An opened implementation and its functions, which are named as in C, without "wgpu".
///
/// **Thread contract.** Constant after construction: any thread. It stays open until the process ends, because
/// implementations have threads of their own.
struct WebGpuApi {
  /// Throws Failure that names the library, or the function that it lacks.
  WebGpuApi();

  /// Null where the implementation has no function of this name. `context`: a WebGpuApi.
  [[nodiscard]] static WebGpuFunction find(void* context, const char* name);

  void* library = nullptr;
#define FLUX_MEMBER(name) WGPUProc##name name = nullptr;
  FLUX_APP_WEBGPU_FUNCTIONS(FLUX_MEMBER)
#undef FLUX_MEMBER
};

[[nodiscard]] const WebGpuApi& webGpu();

[[nodiscard]] inline WGPUStringView webGpuText(std::string_view text) noexcept {
  return {text.data(), text.size()};
}
[[nodiscard]] inline std::string_view webGpuText(WGPUStringView text) noexcept {
  if (text.data == nullptr) return {};
  return text.length == WGPU_STRLEN ? std::string_view(text.data) : std::string_view(text.data, text.length);
}

}  // namespace flux::app
