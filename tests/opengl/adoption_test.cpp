// What the device takes and refuses, and what it learns from the context.

#include "opengl/test_gpu.hpp"

#include <thread>
#include <utility>

namespace flux::test {
namespace {

using GetIntegerv = PFNGLGETINTEGERVPROC;

// What the replacements below answer.
GLint versionMinor = 5;
GLint freeKiB = 0;
GLenum resetStatus = GL_NO_ERROR;

void APIENTRY otherMinor(GLenum name, GLint* value) {
  Interceptor::real<GetIntegerv>("glGetIntegerv")(name, value);
  if (name == GL_MINOR_VERSION) *value = versionMinor;
}
void APIENTRY nvidiaMemory(GLenum name, GLint* value) {
  if (name == 0x9049) {
    *value = freeKiB;
  } else if (name == GL_NUM_EXTENSIONS) {
    *value = 2;
  } else {
    Interceptor::real<GetIntegerv>("glGetIntegerv")(name, value);
  }
}
const GLubyte* APIENTRY nvidiaExtensions(GLenum, GLuint index) {
  return reinterpret_cast<const GLubyte*>(index == 0 ? "GL_NVX_gpu" : "GL_NVX_gpu_memory_info");
}
void APIENTRY keepsContext(GLenum name, GLint* value) {
  Interceptor::real<GetIntegerv>("glGetIntegerv")(name, value);
  if (name == GL_RESET_NOTIFICATION_STRATEGY) *value = GL_NO_RESET_NOTIFICATION;
}
void APIENTRY losesContext(GLenum name, GLint* value) {
  Interceptor::real<GetIntegerv>("glGetIntegerv")(name, value);
  if (name == GL_RESET_NOTIFICATION_STRATEGY) *value = GL_LOSE_CONTEXT_ON_RESET;
}
GLenum APIENTRY reachedByAReset(GLsync, GLbitfield, GLuint64) {
  resetStatus = GL_INNOCENT_CONTEXT_RESET;
  return GL_ALREADY_SIGNALED;
}
GLenum APIENTRY toldStatus() {
  return std::exchange(resetStatus, GL_NO_ERROR);
}

class AdoptionTest : public OpenGlTest {
 protected:
  void expectRefused(ErrorCode code, std::string_view name) {
    const auto made = adopt();
    ASSERT_TRUE(failsWith(made, code));
    EXPECT_EQ(made.error().resourceName(), name);
  }
};

TEST_F(AdoptionTest, ALoaderIsNeeded) {
  desc_.getFunction = nullptr;
  expectRefused(ErrorCode::InvalidArgument, "getFunction");
}

TEST_F(AdoptionTest, AMissingFunctionIsNamed) {
  interceptor_.replace("glNamedBufferStorage", PFNGLNAMEDBUFFERSTORAGEPROC{nullptr});
  expectRefused(ErrorCode::Unsupported, "glNamedBufferStorage");
}

TEST_F(AdoptionTest, AContextMustBeCurrent) {
  std::thread([&] { expectRefused(ErrorCode::InvalidArgument, "a current context"); }).join();
}

TEST_F(AdoptionTest, AnOlderVersionIsRefused) {
  interceptor_.replace("glGetIntegerv", &otherMinor);
  versionMinor = 4;
  expectRefused(ErrorCode::Unsupported, "OpenGL 4.5");
  versionMinor = 6;
  EXPECT_TRUE(succeeds(adopt()));
}

TEST_F(AdoptionTest, WithoutTheExtensionTheBudgetIsAShareOfWhatTheApplicationSays) {
  desc_.deviceMemoryBytes = 500 * kMiB;
  const auto made = adopt();
  ASSERT_TRUE(succeeds(made));
  ASSERT_TRUE(succeeds((*made)->createChunk(ChunkIndex{0}, 4096)));
  const MemoryBudget budget = (*made)->budget();
  EXPECT_EQ(budget.budgetBytes, 400 * kMiB);
  EXPECT_EQ(budget.usedBytes, 4096U);
  EXPECT_FALSE(budget.fromSystem);
}

TEST_F(AdoptionTest, WithTheExtensionTheBudgetIsWhatIsFreeAndWhatFluxHas) {
  interceptor_.replace("glGetIntegerv", &nvidiaMemory);
  interceptor_.replace("glGetStringi", &nvidiaExtensions);
  freeKiB = 3 * 1024 * 1024;
  const auto made = adopt();
  ASSERT_TRUE(succeeds(made));
  ASSERT_TRUE(succeeds((*made)->createChunk(ChunkIndex{0}, 4096)));
  const MemoryBudget budget = (*made)->budget();
  EXPECT_EQ(budget.budgetBytes, 3 * kGiB + 4096);
  EXPECT_EQ(budget.usedBytes, 4096U);
  EXPECT_TRUE(budget.fromSystem);
}

TEST_F(AdoptionTest, AResetIsADeviceThatIsLost) {
  interceptor_.replace("glGetIntegerv", &losesContext);
  interceptor_.replace("glGetGraphicsResetStatus", &toldStatus);
  interceptor_.replace("glClientWaitSync", &reachedByAReset);
  const auto made = adopt();
  ASSERT_TRUE(succeeds(made));
  OpenGlDevice& device = **made;
  ASSERT_TRUE(succeeds(device.createChunk(ChunkIndex{0}, 4096)));
  const auto value = device.submit({});
  ASSERT_TRUE(succeeds(value));
  EXPECT_TRUE(failsWith(device.wait(kCopyQueue, *value, std::chrono::seconds{60}), ErrorCode::DeviceLost));
  EXPECT_EQ(device.completed(kCopyQueue), 0U) << "fences of a lost context mean nothing";
  // The status is back at "no error", and the context is lost all the same.
  EXPECT_TRUE(failsWith(device.poll(), ErrorCode::DeviceLost));
  EXPECT_TRUE(failsWith(device.submit({}), ErrorCode::DeviceLost));
  EXPECT_TRUE(failsWith(device.createChunk(ChunkIndex{1}, 4096), ErrorCode::DeviceLost));
  EXPECT_TRUE(failsWith(device.openStaging(StagingIndex{0}, 4096), ErrorCode::DeviceLost));
  device.destroyChunk(ChunkIndex{0});
}

TEST_F(AdoptionTest, AContextThatDoesNotTellOfResetsIsNotAsked) {
  interceptor_.replace("glGetIntegerv", &keepsContext);
  interceptor_.replace("glGetGraphicsResetStatus", &toldStatus);
  const auto made = adopt();
  ASSERT_TRUE(succeeds(made));
  resetStatus = GL_UNKNOWN_CONTEXT_RESET;
  EXPECT_TRUE(succeeds((*made)->poll()));
  EXPECT_EQ(resetStatus, GLenum{GL_UNKNOWN_CONTEXT_RESET});
  resetStatus = GL_NO_ERROR;
}

}  // namespace
}  // namespace flux::test
