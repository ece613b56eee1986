#include "d3d12/targets.hpp"

#include "view/samples.hpp"

#include <algorithm>

namespace flux::app::d3d12 {
namespace {

constexpr std::uint32_t kPixelBytes = 4;
constexpr D3D12_RESOURCE_STATES kDrawn = D3D12_RESOURCE_STATE_RENDER_TARGET;

TargetFormats chooseFormats(ID3D12Device* device, std::uint32_t width, std::uint32_t height) {
  constexpr UINT kSamples = 4;
  TargetFormats formats;
  D3D12_FEATURE_DATA_MULTISAMPLE_QUALITY_LEVELS levels{};
  levels.Format = formats.color;
  levels.SampleCount = kSamples;
  const bool has =
      SUCCEEDED(device->CheckFeatureSupport(D3D12_FEATURE_MULTISAMPLE_QUALITY_LEVELS, &levels, sizeof levels)) &&
      levels.NumQualityLevels != 0;
  if (has && isLargePicture(width, height)) formats.samples = kSamples;
  return formats;
}

Com<ID3D12DescriptorHeap> makeHeap(ID3D12Device* device, D3D12_DESCRIPTOR_HEAP_TYPE type) {
  D3D12_DESCRIPTOR_HEAP_DESC desc{};
  desc.Type = type;
  desc.NumDescriptors = 1;
  return makeCom<ID3D12DescriptorHeap>("CreateDescriptorHeap", [&](void** made) {
    return device->CreateDescriptorHeap(&desc, IID_ID3D12DescriptorHeap, made);
  });
}

struct TextureDesc {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  DXGI_FORMAT format = DXGI_FORMAT_UNKNOWN;
  UINT samples = 1;
  D3D12_RESOURCE_FLAGS flags = D3D12_RESOURCE_FLAG_NONE;
  D3D12_RESOURCE_STATES state = D3D12_RESOURCE_STATE_COMMON;
};

Com<ID3D12Resource> makeTexture(ID3D12Device* device, const TextureDesc& texture) {
  D3D12_HEAP_PROPERTIES heap{};
  heap.Type = D3D12_HEAP_TYPE_DEFAULT;
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = D3D12_RESOURCE_DIMENSION_TEXTURE2D;
  desc.Width = texture.width;
  desc.Height = texture.height;
  desc.DepthOrArraySize = 1;
  desc.MipLevels = 1;
  desc.Format = texture.format;
  desc.SampleDesc.Count = texture.samples;
  desc.Flags = texture.flags;
  D3D12_CLEAR_VALUE clear{};
  clear.Format = texture.format;
  if ((texture.flags & D3D12_RESOURCE_FLAG_ALLOW_DEPTH_STENCIL) != 0) clear.DepthStencil.Depth = 1;
  return makeCom<ID3D12Resource>("CreateCommittedResource", [&](void** made) {
    return device->CreateCommittedResource(&heap, D3D12_HEAP_FLAG_NONE, &desc, texture.state, &clear,
                                           IID_ID3D12Resource, made);
  });
}

}  // namespace

Targets::Targets(ID3D12Device* device, std::uint32_t width, std::uint32_t height)
    : width_(width),
      height_(height),
      formats_(chooseFormats(device, width, height)),
      colorViews_(makeHeap(device, D3D12_DESCRIPTOR_HEAP_TYPE_RTV)),
      depthViews_(makeHeap(device, D3D12_DESCRIPTOR_HEAP_TYPE_DSV)),
      color_(makeTexture(device, {width, height, formats_.color, formats_.samples,
                                  D3D12_RESOURCE_FLAG_ALLOW_RENDER_TARGET, D3D12_RESOURCE_STATE_RENDER_TARGET})),
      depth_(makeTexture(device, {width, height, formats_.depth, formats_.samples,
                                  D3D12_RESOURCE_FLAG_ALLOW_DEPTH_STENCIL, D3D12_RESOURCE_STATE_DEPTH_WRITE})) {
  if (formats_.samples > 1) {
    resolved_ = makeTexture(device, {width, height, formats_.color, 1, D3D12_RESOURCE_FLAG_ALLOW_RENDER_TARGET,
                                     D3D12_RESOURCE_STATE_RESOLVE_DEST});
  }
  device->CreateRenderTargetView(color_.get(), nullptr, colorViews_->GetCPUDescriptorHandleForHeapStart());
  device->CreateDepthStencilView(depth_.get(), nullptr, depthViews_->GetCPUDescriptorHandleForHeapStart());
}

void Targets::bind(ID3D12GraphicsCommandList* list) const {
  const D3D12_CPU_DESCRIPTOR_HANDLE color = colorViews_->GetCPUDescriptorHandleForHeapStart();
  const D3D12_CPU_DESCRIPTOR_HANDLE depth = depthViews_->GetCPUDescriptorHandleForHeapStart();
  list->OMSetRenderTargets(1, &color, FALSE, &depth);
  const D3D12_VIEWPORT viewport{0, 0, static_cast<float>(width_), static_cast<float>(height_), 0, 1};
  list->RSSetViewports(1, &viewport);
  const D3D12_RECT scissor{0, 0, static_cast<LONG>(width_), static_cast<LONG>(height_)};
  list->RSSetScissorRects(1, &scissor);
}

void Targets::clear(ID3D12GraphicsCommandList* list) const {
  list->ClearDepthStencilView(depthViews_->GetCPUDescriptorHandleForHeapStart(), D3D12_CLEAR_FLAG_DEPTH, 1, 0, 0,
                              nullptr);
}

UINT Targets::rowBytes() const noexcept {
  constexpr UINT kAlignment = D3D12_TEXTURE_DATA_PITCH_ALIGNMENT;
  return (width_ * kPixelBytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::uint64_t Targets::pictureBytes() const noexcept {
  return std::uint64_t{rowBytes()} * height_;
}

void Targets::copyPicture(ID3D12GraphicsCommandList* list, ID3D12Resource* readback) const {
  ID3D12Resource* const picture = resolved_ != nullptr ? resolved_.get() : color_.get();
  const D3D12_RESOURCE_STATES left = resolved_ != nullptr ? D3D12_RESOURCE_STATE_RESOLVE_DEST : kDrawn;
  if (resolved_ != nullptr) {
    transition(list, color_.get(), kDrawn, D3D12_RESOURCE_STATE_RESOLVE_SOURCE);
    list->ResolveSubresource(picture, 0, color_.get(), 0, formats_.color);
    transition(list, color_.get(), D3D12_RESOURCE_STATE_RESOLVE_SOURCE, kDrawn);
  }
  transition(list, picture, left, D3D12_RESOURCE_STATE_COPY_SOURCE);
  D3D12_TEXTURE_COPY_LOCATION source{};
  source.pResource = picture;
  source.Type = D3D12_TEXTURE_COPY_TYPE_SUBRESOURCE_INDEX;
  D3D12_TEXTURE_COPY_LOCATION destination{};
  destination.pResource = readback;
  destination.Type = D3D12_TEXTURE_COPY_TYPE_PLACED_FOOTPRINT;
  destination.PlacedFootprint.Footprint = {formats_.color, width_, height_, 1, rowBytes()};
  list->CopyTextureRegion(&destination, 0, 0, 0, &source, nullptr);
  transition(list, picture, D3D12_RESOURCE_STATE_COPY_SOURCE, left);
}

std::vector<std::byte> Targets::pixels(std::span<const std::byte> readback) const {
  std::vector<std::byte> tight(std::size_t{width_} * height_ * kPixelBytes);
  const std::size_t row = std::size_t{width_} * kPixelBytes;
  for (std::size_t y = 0; y < height_; ++y) {
    std::copy_n(readback.begin() + static_cast<std::ptrdiff_t>(y * rowBytes()), row,
                tight.begin() + static_cast<std::ptrdiff_t>(y * row));
  }
  return tight;
}

}  // namespace flux::app::d3d12
