#include "webgpu/pipeline_parts.hpp"

#include <vector>

namespace flux::app::webgpu {

UniqueBindGroupLayout makeBindGroupLayout(const WebGpuContext& context, WGPUShaderStage stages,
                                          std::span<const BufferBinding> bindings) {
  std::vector<WGPUBindGroupLayoutEntry> entries(bindings.size());
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    entries[i].binding = static_cast<std::uint32_t>(i);
    entries[i].visibility = stages;
    entries[i].buffer.type = bindings[i].type;
    entries[i].buffer.hasDynamicOffset = bindings[i].dynamicOffset ? 1 : 0;
  }
  WGPUBindGroupLayoutDescriptor descriptor{};
  descriptor.entryCount = entries.size();
  descriptor.entries = entries.data();
  return UniqueBindGroupLayout(webGpu().DeviceCreateBindGroupLayout(context.webGpuDevice(), &descriptor));
}

UniqueBindGroup makeBindGroup(const WebGpuContext& context, WGPUBindGroupLayout layout,
                              std::span<const BufferRange> buffers) {
  std::vector<WGPUBindGroupEntry> entries(buffers.size());
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    entries[i].binding = static_cast<std::uint32_t>(i);
    entries[i].buffer = buffers[i].buffer;
    entries[i].offset = buffers[i].offset;
    entries[i].size = buffers[i].bytes;
  }
  WGPUBindGroupDescriptor descriptor{};
  descriptor.layout = layout;
  descriptor.entryCount = entries.size();
  descriptor.entries = entries.data();
  return UniqueBindGroup(webGpu().DeviceCreateBindGroup(context.webGpuDevice(), &descriptor));
}

UniquePipelineLayout makePipelineLayout(const WebGpuContext& context, std::span<const WGPUBindGroupLayout> groups) {
  WGPUPipelineLayoutDescriptor descriptor{};
  descriptor.bindGroupLayoutCount = groups.size();
  descriptor.bindGroupLayouts = groups.data();
  return UniquePipelineLayout(webGpu().DeviceCreatePipelineLayout(context.webGpuDevice(), &descriptor));
}

UniqueShaderModule makeShaderModule(const WebGpuContext& context, std::string_view wgsl) {
  WGPUShaderSourceWGSL source{};
  source.chain.sType = WGPUSType_ShaderSourceWGSL;
  source.code = webGpuText(wgsl);
  WGPUShaderModuleDescriptor descriptor{};
  descriptor.nextInChain = &source.chain;
  return UniqueShaderModule(webGpu().DeviceCreateShaderModule(context.webGpuDevice(), &descriptor));
}

WGPUFuture mapForReading(WGPUBuffer buffer, ByteCount bytes) {
  // Whether it went well shows when the bytes are asked for.
  const auto ignore = [](WGPUMapAsyncStatus, WGPUStringView, void*, void*) {};
  return webGpu().BufferMapAsync(buffer, WGPUMapMode_Read, 0, static_cast<std::size_t>(bytes),
                                 {nullptr, WGPUCallbackMode_WaitAnyOnly, ignore, nullptr, nullptr});
}

}  // namespace flux::app::webgpu
