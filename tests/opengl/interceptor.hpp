#pragma once

/// Stands between the device under test and OpenGL: makes chosen calls fail, replaces others, leaves some out.

#include "opengl/api.hpp"

#include <cstdint>
#include <string>

namespace flux::test {

/// Process-wide, because OpenGL's functions carry no context: one at a time.
///
/// **Thread contract.** One thread.
class Interceptor {
 public:
  Interceptor();
  ~Interceptor();
  Interceptor(const Interceptor&) = delete;
  Interceptor& operator=(const Interceptor&) = delete;

  /// For `OpenGlDeviceDesc::getFunction`.
  [[nodiscard]] static OpenGlFunction find(const char* name);

  /// The k-th call from now on (1: the next) that can fail does: it does not reach OpenGL, and `glGetError` answers
  /// `error` once.
  void failCall(std::uint64_t k, GLenum error);
  /// From the k-th call on every one fails, as in a context that is lost.
  void loseContext(std::uint64_t k);
  void failNothing() noexcept;
  /// Name of the first call that failed since the last question; empty where none did.
  [[nodiscard]] std::string takeFailedCall();

  /// Calls that reached OpenGL, of functions that can fail, free, flush or wait.
  [[nodiscard]] std::uint64_t calls(const std::string& name) const;

  /// The next device gets `function` instead of the one of this name; null: as if OpenGL had none.
  template <class Proc>
  void replace(const char* name, Proc function) {
    replaceAny(name, reinterpret_cast<OpenGlFunction>(function));
  }
  template <class Proc>
  [[nodiscard]] static Proc real(const char* name) {
    return reinterpret_cast<Proc>(app::gl().eglGetProcAddress(name));
  }

 private:
  static void replaceAny(const char* name, OpenGlFunction function);
};

}  // namespace flux::test
