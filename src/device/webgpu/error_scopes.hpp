#pragma once

#include "device/webgpu/functions.hpp"

#include <memory>
#include <string_view>
#include <utility>

namespace flux::webgpu {

/// Turns what WebGPU calls report into an `Error`: WebGPU calls return no status, their errors go to the scopes around
/// them.
///
/// **Thread contract.** One thread.
class ErrorScopes {
 public:
  /// Both must outlive it.
  ErrorScopes(const Functions& functions, const WebGpuDeviceDesc& desc);

  /// Makes `calls` inside one scope of each kind. `name`: what the error is about.
  /// Errors: OutOfDeviceMemory (with `numbers`), DriverError (`nativeCode`: a WGPUErrorType), DeviceLost, Unsupported
  /// (the implementation does not answer at once).
  template <class Calls>
  [[nodiscard]] Result<void> run(std::string_view name, ErrorNumbers numbers, Calls&& calls) {
    push();
    std::forward<Calls>(calls)();
    return pop(name, numbers);
  }

  /// Asks; never blocks. Errors: DeviceLost.
  [[nodiscard]] Result<void> checkLost();

 private:
  /// What one scope caught.
  struct Caught {
    const WebGpuDeviceDesc* desc = nullptr;
    WGPUPopErrorScopeStatus status = WGPUPopErrorScopeStatus_Error;
    WGPUErrorType type = WGPUErrorType_NoError;
  };

  static void remember(WGPUPopErrorScopeStatus status, WGPUErrorType type, WGPUStringView message, void* caught, void*);
  void push();
  [[nodiscard]] Result<void> pop(std::string_view name, ErrorNumbers numbers);

  const Functions& functions_;
  const WebGpuDeviceDesc& desc_;
  const WGPUFuture lost_;
  std::unique_ptr<Caught> caught_;  ///< Where the implementation writes.
};

}  // namespace flux::webgpu
