#include "opengl/targets.hpp"

#include "failure.hpp"

#include <array>

namespace flux::app::opengl {

Targets::Targets(std::uint32_t width, std::uint32_t height, std::uint32_t samples)
    : width_(width), height_(height), multisampled_(samples > 1), drawn_(makeTarget(samples, true)) {
  if (multisampled_) picture_ = makeTarget(1, false);
  if (gl().glGetError() != GL_NO_ERROR) throw Failure("OpenGL: no memory for the picture");
}

Targets::Target Targets::makeTarget(std::uint32_t samples, bool depth) const {
  const auto makeBuffer = [&](GLuint framebuffer, GLenum format, GLenum attachment) {
    GLuint name = 0;
    gl().glCreateRenderbuffers(1, &name);
    gl().glNamedRenderbufferStorageMultisample(name, samples > 1 ? static_cast<GLsizei>(samples) : 0, format,
                                               static_cast<GLsizei>(width_), static_cast<GLsizei>(height_));
    gl().glNamedFramebufferRenderbuffer(framebuffer, attachment, GL_RENDERBUFFER, name);
    return UniqueRenderbuffer(name);
  };
  GLuint name = 0;
  gl().glCreateFramebuffers(1, &name);
  Target target;
  target.framebuffer = UniqueFramebuffer(name);
  target.color = makeBuffer(name, GL_SRGB8_ALPHA8, GL_COLOR_ATTACHMENT0);
  if (depth) target.depth = makeBuffer(name, GL_DEPTH_COMPONENT32F, GL_DEPTH_ATTACHMENT);
  return target;
}

void Targets::beginRendering() const {
  constexpr std::array<float, 4> kBlack{};
  constexpr float kFar = 1;
  gl().glBindFramebuffer(GL_FRAMEBUFFER, drawn_.framebuffer.get());
  gl().glViewport(0, 0, static_cast<GLsizei>(width_), static_cast<GLsizei>(height_));
  gl().glDepthMask(GL_TRUE);
  gl().glClearNamedFramebufferfv(drawn_.framebuffer.get(), GL_COLOR, 0, kBlack.data());
  gl().glClearNamedFramebufferfv(drawn_.framebuffer.get(), GL_DEPTH, 0, &kFar);
}

void Targets::endRendering() const {
  if (!multisampled_) return;
  const auto width = static_cast<GLint>(width_);
  const auto height = static_cast<GLint>(height_);
  gl().glBlitNamedFramebuffer(drawn_.framebuffer.get(), picture_.framebuffer.get(), 0, 0, width, height, 0, 0, width,
                              height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
}

void Targets::copyPicture(GLuint buffer) const {
  gl().glBindFramebuffer(GL_FRAMEBUFFER, multisampled_ ? picture_.framebuffer.get() : drawn_.framebuffer.get());
  gl().glBindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
  // The projection has y pointing down, so that OpenGL's lowest row is the upper one.
  gl().glReadPixels(0, 0, static_cast<GLsizei>(width_), static_cast<GLsizei>(height_), GL_RGBA, GL_UNSIGNED_BYTE,
                    nullptr);
  gl().glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
}

}  // namespace flux::app::opengl
