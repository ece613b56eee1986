#pragma once

/// Owners of WebGPU objects.

#include "webgpu/api.hpp"

#include <memory>

namespace flux::app {

/// Drops the reference when it goes.
template <class Handle, auto Release>
struct WebGpuRelease {
  using pointer = Handle;
  void operator()(Handle handle) const { (webGpu().*Release)(handle); }
};
template <class Handle, auto Release>
using UniqueWebGpu = std::unique_ptr<Handle, WebGpuRelease<Handle, Release>>;

using UniqueAdapter = UniqueWebGpu<WGPUAdapter, &WebGpuApi::AdapterRelease>;
using UniqueBindGroup = UniqueWebGpu<WGPUBindGroup, &WebGpuApi::BindGroupRelease>;
using UniqueBindGroupLayout = UniqueWebGpu<WGPUBindGroupLayout, &WebGpuApi::BindGroupLayoutRelease>;
using UniqueBuffer = UniqueWebGpu<WGPUBuffer, &WebGpuApi::BufferRelease>;
using UniqueCommandBuffer = UniqueWebGpu<WGPUCommandBuffer, &WebGpuApi::CommandBufferRelease>;
using UniqueCommandEncoder = UniqueWebGpu<WGPUCommandEncoder, &WebGpuApi::CommandEncoderRelease>;
using UniqueComputePass = UniqueWebGpu<WGPUComputePassEncoder, &WebGpuApi::ComputePassEncoderRelease>;
using UniqueComputePipeline = UniqueWebGpu<WGPUComputePipeline, &WebGpuApi::ComputePipelineRelease>;
using UniqueDevice = UniqueWebGpu<WGPUDevice, &WebGpuApi::DeviceRelease>;
using UniqueInstance = UniqueWebGpu<WGPUInstance, &WebGpuApi::InstanceRelease>;
using UniquePipelineLayout = UniqueWebGpu<WGPUPipelineLayout, &WebGpuApi::PipelineLayoutRelease>;
using UniqueQueue = UniqueWebGpu<WGPUQueue, &WebGpuApi::QueueRelease>;
using UniqueRenderPass = UniqueWebGpu<WGPURenderPassEncoder, &WebGpuApi::RenderPassEncoderRelease>;
using UniqueRenderPipeline = UniqueWebGpu<WGPURenderPipeline, &WebGpuApi::RenderPipelineRelease>;
using UniqueShaderModule = UniqueWebGpu<WGPUShaderModule, &WebGpuApi::ShaderModuleRelease>;
using UniqueTexture = UniqueWebGpu<WGPUTexture, &WebGpuApi::TextureRelease>;
using UniqueTextureView = UniqueWebGpu<WGPUTextureView, &WebGpuApi::TextureViewRelease>;

}  // namespace flux::app
