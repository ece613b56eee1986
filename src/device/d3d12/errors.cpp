#include "device/d3d12/errors.hpp"

#include <cstdint>

namespace flux::d3d12 {
namespace {

// Not all headers have all of these (Windows SDK, winerror.h).
constexpr std::uint32_t kOutOfMemory = 0x8007000E;
constexpr std::uint32_t kDeviceRemoved = 0x887A0005;
constexpr std::uint32_t kDeviceHung = 0x887A0006;
constexpr std::uint32_t kDeviceReset = 0x887A0007;
constexpr std::uint32_t kDriverInternalError = 0x887A0020;

ErrorCode codeOf(HRESULT result) noexcept {
  switch (static_cast<std::uint32_t>(result)) {
    case kOutOfMemory:
      return ErrorCode::OutOfDeviceMemory;
    case kDeviceRemoved:
    case kDeviceHung:
    case kDeviceReset:
    case kDriverInternalError:
      return ErrorCode::DeviceLost;
    default:
      return ErrorCode::DriverError;
  }
}

}  // namespace

Unexpected failed(ID3D12Device* device, HRESULT result, std::string_view call, ErrorNumbers numbers) {
  const ErrorCode code = codeOf(result);
  if (code == ErrorCode::DeviceLost) return deviceRemoved(device, call);
  Error error = makeError(code, call, {}, numbers);
  error.nativeCode = static_cast<std::int32_t>(result);
  return Unexpected(error);
}

Unexpected deviceRemoved(ID3D12Device* device, std::string_view call) {
  Error error = makeError(ErrorCode::DeviceLost, call, {});
  error.nativeCode = static_cast<std::int32_t>(device->GetDeviceRemovedReason());
  return Unexpected(error);
}

}  // namespace flux::d3d12
