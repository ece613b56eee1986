#include "device/webgpu/error_scopes.hpp"

#include <array>

namespace flux::webgpu {
namespace {

constexpr std::array kFilters{WGPUErrorFilter_Validation, WGPUErrorFilter_OutOfMemory, WGPUErrorFilter_Internal};

}  // namespace

ErrorScopes::ErrorScopes(const Functions& functions, const WebGpuDeviceDesc& desc)
    : functions_(functions),
      desc_(desc),
      lost_(functions.DeviceGetLostFuture(desc.device)),
      caught_(std::make_unique<Caught>()) {}

void ErrorScopes::remember(WGPUPopErrorScopeStatus status, WGPUErrorType type, WGPUStringView message, void* caught,
                           void*) {
  auto& into = *static_cast<Caught*>(caught);
  into.status = status;
  into.type = type;
  if (type != WGPUErrorType_NoError && into.desc->report != nullptr) {
    into.desc->report(into.desc->reportContext, toView(message));
  }
}

void ErrorScopes::push() {
  for (const WGPUErrorFilter filter : kFilters) functions_.DevicePushErrorScope(desc_.device, filter);
}

Result<void> ErrorScopes::pop(std::string_view name, ErrorNumbers numbers) {
  WGPUErrorType worst = WGPUErrorType_NoError;
  bool answered = true;
  bool popped = true;
  for (std::size_t i = 0; i < kFilters.size(); ++i) {
    *caught_ = {&desc_};
    const WGPUFuture future = functions_.DevicePopErrorScope(
        desc_.device, {nullptr, WGPUCallbackMode_WaitAnyOnly, &remember, caught_.get(), nullptr});
    if (!isDone(functions_, desc_.instance, future)) {
      answered = false;
      [[maybe_unused]] const Caught* const kept = caught_.release();  // The implementation may still write there.
      caught_ = std::make_unique<Caught>();
      continue;
    }
    popped = popped && caught_->status == WGPUPopErrorScopeStatus_Success;
    // Running out of memory is what a caller can do something about.
    if (caught_->type != WGPUErrorType_NoError && worst != WGPUErrorType_OutOfMemory) worst = caught_->type;
  }
  if (auto alive = checkLost(); !alive) return alive;
  if (!answered) return Unexpected(makeError(ErrorCode::Unsupported, "error scopes that are answered at once", {}));
  if (worst == WGPUErrorType_NoError && popped) return {};
  Error error = makeError(worst == WGPUErrorType_OutOfMemory ? ErrorCode::OutOfDeviceMemory : ErrorCode::DriverError,
                          worst != WGPUErrorType_NoError ? name : "wgpuDevicePopErrorScope", {}, numbers);
  error.nativeCode = static_cast<std::int32_t>(worst);
  return Unexpected(error);
}

Result<void> ErrorScopes::checkLost() {
  if (!isDone(functions_, desc_.instance, lost_)) return {};
  return Unexpected(makeError(ErrorCode::DeviceLost, "wgpuDeviceGetLostFuture", {}));
}

}  // namespace flux::webgpu
