// The one place that defines the identifiers of Direct3D's interfaces (IID_…).
#define INITGUID
#include "d3d12/api.hpp"

#include "failure.hpp"

#include <array>
#include <cstdio>
#include <string>

namespace flux::app {

void checkD3D12(HRESULT result, const char* call) {
  if (SUCCEEDED(result)) return;
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), "0x%08x", static_cast<unsigned>(result));
  throw Failure("Direct3D 12: " + std::string(call) + " failed: " + code.data());
}

Com<ID3D12Resource> makeBuffer(ID3D12Device* device, D3D12_HEAP_TYPE heap, std::uint64_t bytes) {
  D3D12_HEAP_PROPERTIES properties{};
  properties.Type = heap;
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = D3D12_RESOURCE_DIMENSION_BUFFER;
  desc.Width = bytes;
  desc.Height = 1;
  desc.DepthOrArraySize = 1;
  desc.MipLevels = 1;
  desc.SampleDesc.Count = 1;
  desc.Layout = D3D12_TEXTURE_LAYOUT_ROW_MAJOR;
  D3D12_RESOURCE_STATES state = D3D12_RESOURCE_STATE_COMMON;
  if (heap == D3D12_HEAP_TYPE_UPLOAD) state = D3D12_RESOURCE_STATE_GENERIC_READ;
  if (heap == D3D12_HEAP_TYPE_READBACK) state = D3D12_RESOURCE_STATE_COPY_DEST;
  if (heap == D3D12_HEAP_TYPE_DEFAULT) desc.Flags = D3D12_RESOURCE_FLAG_ALLOW_UNORDERED_ACCESS;
  return makeCom<ID3D12Resource>("CreateCommittedResource", [&](void** made) {
    return device->CreateCommittedResource(&properties, D3D12_HEAP_FLAG_NONE, &desc, state, nullptr, IID_ID3D12Resource,
                                           made);
  });
}

void* mapBuffer(ID3D12Resource* buffer) {
  void* mapped = nullptr;
  checkD3D12(buffer->Map(0, nullptr, &mapped), "ID3D12Resource::Map");
  return mapped;
}

void transition(ID3D12GraphicsCommandList* list, ID3D12Resource* resource, D3D12_RESOURCE_STATES before,
                D3D12_RESOURCE_STATES after) {
  D3D12_RESOURCE_BARRIER barrier{};
  barrier.Type = D3D12_RESOURCE_BARRIER_TYPE_TRANSITION;
  barrier.Transition.pResource = resource;
  barrier.Transition.Subresource = D3D12_RESOURCE_BARRIER_ALL_SUBRESOURCES;
  barrier.Transition.StateBefore = before;
  barrier.Transition.StateAfter = after;
  list->ResourceBarrier(1, &barrier);
}

Com<ID3D12RootSignature> makeRootSignature(ID3D12Device* device, std::span<const D3D12_ROOT_PARAMETER> parameters,
                                           D3D12_ROOT_SIGNATURE_FLAGS flags) {
  D3D12_ROOT_SIGNATURE_DESC desc{};
  desc.NumParameters = static_cast<UINT>(parameters.size());
  desc.pParameters = parameters.data();
  desc.Flags = flags;
  ID3DBlob* blob = nullptr;
  checkD3D12(D3D12SerializeRootSignature(&desc, D3D_ROOT_SIGNATURE_VERSION_1, &blob, nullptr),
             "D3D12SerializeRootSignature");
  const Com<ID3DBlob> text(blob);
  return makeCom<ID3D12RootSignature>("CreateRootSignature", [&](void** made) {
    return device->CreateRootSignature(0, text->GetBufferPointer(), text->GetBufferSize(), IID_ID3D12RootSignature,
                                       made);
  });
}

}  // namespace flux::app
