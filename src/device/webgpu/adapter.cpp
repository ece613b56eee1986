#include "device/webgpu/adapter.hpp"

#include "device/part_alignments.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace flux::webgpu {
namespace {

/// What a record can name: 32-bit offsets in units of kPlaceUnitBytes.
constexpr ByteCount kAddressableChunkBytes = kPlaceUnitBytes << 32U;

/// Without the sizes of heaps: implementations choose the largest buffer as a share of the memory that there is.
constexpr ByteCount estimatedBudget(ByteCount maxBufferBytes) noexcept {
  return 4 * std::min(maxBufferBytes, kGiB);
}

/// A share of the device's own heaps that leaves something to the system and to other programs.
ByteCount budgetOf(std::span<const WGPUMemoryHeapInfo> heaps) noexcept {
  ByteCount bytes = 0;
  for (const WGPUMemoryHeapInfo& heap : heaps) {
    if ((heap.properties & WGPUHeapProperty_DeviceLocal) != 0) bytes = std::max<ByteCount>(bytes, heap.size);
  }
  return bytes / 5 * 4;
}

Unexpected failed(const char* call) {
  return Unexpected(makeError(ErrorCode::DriverError, call, {}));
}

}  // namespace

Result<Adapter> describeAdapter(const Functions& functions, WGPUDevice device) {
  WGPULimits limits{};
  if (functions.DeviceGetLimits(device, &limits) != WGPUStatus_Success) return failed("wgpuDeviceGetLimits");

  WGPUAdapterPropertiesMemoryHeaps heaps{};
  heaps.chain.sType = WGPUSType_AdapterPropertiesMemoryHeaps;
  const bool heapsKnown = functions.AdapterPropertiesMemoryHeapsFreeMembers != nullptr &&
                          functions.DeviceHasFeature(device, WGPUFeatureName_AdapterPropertiesMemoryHeaps) != 0;
  WGPUAdapterInfo info{};
  if (heapsKnown) info.nextInChain = &heaps.chain;
  if (functions.DeviceGetAdapterInfo(device, &info) != WGPUStatus_Success) return failed("wgpuDeviceGetAdapterInfo");

  Adapter adapter;
  DeviceCaps& caps = adapter.caps;
  caps.backend = Backend::WebGPU;
  caps.deviceName = toView(info.device);
  caps.driverName = toView(info.description);
  caps.maxChunkBytes = std::min<ByteCount>(limits.maxBufferSize, kAddressableChunkBytes);
  caps.maxAllocations = 2 * kMaxChunks;  // WebGPU has no limit of its own.
  caps.queueCount = 2;
  caps.unifiedMemory = info.adapterType == WGPUAdapterType_IntegratedGPU || info.adapterType == WGPUAdapterType_CPU;
  // WebGPU has no texel buffers: shaders read such parts as storage.
  const std::uint32_t storage = limits.minStorageBufferOffsetAlignment;
  caps.partAlignmentBytes = partAlignments({limits.minUniformBufferOffsetAlignment, storage, storage});
  adapter.budgetBytes =
      heapsKnown ? budgetOf({heaps.heapInfo, heaps.heapCount}) : estimatedBudget(limits.maxBufferSize);

  const bool null = info.backendType == WGPUBackendType_Null;
  functions.AdapterInfoFreeMembers(info);
  if (heapsKnown) functions.AdapterPropertiesMemoryHeapsFreeMembers(heaps);
  if (null) return Unexpected(makeError(ErrorCode::Unsupported, "a device of the Null back end", {}));
  return adapter;
}

}  // namespace flux::webgpu
