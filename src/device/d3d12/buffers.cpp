#include "device/d3d12/buffers.hpp"

#include "base/rounding.hpp"
#include "device/d3d12/errors.hpp"

namespace flux::d3d12 {
namespace {

/// How a chunk's heap is made: not cleared first where the headers and the runtime know how to ask for that, since
/// contents are undefined anyway.
D3D12_HEAP_FLAGS chunkHeapFlags([[maybe_unused]] ID3D12Device* device) noexcept {
#if defined(__ID3D12Device8_INTERFACE_DEFINED__)
  // The flag came with this query (Windows 10, version 2004).
  D3D12_FEATURE_DATA_D3D12_OPTIONS7 options{};
  if (SUCCEEDED(device->CheckFeatureSupport(D3D12_FEATURE_D3D12_OPTIONS7, &options, sizeof(options)))) {
    return D3D12_HEAP_FLAG_CREATE_NOT_ZEROED;
  }
#endif
  return D3D12_HEAP_FLAG_NONE;
}

}  // namespace

Buffers::Buffers(ID3D12Device* device, UINT nodeMask) noexcept
    : device_(device), nodeMask_(nodeMask), chunkFlags_(chunkHeapFlags(device)) {}

Result<Buffer> Buffers::create(D3D12_HEAP_TYPE type, ByteCount bytes) {
  const bool chunk = type == D3D12_HEAP_TYPE_DEFAULT;
  const D3D12_RESOURCE_STATES mappedState =
      type == D3D12_HEAP_TYPE_UPLOAD ? D3D12_RESOURCE_STATE_GENERIC_READ : D3D12_RESOURCE_STATE_COPY_DEST;
  D3D12_HEAP_PROPERTIES heap{};
  heap.Type = type;
  heap.CreationNodeMask = nodeMask_;
  heap.VisibleNodeMask = nodeMask_;
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = D3D12_RESOURCE_DIMENSION_BUFFER;
  desc.Width = bytes;
  desc.Height = 1;
  desc.DepthOrArraySize = 1;
  desc.MipLevels = 1;
  desc.SampleDesc.Count = 1;
  desc.Layout = D3D12_TEXTURE_LAYOUT_ROW_MAJOR;
  desc.Flags = chunk ? D3D12_RESOURCE_FLAG_ALLOW_UNORDERED_ACCESS : D3D12_RESOURCE_FLAG_NONE;

  Buffer made;
  const HRESULT result = device_->CreateCommittedResource(&heap, chunk ? chunkFlags_ : D3D12_HEAP_FLAG_NONE, &desc,
                                                          chunk ? D3D12_RESOURCE_STATE_COMMON : mappedState, nullptr,
                                                          kIid<ID3D12Resource>, made.resource.out());
  if (FAILED(result)) return failed(device_, result, "CreateCommittedResource", {bytes, allocatedBytes_});
  made.allocatedBytes = roundUp(bytes, D3D12_DEFAULT_RESOURCE_PLACEMENT_ALIGNMENT);
  allocatedBytes_ += made.allocatedBytes;
  return made;
}

void Buffers::destroy(Buffer& buffer) noexcept {
  allocatedBytes_ -= buffer.allocatedBytes;
  buffer = {};
}

}  // namespace flux::d3d12
