#include "opengl/api.hpp"

#include "failure.hpp"

#include <dlfcn.h>

#include <string>

namespace flux::app {
namespace {

OpenGlApi open() {
  // Stays open: drivers do not like to be closed.
  void* const library = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Failure("OpenGL: libEGL.so.1 is not installed");
  OpenGlApi api;
  api.eglGetProcAddress = reinterpret_cast<PFNEGLGETPROCADDRESSPROC>(dlsym(library, "eglGetProcAddress"));
  if (api.eglGetProcAddress == nullptr) throw Failure("OpenGL: libEGL.so.1 has no eglGetProcAddress");
#define FLUX_LOAD(name, type)                                      \
  api.name = reinterpret_cast<type>(api.eglGetProcAddress(#name)); \
  if (api.name == nullptr) throw Failure("OpenGL: there is no " #name);
  FLUX_APP_EGL_FUNCTIONS(FLUX_LOAD)
  FLUX_APP_GL_FUNCTIONS(FLUX_LOAD)
#undef FLUX_LOAD
  return api;
}

}  // namespace

const OpenGlApi& gl() {
  static const OpenGlApi api = open();
  return api;
}

}  // namespace flux::app
