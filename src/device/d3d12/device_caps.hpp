#pragma once

#include "device/d3d12/api.hpp"

#include <flux/device.hpp>

struct IDXGIAdapter3;  // Without DXGI it has no definition.

namespace flux::d3d12 {

/// What the device tells about itself; names from the adapter, where there is one.
[[nodiscard]] DeviceCaps queryCaps(ID3D12Device* device, IDXGIAdapter3* adapter, std::uint32_t queueCount);

#if defined(_WIN32)
/// What the system grants this process of the memory that chunks live in.
/// With a failing call the result has `fromSystem` false and nothing else.
[[nodiscard]] MemoryBudget queryBudget(IDXGIAdapter3* adapter);
#endif

}  // namespace flux::d3d12
