#pragma once

/// Which heaps chunks and staging pages live in.

#include "device/d3d12/api.hpp"

#include <flux/types.hpp>

#include <optional>

namespace flux::d3d12 {

struct HeapChoice {
  D3D12_HEAP_PROPERTIES chunks{};
  D3D12_HEAP_PROPERTIES staging{};
  ByteCount directWriteBytes = 0;  ///< As in `DeviceCaps`; not 0: chunks can be mapped.
};

/// `wanted`: as `D3D12DeviceDesc::directWriteBytes`.
[[nodiscard]] HeapChoice chooseHeaps(ID3D12Device* device, UINT nodeMask, std::optional<ByteCount> wanted);

}  // namespace flux::d3d12
