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

Buffers::Buffers(ID3D12Device* device, const HeapChoice& heaps) noexcept
    : device_(device), heaps_(heaps), chunkFlags_(chunkHeapFlags(device)) {
#if defined(D3D12_SDK_VERSION) && D3D12_SDK_VERSION >= 618
  // An oversize chunk has the size of its block: less of its last 64 KiB is lost.
  D3D12_FEATURE_DATA_TIGHT_ALIGNMENT tight{};
  if (SUCCEEDED(device->CheckFeatureSupport(D3D12_FEATURE_D3D12_TIGHT_ALIGNMENT, &tight, sizeof(tight))) &&
      tight.SupportTier != D3D12_TIGHT_ALIGNMENT_TIER_NOT_SUPPORTED) {
    alignmentBytes_ = D3D12_TIGHT_ALIGNMENT_MIN_COMMITTED_RESOURCE_ALIGNMENT;
    alignmentFlags_ = D3D12_RESOURCE_FLAG_USE_TIGHT_ALIGNMENT;
  }
#endif
}

Result<Buffer> Buffers::create(BufferUse use, ByteCount bytes) {
  const bool readback = use == BufferUse::Readback;
  const bool staging = use == BufferUse::Upload || readback;
  D3D12_HEAP_PROPERTIES heap = staging ? heaps_.staging : heaps_.chunks;
  if (use == BufferUse::Bounce || readback) {
    heap.Type = readback ? D3D12_HEAP_TYPE_READBACK : D3D12_HEAP_TYPE_DEFAULT;
    heap.CPUPageProperty = D3D12_CPU_PAGE_PROPERTY_UNKNOWN;
    heap.MemoryPoolPreference = D3D12_MEMORY_POOL_UNKNOWN;
  }
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = D3D12_RESOURCE_DIMENSION_BUFFER;
  desc.Width = bytes;
  desc.Height = 1;
  desc.DepthOrArraySize = 1;
  desc.MipLevels = 1;
  desc.SampleDesc.Count = 1;
  desc.Layout = D3D12_TEXTURE_LAYOUT_ROW_MAJOR;
  const auto access = staging ? D3D12_RESOURCE_FLAG_NONE : D3D12_RESOURCE_FLAG_ALLOW_UNORDERED_ACCESS;
  desc.Flags = static_cast<D3D12_RESOURCE_FLAGS>(access | alignmentFlags_);
  D3D12_RESOURCE_STATES state = D3D12_RESOURCE_STATE_COMMON;
  if (heap.Type == D3D12_HEAP_TYPE_UPLOAD) state = D3D12_RESOURCE_STATE_GENERIC_READ;
  if (readback) state = D3D12_RESOURCE_STATE_COPY_DEST;

  Buffer made;
  HRESULT result = device_->CreateCommittedResource(&heap, staging ? D3D12_HEAP_FLAG_NONE : chunkFlags_, &desc, state,
                                                    nullptr, kIid<ID3D12Resource>, made.resource.out());
  if (FAILED(result)) return failed(device_, result, "CreateCommittedResource", {bytes, allocatedBytes_});
  if (staging || (use == BufferUse::Chunk && heaps_.directWriteBytes != 0)) {
    constexpr D3D12_RANGE kReadsNothing{0, 0};
    void* mapped = nullptr;
    result = made.resource->Map(0, readback ? nullptr : &kReadsNothing, &mapped);
    if (FAILED(result)) return failed(device_, result, "ID3D12Resource::Map", {bytes, allocatedBytes_});
    made.mapped = static_cast<std::byte*>(mapped);
  }
  made.allocatedBytes = roundUp(bytes, alignmentBytes_);
  allocatedBytes_ += made.allocatedBytes;
  return made;
}

void Buffers::destroy(Buffer& buffer) noexcept {
  allocatedBytes_ -= buffer.allocatedBytes;
  buffer = {};  // Unmaps it too.
}

}  // namespace flux::d3d12
