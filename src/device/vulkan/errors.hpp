#pragma once

#include <flux/result.hpp>
#include <flux/vulkan.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace flux::vulkan {

/// The error for a failed driver call; `call` is the Vulkan function's name.
[[nodiscard]] inline Error errorFrom(VkResult result, std::string_view call, ErrorNumbers numbers = {}) noexcept {
  ErrorCode code = ErrorCode::DriverError;
  if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY) {
    code = ErrorCode::OutOfDeviceMemory;
  } else if (result == VK_ERROR_TOO_MANY_OBJECTS) {
    code = ErrorCode::TooManyChunks;
  } else if (result == VK_ERROR_DEVICE_LOST) {
    code = ErrorCode::DeviceLost;
  }
  Error error = makeError(code, call, {}, numbers);
  error.nativeCode = result;
  return error;
}

[[nodiscard]] inline Unexpected failed(VkResult result, std::string_view call, ErrorNumbers numbers = {}) noexcept {
  return Unexpected(errorFrom(result, call, numbers));
}

}  // namespace flux::vulkan
