#include "webgpu/pipelines.hpp"

#include "view/renderer.hpp"
#include "view/samples.hpp"
#include "webgpu/pipeline_parts.hpp"
#include "webgpu/shaders.hpp"

#include <array>
#include <cstddef>

namespace flux::app::webgpu {
namespace {

constexpr WGPUTextureFormat kColorFormat = WGPUTextureFormat_RGBA8UnormSrgb;
constexpr WGPUTextureFormat kDepthFormat = WGPUTextureFormat_Depth32Float;

/// Objects write depth; the sky has no vertices and fills what they left at the far plane.
UniqueRenderPipeline makeGraphics(const WebGpuContext& context, WGPUPipelineLayout layout, WGPUShaderModule shader,
                                  std::uint32_t samples, bool objects) {
  static constexpr std::array<WGPUVertexAttribute, 2> kAttributes{
      {{nullptr, WGPUVertexFormat_Float32x3, offsetof(Vertex, position), 0},
       {nullptr, WGPUVertexFormat_Float32x3, offsetof(Vertex, normal), 1}}};
  static constexpr WGPUVertexBufferLayout kVertices{nullptr, WGPUVertexStepMode_Vertex, sizeof(Vertex),
                                                    kAttributes.size(), kAttributes.data()};
  WGPUDepthStencilState depth{};
  depth.format = kDepthFormat;
  depth.depthWriteEnabled = objects ? WGPUOptionalBool_True : WGPUOptionalBool_False;
  depth.depthCompare = WGPUCompareFunction_LessEqual;

  WGPUColorTargetState color{};
  color.format = kColorFormat;
  color.writeMask = WGPUColorWriteMask_All;
  WGPUFragmentState fragment{};
  fragment.module = shader;
  fragment.entryPoint = webGpuText(objects ? "objectFragment" : "skyFragment");
  fragment.targetCount = 1;
  fragment.targets = &color;

  WGPURenderPipelineDescriptor descriptor{};
  descriptor.layout = layout;
  descriptor.vertex.module = shader;
  descriptor.vertex.entryPoint = webGpuText(objects ? "objectVertex" : "skyVertex");
  descriptor.vertex.bufferCount = objects ? 1 : 0;
  descriptor.vertex.buffers = &kVertices;
  descriptor.primitive.topology = WGPUPrimitiveTopology_TriangleList;
  descriptor.primitive.cullMode = WGPUCullMode_None;
  descriptor.depthStencil = &depth;
  descriptor.multisample.count = samples;
  descriptor.multisample.mask = ~0U;
  descriptor.fragment = &fragment;
  return UniqueRenderPipeline(webGpu().DeviceCreateRenderPipeline(context.webGpuDevice(), &descriptor));
}

}  // namespace

Targets::Target Targets::makeTarget(const WebGpuContext& context, WGPUTextureFormat format, std::uint32_t samples,
                                    WGPUTextureUsage usage) const {
  WGPUTextureDescriptor descriptor{};
  descriptor.usage = usage;
  descriptor.dimension = WGPUTextureDimension_2D;
  descriptor.size = {width_, height_, 1};
  descriptor.format = format;
  descriptor.mipLevelCount = 1;
  descriptor.sampleCount = samples;
  Target target{UniqueTexture(webGpu().DeviceCreateTexture(context.webGpuDevice(), &descriptor)), nullptr};
  target.view.reset(webGpu().TextureCreateView(target.texture.get(), nullptr));
  return target;
}

Targets::Targets(const WebGpuContext& context, std::uint32_t width, std::uint32_t height)
    : width_(width),
      height_(height),
      samples_(context.isProcessor() && !isLargePicture(width, height) ? 1 : 4),
      picture_(makeTarget(context, kColorFormat, 1, WGPUTextureUsage_RenderAttachment | WGPUTextureUsage_CopySrc)),
      depth_(makeTarget(context, kDepthFormat, samples_, WGPUTextureUsage_RenderAttachment)) {
  if (samples_ > 1) smooth_ = makeTarget(context, kColorFormat, samples_, WGPUTextureUsage_RenderAttachment);
}

UniqueRenderPass Targets::beginRendering(WGPUCommandEncoder commands) const {
  WGPURenderPassColorAttachment color{};
  color.view = samples_ > 1 ? smooth_.view.get() : picture_.view.get();
  color.depthSlice = WGPU_DEPTH_SLICE_UNDEFINED;
  color.resolveTarget = samples_ > 1 ? picture_.view.get() : nullptr;
  color.loadOp = WGPULoadOp_Clear;
  color.storeOp = samples_ > 1 ? WGPUStoreOp_Discard : WGPUStoreOp_Store;
  WGPURenderPassDepthStencilAttachment depth{};
  depth.view = depth_.view.get();
  depth.depthLoadOp = WGPULoadOp_Clear;
  depth.depthStoreOp = WGPUStoreOp_Discard;
  depth.depthClearValue = 1.0F;
  WGPURenderPassDescriptor descriptor{};
  descriptor.colorAttachmentCount = 1;
  descriptor.colorAttachments = &color;
  descriptor.depthStencilAttachment = &depth;
  return UniqueRenderPass(webGpu().CommandEncoderBeginRenderPass(commands, &descriptor));
}

void Targets::copyPicture(WGPUCommandEncoder commands, WGPUBuffer into) const {
  const WGPUTexelCopyTextureInfo from{picture_.texture.get(), 0, {0, 0, 0}, WGPUTextureAspect_All};
  const WGPUTexelCopyBufferInfo to{{0, rowBytes(), height_}, into};
  const WGPUExtent3D size{width_, height_, 1};
  webGpu().CommandEncoderCopyTextureToBuffer(commands, &from, &to, &size);
}

Pipelines::Pipelines(const WebGpuContext& context, std::uint32_t samples)
    : sceneLayout_(makeBindGroupLayout(context, WGPUShaderStage_Vertex | WGPUShaderStage_Fragment,
                                       std::array{BufferBinding{WGPUBufferBindingType_Uniform},
                                                  BufferBinding{WGPUBufferBindingType_ReadOnlyStorage}})),
      objectLayout_(makeBindGroupLayout(context, WGPUShaderStage_Vertex,
                                        std::array{BufferBinding{WGPUBufferBindingType_Uniform, true}})) {
  const UniqueShaderModule shader = makeShaderModule(context, kSceneShader);
  const UniquePipelineLayout layout = makePipelineLayout(context, std::array{sceneLayout_.get(), objectLayout_.get()});
  object_ = makeGraphics(context, layout.get(), shader.get(), samples, true);
  sky_ = makeGraphics(context, layout.get(), shader.get(), samples, false);
}

}  // namespace flux::app::webgpu
