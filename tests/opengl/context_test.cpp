// The command's own contexts: what they run on, and that what OpenGL says is heard.

#include "opengl/context.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace flux::app {
namespace {

TEST(OpenGlContexts, TheDriverIsTheOneThatTheTestsAreFor) {
  OpenGlContext context({.validate = true});
  EXPECT_EQ(context.device().caps().backend, Backend::OpenGL);
  EXPECT_NE(context.device().caps().deviceName.find("llvmpipe"), std::string::npos)
      << context.device().caps().deviceName;
  EXPECT_NE(context.copyContext(), context.drawContext());
  EXPECT_EQ(context.messages().count(), 0U);
}

TEST(OpenGlContexts, OneContextMayDoBoth) {
  OpenGlContext context({.validate = true, .separateCopyContext = false});
  EXPECT_EQ(context.copyContext(), context.drawContext());
  EXPECT_TRUE(context.device().poll());
}

TEST(OpenGlContexts, WhatOpenGlSaysIsCounted) {
  OpenGlContext context({.validate = true});
  gl().glEnable(0xFFFF);
  EXPECT_EQ(context.messages().count(), 1U);
  EXPECT_EQ(gl().glGetError(), GLenum{GL_INVALID_ENUM});
  DeviceMessages quiet;
  const OpenGlContext unchecked({.validate = false, .messages = &quiet});
  gl().glEnable(0xFFFF);
  EXPECT_EQ(quiet.count(), 0U);
}

TEST(OpenGlContexts, TheDeviceMayBeCalledByAnotherThreadAndAgainByTheFirst) {
  OpenGlContext context({.validate = true});
  ASSERT_TRUE(context.device().createChunk(ChunkIndex{0}, 4096));
  std::thread([&] {
    EXPECT_TRUE(context.device().createChunk(ChunkIndex{1}, 4096));
    EXPECT_EQ(gl().eglGetCurrentContext(), EGL_NO_CONTEXT) << "as before the call";
  }).join();
  EXPECT_EQ(gl().eglGetCurrentContext(), context.drawContext());
  context.device().destroyChunk(ChunkIndex{1});
  context.device().destroyChunk(ChunkIndex{0});
  EXPECT_EQ(context.messages().count(), 0U);
}

}  // namespace
}  // namespace flux::app
