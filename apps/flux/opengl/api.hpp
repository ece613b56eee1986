#pragma once

/// EGL and OpenGL, opened at run time: the command starts where neither is installed.

#include <flux/opengl.hpp>

#define EGL_NO_X11
#include <EGL/egl.h>
#include <EGL/eglext.h>

#include <GL/glcorearb.h>

namespace flux::app {

#define FLUX_APP_EGL_FUNCTIONS(X)                        \
  X(eglBindAPI, PFNEGLBINDAPIPROC)                       \
  X(eglCreateContext, PFNEGLCREATECONTEXTPROC)           \
  X(eglDestroyContext, PFNEGLDESTROYCONTEXTPROC)         \
  X(eglGetCurrentContext, PFNEGLGETCURRENTCONTEXTPROC)   \
  X(eglGetError, PFNEGLGETERRORPROC)                     \
  X(eglGetPlatformDisplay, PFNEGLGETPLATFORMDISPLAYPROC) \
  X(eglInitialize, PFNEGLINITIALIZEPROC)                 \
  X(eglMakeCurrent, PFNEGLMAKECURRENTPROC)

#define FLUX_APP_GL_FUNCTIONS(X)                                                         \
  X(glAttachShader, PFNGLATTACHSHADERPROC)                                               \
  X(glBindBuffer, PFNGLBINDBUFFERPROC)                                                   \
  X(glBindBufferBase, PFNGLBINDBUFFERBASEPROC)                                           \
  X(glBindBufferRange, PFNGLBINDBUFFERRANGEPROC)                                         \
  X(glBindFramebuffer, PFNGLBINDFRAMEBUFFERPROC)                                         \
  X(glBindVertexArray, PFNGLBINDVERTEXARRAYPROC)                                         \
  X(glBlitNamedFramebuffer, PFNGLBLITNAMEDFRAMEBUFFERPROC)                               \
  X(glClearNamedFramebufferfv, PFNGLCLEARNAMEDFRAMEBUFFERFVPROC)                         \
  X(glClientWaitSync, PFNGLCLIENTWAITSYNCPROC)                                           \
  X(glClipControl, PFNGLCLIPCONTROLPROC)                                                 \
  X(glCompileShader, PFNGLCOMPILESHADERPROC)                                             \
  X(glCopyNamedBufferSubData, PFNGLCOPYNAMEDBUFFERSUBDATAPROC)                           \
  X(glCreateBuffers, PFNGLCREATEBUFFERSPROC)                                             \
  X(glCreateFramebuffers, PFNGLCREATEFRAMEBUFFERSPROC)                                   \
  X(glCreateProgram, PFNGLCREATEPROGRAMPROC)                                             \
  X(glCreateRenderbuffers, PFNGLCREATERENDERBUFFERSPROC)                                 \
  X(glCreateShader, PFNGLCREATESHADERPROC)                                               \
  X(glCreateVertexArrays, PFNGLCREATEVERTEXARRAYSPROC)                                   \
  X(glDebugMessageCallback, PFNGLDEBUGMESSAGECALLBACKPROC)                               \
  X(glDebugMessageInsert, PFNGLDEBUGMESSAGEINSERTPROC)                                   \
  X(glDeleteBuffers, PFNGLDELETEBUFFERSPROC)                                             \
  X(glDeleteFramebuffers, PFNGLDELETEFRAMEBUFFERSPROC)                                   \
  X(glDeleteProgram, PFNGLDELETEPROGRAMPROC)                                             \
  X(glDeleteRenderbuffers, PFNGLDELETERENDERBUFFERSPROC)                                 \
  X(glDeleteShader, PFNGLDELETESHADERPROC)                                               \
  X(glDeleteSync, PFNGLDELETESYNCPROC)                                                   \
  X(glDeleteVertexArrays, PFNGLDELETEVERTEXARRAYSPROC)                                   \
  X(glDepthFunc, PFNGLDEPTHFUNCPROC)                                                     \
  X(glDepthMask, PFNGLDEPTHMASKPROC)                                                     \
  X(glDispatchCompute, PFNGLDISPATCHCOMPUTEPROC)                                         \
  X(glDrawArrays, PFNGLDRAWARRAYSPROC)                                                   \
  X(glDrawElements, PFNGLDRAWELEMENTSPROC)                                               \
  X(glEnable, PFNGLENABLEPROC)                                                           \
  X(glEnableVertexArrayAttrib, PFNGLENABLEVERTEXARRAYATTRIBPROC)                         \
  X(glFenceSync, PFNGLFENCESYNCPROC)                                                     \
  X(glFinish, PFNGLFINISHPROC)                                                           \
  X(glGetError, PFNGLGETERRORPROC)                                                       \
  X(glGetInteger64v, PFNGLGETINTEGER64VPROC)                                             \
  X(glGetNamedBufferSubData, PFNGLGETNAMEDBUFFERSUBDATAPROC)                             \
  X(glGetObjectLabel, PFNGLGETOBJECTLABELPROC)                                           \
  X(glGetProgramInfoLog, PFNGLGETPROGRAMINFOLOGPROC)                                     \
  X(glGetProgramiv, PFNGLGETPROGRAMIVPROC)                                               \
  X(glGetShaderInfoLog, PFNGLGETSHADERINFOLOGPROC)                                       \
  X(glIsBuffer, PFNGLISBUFFERPROC)                                                       \
  X(glLinkProgram, PFNGLLINKPROGRAMPROC)                                                 \
  X(glMapNamedBufferRange, PFNGLMAPNAMEDBUFFERRANGEPROC)                                 \
  X(glMemoryBarrier, PFNGLMEMORYBARRIERPROC)                                             \
  X(glNamedBufferStorage, PFNGLNAMEDBUFFERSTORAGEPROC)                                   \
  X(glNamedBufferSubData, PFNGLNAMEDBUFFERSUBDATAPROC)                                   \
  X(glNamedFramebufferRenderbuffer, PFNGLNAMEDFRAMEBUFFERRENDERBUFFERPROC)               \
  X(glNamedRenderbufferStorageMultisample, PFNGLNAMEDRENDERBUFFERSTORAGEMULTISAMPLEPROC) \
  X(glProgramUniform4fv, PFNGLPROGRAMUNIFORM4FVPROC)                                     \
  X(glProgramUniformMatrix4fv, PFNGLPROGRAMUNIFORMMATRIX4FVPROC)                         \
  X(glReadPixels, PFNGLREADPIXELSPROC)                                                   \
  X(glShaderSource, PFNGLSHADERSOURCEPROC)                                               \
  X(glUniform1ui, PFNGLUNIFORM1UIPROC)                                                   \
  X(glUniform4fv, PFNGLUNIFORM4FVPROC)                                                   \
  X(glUseProgram, PFNGLUSEPROGRAMPROC)                                                   \
  X(glVertexArrayAttribBinding, PFNGLVERTEXARRAYATTRIBBINDINGPROC)                       \
  X(glVertexArrayAttribFormat, PFNGLVERTEXARRAYATTRIBFORMATPROC)                         \
  X(glVertexArrayElementBuffer, PFNGLVERTEXARRAYELEMENTBUFFERPROC)                       \
  X(glVertexArrayVertexBuffer, PFNGLVERTEXARRAYVERTEXBUFFERPROC)                         \
  X(glViewport, PFNGLVIEWPORTPROC)

/// Constant; any thread.
struct OpenGlApi {
  PFNEGLGETPROCADDRESSPROC eglGetProcAddress = nullptr;
#define FLUX_MEMBER(name, type) type name = nullptr;
  FLUX_APP_EGL_FUNCTIONS(FLUX_MEMBER)
  FLUX_APP_GL_FUNCTIONS(FLUX_MEMBER)
#undef FLUX_MEMBER
};

/// The functions of libEGL and of the OpenGL behind it, opened by the first call. Any thread. Throws Failure.
[[nodiscard]] const OpenGlApi& gl();

}  // namespace flux::app
