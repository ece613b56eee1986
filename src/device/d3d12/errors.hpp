#pragma once

#include "device/d3d12/api.hpp"

#include <flux/result.hpp>

#include <string_view>

namespace flux::d3d12 {

/// The error for a failed call; `call` is the method's name. Where the device has been removed it is DeviceLost, with
/// the reason that the device gives as `nativeCode`.
[[nodiscard]] Unexpected failed(ID3D12Device* device, HRESULT result, std::string_view call, ErrorNumbers numbers = {});

/// The error for a device that shows that it has been removed otherwise than by a call's result.
[[nodiscard]] Unexpected deviceRemoved(ID3D12Device* device, std::string_view call);

}  // namespace flux::d3d12
