#include "device/d3d12/heap_choice.hpp"

#include <flux/device.hpp>

namespace flux::d3d12 {
namespace {

/// Heaps of the device's own memory that the host can write, over a resizable BAR. They came with version 610 of the
/// SDK.
bool setGpuUpload([[maybe_unused]] ID3D12Device* device, [[maybe_unused]] D3D12_HEAP_PROPERTIES& heap) {
#if defined(D3D12_SDK_VERSION) && D3D12_SDK_VERSION >= 610
  D3D12_FEATURE_DATA_D3D12_OPTIONS16 options{};
  if (SUCCEEDED(device->CheckFeatureSupport(D3D12_FEATURE_D3D12_OPTIONS16, &options, sizeof(options))) &&
      options.GPUUploadHeapSupported != 0) {
    heap.Type = D3D12_HEAP_TYPE_GPU_UPLOAD;
    return true;
  }
#endif
  return false;
}

/// Of the system's memory, which on a device without memory of its own is all there is.
void setSystemMemory(D3D12_HEAP_PROPERTIES& heap, D3D12_CPU_PAGE_PROPERTY pages) {
  heap.Type = D3D12_HEAP_TYPE_CUSTOM;
  heap.CPUPageProperty = pages;
  heap.MemoryPoolPreference = D3D12_MEMORY_POOL_L0;
}

}  // namespace

HeapChoice chooseHeaps(ID3D12Device* device, UINT nodeMask, std::optional<ByteCount> wanted) {
  HeapChoice choice;
  choice.chunks.Type = D3D12_HEAP_TYPE_DEFAULT;
  choice.staging.Type = D3D12_HEAP_TYPE_UPLOAD;
  for (D3D12_HEAP_PROPERTIES* const heap : {&choice.chunks, &choice.staging}) {
    heap->CreationNodeMask = nodeMask;
    heap->VisibleNodeMask = nodeMask;
  }
  D3D12_FEATURE_DATA_ARCHITECTURE memory{};
  const HRESULT known = device->CheckFeatureSupport(D3D12_FEATURE_ARCHITECTURE, &memory, sizeof(memory));
  if (SUCCEEDED(known) && memory.UMA != 0) {
    choice.directWriteBytes = wanted.value_or(kAllBytes);
    if (choice.directWriteBytes != 0) {
      // The host only writes: caching its side costs nothing where the caches are shared, and elsewhere the device's
      // reads.
      setSystemMemory(choice.chunks, memory.CacheCoherentUMA != 0 ? D3D12_CPU_PAGE_PROPERTY_WRITE_BACK
                                                                  : D3D12_CPU_PAGE_PROPERTY_WRITE_COMBINE);
    }
  } else if (wanted.value_or(0) != 0 && setGpuUpload(device, choice.chunks)) {
    choice.directWriteBytes = *wanted;
  }
  // Then the host reads what lies there, too.
  if (choice.directWriteBytes == kAllBytes) setSystemMemory(choice.staging, D3D12_CPU_PAGE_PROPERTY_WRITE_BACK);
  return choice;
}

}  // namespace flux::d3d12
