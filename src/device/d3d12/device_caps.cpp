#include "device/d3d12/device_caps.hpp"

#include "device/part_alignments.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace flux::d3d12 {
namespace {

/// The largest buffer that every driver must try to make (D3D12_REQ_RESOURCE_SIZE_IN_MEGABYTES_EXPRESSION_C_TERM).
constexpr ByteCount kMaxBufferBytes = 2048 * kMiB;

#if defined(_WIN32)
std::string utf8(const WCHAR* text) {
  const int bytes = WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  std::string converted(bytes > 0 ? static_cast<std::size_t>(bytes) : 1, '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, -1, converted.data(), bytes, nullptr, nullptr);
  converted.pop_back();  // the zero at the end
  return converted;
}

void nameFrom(IDXGIAdapter3* adapter, DeviceCaps& caps) {
  DXGI_ADAPTER_DESC1 desc{};
  if (SUCCEEDED(adapter->GetDesc1(&desc))) caps.deviceName = utf8(desc.Description);
  LARGE_INTEGER version{};
  if (SUCCEEDED(adapter->CheckInterfaceSupport(kIid<IDXGIDevice>, &version))) {
    // Four numbers of 16 bits, as Windows writes driver versions.
    const auto bits = static_cast<std::uint64_t>(version.QuadPart);
    for (const unsigned shift : {48U, 32U, 16U, 0U}) {
      caps.driverName += (shift == 48U ? " " : ".") + std::to_string((bits >> shift) & 0xFFFFU);
    }
  }
}
#endif

}  // namespace

DeviceCaps queryCaps(ID3D12Device* device, [[maybe_unused]] IDXGIAdapter3* adapter, std::uint32_t queueCount) {
  DeviceCaps caps;
  caps.backend = Backend::D3D12;
#if defined(_WIN32)
  caps.driverName = "Direct3D 12";
  if (adapter != nullptr) nameFrom(adapter, caps);
#else
  caps.driverName = "vkd3d";
#endif
  if (caps.deviceName.empty()) caps.deviceName = "Direct3D 12 device";

  D3D12_FEATURE_DATA_GPU_VIRTUAL_ADDRESS_SUPPORT addresses{};
  const HRESULT known =
      device->CheckFeatureSupport(D3D12_FEATURE_GPU_VIRTUAL_ADDRESS_SUPPORT, &addresses, sizeof(addresses));
  const UINT bits = addresses.MaxGPUVirtualAddressBitsPerResource;
  caps.maxChunkBytes = kMaxBufferBytes;
  if (SUCCEEDED(known) && bits != 0 && bits < 31) caps.maxChunkBytes = ByteCount{1} << bits;
  caps.maxAllocations = std::numeric_limits<std::uint32_t>::max();  // The API sets no limit.

  D3D12_FEATURE_DATA_ARCHITECTURE architecture{};
  caps.unifiedMemory =
      SUCCEEDED(device->CheckFeatureSupport(D3D12_FEATURE_ARCHITECTURE, &architecture, sizeof(architecture))) &&
      architecture.UMA != 0;
  caps.queueCount = queueCount;
  caps.bufferAddresses = true;
  // Texel views count in elements, and the largest format has 16 bytes.
  caps.partAlignmentBytes =
      partAlignments({D3D12_CONSTANT_BUFFER_DATA_PLACEMENT_ALIGNMENT, D3D12_RAW_UAV_SRV_BYTE_ALIGNMENT, 16});
  return caps;
}

#if defined(_WIN32)
MemoryBudget queryBudget(IDXGIAdapter3* adapter) {
  DXGI_QUERY_VIDEO_MEMORY_INFO info{};
  if (FAILED(adapter->QueryVideoMemoryInfo(0, DXGI_MEMORY_SEGMENT_GROUP_LOCAL, &info))) return {};
  return {info.Budget, info.CurrentUsage, true};
}
#endif

}  // namespace flux::d3d12
