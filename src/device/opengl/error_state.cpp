#include "device/opengl/error_state.hpp"

#include <array>
#include <cstdio>

namespace flux::opengl {
namespace {

/// A context may keep one flag of each kind, or several (OpenGL 4.5, section 2.3.1). Without a context some
/// implementations answer with an error for ever.
constexpr int kMaxFlags = 16;

Unexpected lost() noexcept {
  return Unexpected(errorFrom(GL_CONTEXT_LOST, "glGetGraphicsResetStatus"));
}

}  // namespace

Error errorFrom(GLenum raised, std::string_view call, ErrorNumbers numbers) noexcept {
  ErrorCode code = ErrorCode::DriverError;
  if (raised == GL_OUT_OF_MEMORY) {
    code = ErrorCode::OutOfDeviceMemory;
  } else if (raised == GL_CONTEXT_LOST) {
    code = ErrorCode::DeviceLost;
  }
  Error error = makeError(code, call, {}, numbers);
  error.nativeCode = static_cast<std::int32_t>(raised);
  return error;
}

Result<void> ErrorState::begin() {
  for (int i = 0; i < kMaxFlags && !lost_; ++i) {
    const GLenum raised = takeError();
    if (raised == GL_NO_ERROR) return {};
    if (desc_.report == nullptr || lost_) continue;
    std::array<char, 64> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "OpenGL error 0x%04X from before a call of Flux", raised);
    desc_.report(desc_.reportContext, {text.data(), static_cast<std::size_t>(length)});
  }
  if (lost_) return lost();
  return {};
}

Result<void> ErrorState::end(std::string_view call, ErrorNumbers numbers) {
  const GLenum first = takeError();
  if (first == GL_NO_ERROR) return {};
  for (int i = 0; i < kMaxFlags && takeError() != GL_NO_ERROR; ++i) {
  }
  return Unexpected(errorFrom(lost_ ? GL_CONTEXT_LOST : first, call, numbers));
}

Unexpected ErrorState::failed(std::string_view call) {
  const auto told = end(call, {});
  return Unexpected(told ? errorFrom(GL_NO_ERROR, call) : told.error());
}

GLenum ErrorState::takeError() {
  const GLenum raised = functions_.glGetError();
  if (raised == GL_CONTEXT_LOST) lost_ = true;
  return raised;
}

Result<void> ErrorState::checkLost() {
  // Once the reset is over the status is back at "no error", but the context stays lost.
  if (!lost_ && resetsAreTold_) lost_ = functions_.glGetGraphicsResetStatus() != GL_NO_ERROR;
  if (lost_) return lost();
  return {};
}

}  // namespace flux::opengl
