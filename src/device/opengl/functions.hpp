#pragma once

/// The OpenGL functions that the device uses, from the application's loader.

#include <flux/opengl.hpp>
#include <flux/result.hpp>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#include <GL/glcorearb.h>

namespace flux::opengl {

#define FLUX_OPENGL_FUNCTIONS(X)                               \
  X(glClientWaitSync, PFNGLCLIENTWAITSYNCPROC)                 \
  X(glCopyNamedBufferSubData, PFNGLCOPYNAMEDBUFFERSUBDATAPROC) \
  X(glCreateBuffers, PFNGLCREATEBUFFERSPROC)                   \
  X(glDeleteBuffers, PFNGLDELETEBUFFERSPROC)                   \
  X(glDeleteSync, PFNGLDELETESYNCPROC)                         \
  X(glFenceSync, PFNGLFENCESYNCPROC)                           \
  X(glFinish, PFNGLFINISHPROC)                                 \
  X(glFlush, PFNGLFLUSHPROC)                                   \
  X(glGetError, PFNGLGETERRORPROC)                             \
  X(glGetGraphicsResetStatus, PFNGLGETGRAPHICSRESETSTATUSPROC) \
  X(glGetIntegerv, PFNGLGETINTEGERVPROC)                       \
  X(glGetString, PFNGLGETSTRINGPROC)                           \
  X(glGetStringi, PFNGLGETSTRINGIPROC)                         \
  X(glMapNamedBufferRange, PFNGLMAPNAMEDBUFFERRANGEPROC)       \
  X(glNamedBufferStorage, PFNGLNAMEDBUFFERSTORAGEPROC)         \
  X(glObjectLabel, PFNGLOBJECTLABELPROC)                       \
  X(glWaitSync, PFNGLWAITSYNCPROC)

/// Constant after loading; any thread with a context of the share group may call through it.
struct Functions {
#define FLUX_MEMBER(name, type) type name = nullptr;
  FLUX_OPENGL_FUNCTIONS(FLUX_MEMBER)
#undef FLUX_MEMBER
};

/// Errors: Unsupported (names the missing function).
[[nodiscard]] Result<Functions> loadFunctions(OpenGlFunction (*getFunction)(const char* name));

}  // namespace flux::opengl
