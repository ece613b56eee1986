#pragma once

/// Short ways to make what pipelines consist of. Mistakes come as messages of the context.

#include "webgpu/context.hpp"

#include <span>

namespace flux::app::webgpu {

/// Whole, from `offset` on, unless `bytes` says less.
struct BufferRange {
  WGPUBuffer buffer = nullptr;
  ByteOffset offset = 0;
  ByteCount bytes = WGPU_WHOLE_SIZE;
};

struct BufferBinding {
  WGPUBufferBindingType type = WGPUBufferBindingType_Uniform;
  bool dynamicOffset = false;
};

/// Buffers as the bindings 0, 1, 2, …
[[nodiscard]] UniqueBindGroupLayout makeBindGroupLayout(const WebGpuContext& context, WGPUShaderStage stages,
                                                        std::span<const BufferBinding> bindings);
[[nodiscard]] UniqueBindGroup makeBindGroup(const WebGpuContext& context, WGPUBindGroupLayout layout,
                                            std::span<const BufferRange> buffers);
[[nodiscard]] UniquePipelineLayout makePipelineLayout(const WebGpuContext& context,
                                                      std::span<const WGPUBindGroupLayout> groups);
[[nodiscard]] UniqueShaderModule makeShaderModule(const WebGpuContext& context, std::string_view wgsl);

/// Done when the first `bytes` of a buffer can be read.
[[nodiscard]] WGPUFuture mapForReading(WGPUBuffer buffer, ByteCount bytes);

}  // namespace flux::app::webgpu
