#pragma once

#include "device/opengl/functions.hpp"

#include <string_view>

namespace flux::opengl {

/// The error for a call that failed; `call` is its name.
[[nodiscard]] Error errorFrom(GLenum raised, std::string_view call, ErrorNumbers numbers = {}) noexcept;

/// What the adopted context says about errors and about its own end.
///
/// **Thread contract.** The device's thread. **Invariants.** A lost context stays lost. After `run` no error is left in
/// the context.
class ErrorState {
 public:
  /// Both must outlive it.
  ErrorState(const Functions& functions, const OpenGlDeviceDesc& desc) noexcept : functions_(functions), desc_(desc) {}

  /// Whether the context tells of resets; asked once, at the start.
  void setResetsAreTold(bool told) noexcept { resetsAreTold_ = told; }

  /// Does `work`, a few calls of OpenGL, and says whether one of them failed; `call` names them in the error. What
  /// others left is reported to them first. Errors: OutOfDeviceMemory, DeviceLost, DriverError.
  template <class Work>
  [[nodiscard]] Result<void> run(std::string_view call, ErrorNumbers numbers, const Work& work) {
    if (auto ready = begin(); !ready) return ready;
    work();
    return end(call, numbers);
  }

  /// Errors: DeviceLost.
  [[nodiscard]] Result<void> checkLost();

  /// An error that `call` left, where it failed by what it returned. Errors: as `run`.
  [[nodiscard]] Unexpected failed(std::string_view call);

 private:
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> end(std::string_view call, ErrorNumbers numbers);
  [[nodiscard]] GLenum takeError();

  const Functions& functions_;
  const OpenGlDeviceDesc& desc_;
  bool resetsAreTold_ = false;
  bool lost_ = false;
};

}  // namespace flux::opengl
