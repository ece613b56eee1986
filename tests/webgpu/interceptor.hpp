#pragma once

/// Stands between the device under test and WebGPU: makes chosen calls fail, replaces others, leaves some out.

#include "webgpu/api.hpp"

#include <cstdint>
#include <string>

namespace flux::test {

/// Process-wide, because WebGPU's functions carry no context: one at a time.
///
/// **Thread contract.** One thread.
class Interceptor {
 public:
  Interceptor();
  ~Interceptor();
  Interceptor(const Interceptor&) = delete;
  Interceptor& operator=(const Interceptor&) = delete;

  /// For `WebGpuDeviceDesc::getFunction`; needs no context.
  [[nodiscard]] static WebGpuFunction find(void*, const char* name);

  /// The k-th call from now on (1: the next) that can fail does: it does not reach WebGPU, and the device reports an
  /// error of this type.
  void failCall(std::uint64_t k, WGPUDevice device, WGPUErrorType type);
  void failNothing() noexcept;
  /// Name of the call that `failCall` made fail; empty until then.
  [[nodiscard]] const std::string& failedCall() const noexcept;

  /// The next device gets `function` instead of the one of this name; null: as if WebGPU had none.
  template <class Proc>
  void replace(const char* name, Proc function) {
    replaceAny(name, reinterpret_cast<WebGpuFunction>(function));
  }
  template <class Proc>
  [[nodiscard]] static Proc real(const char* name) {
    return reinterpret_cast<Proc>(realAny(name));
  }

 private:
  static void replaceAny(const char* name, WebGpuFunction function);
  static WebGpuFunction realAny(const char* name);
};

}  // namespace flux::test
