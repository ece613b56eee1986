#include "d3d12/pipelines.hpp"

#include "view/renderer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace flux::app::d3d12 {
namespace {

constexpr std::uint32_t kObjectVertex[] = {
#include "d3d12/shaders/object_vertex.inc"
};
constexpr std::uint32_t kObjectPixel[] = {
#include "d3d12/shaders/object_pixel.inc"
};
constexpr std::uint32_t kSkyVertex[] = {
#include "d3d12/shaders/sky_vertex.inc"
};
constexpr std::uint32_t kSkyPixel[] = {
#include "d3d12/shaders/sky_pixel.inc"
};

constexpr std::array<D3D12_INPUT_ELEMENT_DESC, 2> kVertexInput{{
    {"POSITION", 0, DXGI_FORMAT_R32G32B32_FLOAT, 0, offsetof(Vertex, position),
     D3D12_INPUT_CLASSIFICATION_PER_VERTEX_DATA, 0},
    {"NORMAL", 0, DXGI_FORMAT_R32G32B32_FLOAT, 0, offsetof(Vertex, normal), D3D12_INPUT_CLASSIFICATION_PER_VERTEX_DATA,
     0},
}};

Com<ID3D12RootSignature> makeSignature(ID3D12Device* device) {
  std::array<D3D12_ROOT_PARAMETER, 2> parameters{};
  D3D12_ROOT_PARAMETER& scene = parameters[kSceneParameter];
  scene.ParameterType = D3D12_ROOT_PARAMETER_TYPE_32BIT_CONSTANTS;
  scene.Constants = {0, 0, sizeof(SceneConstants) / sizeof(std::uint32_t)};
  scene.ShaderVisibility = D3D12_SHADER_VISIBILITY_ALL;
  D3D12_ROOT_PARAMETER& object = parameters[kObjectParameter];
  object.ParameterType = D3D12_ROOT_PARAMETER_TYPE_CBV;
  object.Descriptor = {1, 0};
  object.ShaderVisibility = D3D12_SHADER_VISIBILITY_VERTEX;
  return makeRootSignature(device, parameters, D3D12_ROOT_SIGNATURE_FLAG_ALLOW_INPUT_ASSEMBLER_INPUT_LAYOUT);
}

Com<ID3D12PipelineState> makeGraphics(ID3D12Device* device, ID3D12RootSignature* signature,
                                      const TargetFormats& formats, std::span<const std::uint32_t> vertex,
                                      std::span<const std::uint32_t> pixel, bool objects) {
  D3D12_GRAPHICS_PIPELINE_STATE_DESC desc{};
  desc.pRootSignature = signature;
  desc.VS = {vertex.data(), vertex.size_bytes()};
  desc.PS = {pixel.data(), pixel.size_bytes()};
  desc.BlendState.RenderTarget[0].RenderTargetWriteMask = D3D12_COLOR_WRITE_ENABLE_ALL;
  desc.SampleMask = ~UINT{0};
  desc.RasterizerState.FillMode = D3D12_FILL_MODE_SOLID;
  desc.RasterizerState.CullMode = D3D12_CULL_MODE_NONE;
  desc.RasterizerState.DepthClipEnable = TRUE;
  desc.DepthStencilState.DepthEnable = TRUE;
  // The sky too, which writes what is there: without writes vkd3d takes the depth for one that is in DEPTH_READ.
  desc.DepthStencilState.DepthWriteMask = D3D12_DEPTH_WRITE_MASK_ALL;
  desc.DepthStencilState.DepthFunc = D3D12_COMPARISON_FUNC_LESS_EQUAL;
  if (objects) desc.InputLayout = {kVertexInput.data(), static_cast<UINT>(kVertexInput.size())};
  desc.PrimitiveTopologyType = D3D12_PRIMITIVE_TOPOLOGY_TYPE_TRIANGLE;
  desc.NumRenderTargets = 1;
  desc.RTVFormats[0] = formats.color;
  desc.DSVFormat = formats.depth;
  desc.SampleDesc.Count = formats.samples;
  return makeCom<ID3D12PipelineState>("CreateGraphicsPipelineState", [&](void** made) {
    return device->CreateGraphicsPipelineState(&desc, IID_ID3D12PipelineState, made);
  });
}

}  // namespace

Pipelines::Pipelines(ID3D12Device* device, const TargetFormats& formats)
    : signature_(makeSignature(device)),
      object_(makeGraphics(device, signature_.get(), formats, kObjectVertex, kObjectPixel, true)),
      sky_(makeGraphics(device, signature_.get(), formats, kSkyVertex, kSkyPixel, false)) {}

}  // namespace flux::app::d3d12
