#pragma once

/// Owned OpenGL objects, and what programs are made from.

#include "opengl/api.hpp"

#include <flux/types.hpp>

#include <span>
#include <type_traits>
#include <utility>

namespace flux::app {

/// Owns one object; deleted by a function of OpenGL in the context that is current then, which must have it.
template <auto Delete>
class UniqueObject {
 public:
  UniqueObject() = default;
  explicit UniqueObject(GLuint name) noexcept : name_(name) {}
  UniqueObject(UniqueObject&& other) noexcept : name_(std::exchange(other.name_, 0)) {}
  UniqueObject& operator=(UniqueObject&& other) noexcept {
    std::swap(name_, other.name_);
    return *this;
  }
  ~UniqueObject() {
    if (name_ == 0) return;
    if constexpr (std::is_invocable_v<decltype(gl().*Delete), GLsizei, const GLuint*>) {
      (gl().*Delete)(1, &name_);
    } else {
      (gl().*Delete)(name_);
    }
  }
  [[nodiscard]] GLuint get() const noexcept { return name_; }

 private:
  GLuint name_ = 0;
};

using UniqueGlBuffer = UniqueObject<&OpenGlApi::glDeleteBuffers>;
using UniqueFramebuffer = UniqueObject<&OpenGlApi::glDeleteFramebuffers>;
using UniqueRenderbuffer = UniqueObject<&OpenGlApi::glDeleteRenderbuffers>;
using UniqueVertexArray = UniqueObject<&OpenGlApi::glDeleteVertexArrays>;
using UniqueProgram = UniqueObject<&OpenGlApi::glDeleteProgram>;

struct ShaderText {
  GLenum stage;
  const char* text;
};

/// Throws Failure with what the driver said.
[[nodiscard]] UniqueProgram makeProgram(std::span<const ShaderText> shaders);

/// A buffer of fixed size; `flags` as for `glNamedBufferStorage`. Throws Failure.
[[nodiscard]] UniqueGlBuffer makeGlBuffer(ByteCount bytes, GLbitfield flags);

}  // namespace flux::app
