#pragma once

#include "device/webgpu/functions.hpp"

#include <flux/device.hpp>

namespace flux::webgpu {

/// What the implementation says about the device and the hardware behind it.
struct Adapter {
  DeviceCaps caps;
  ByteCount budgetBytes = 0;  ///< An estimate: WebGPU tells neither a budget nor what is used.
};

/// Errors: DriverError, Unsupported (a device without a driver: Dawn's Null back end).
[[nodiscard]] Result<Adapter> describeAdapter(const Functions& functions, WGPUDevice device);

}  // namespace flux::webgpu
