#pragma once

#include "device/opengl/functions.hpp"

#include <flux/device.hpp>

namespace flux::opengl {

/// What a context says about itself and the hardware behind it.
struct ContextInfo {
  DeviceCaps caps;
  bool resetsAreTold = false;    ///< It loses itself on a reset, and tells.
  bool tellsFreeMemory = false;  ///< GL_NVX_gpu_memory_info.
};

/// Errors: InvalidArgument (no context is current), Unsupported (an older version).
[[nodiscard]] Result<ContextInfo> describeContext(const Functions& functions);

/// With `tellsFreeMemory`: what is free on the device now, for every process.
[[nodiscard]] ByteCount freeDeviceMemory(const Functions& functions);

}  // namespace flux::opengl
