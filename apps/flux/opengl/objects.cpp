#include "opengl/objects.hpp"

#include "failure.hpp"

#include <array>
#include <string>

namespace flux::app {

UniqueProgram makeProgram(std::span<const ShaderText> shaders) {
  UniqueProgram program(gl().glCreateProgram());
  std::array<char, 2048> log{};
  std::string said;
  for (const ShaderText& shader : shaders) {
    const GLuint name = gl().glCreateShader(shader.stage);
    gl().glShaderSource(name, 1, &shader.text, nullptr);
    gl().glCompileShader(name);
    gl().glGetShaderInfoLog(name, static_cast<GLsizei>(log.size()), nullptr, log.data());
    said += log.data();
    gl().glAttachShader(program.get(), name);
    gl().glDeleteShader(name);  // The program keeps it.
  }
  gl().glLinkProgram(program.get());
  GLint linked = 0;
  gl().glGetProgramiv(program.get(), GL_LINK_STATUS, &linked);
  if (linked == GL_TRUE) return program;
  gl().glGetProgramInfoLog(program.get(), static_cast<GLsizei>(log.size()), nullptr, log.data());
  throw Failure("OpenGL: a shader is refused: " + said + log.data());
}

UniqueGlBuffer makeGlBuffer(ByteCount bytes, GLbitfield flags) {
  GLuint name = 0;
  gl().glCreateBuffers(1, &name);
  UniqueGlBuffer buffer(name);
  gl().glNamedBufferStorage(name, static_cast<GLsizeiptr>(bytes), nullptr, flags);
  if (gl().glGetError() != GL_NO_ERROR) throw Failure("OpenGL: no buffer of " + std::to_string(bytes) + " bytes");
  return buffer;
}

}  // namespace flux::app
