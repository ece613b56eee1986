#include "opengl/test_gpu.hpp"

#include <algorithm>
#include <utility>

namespace flux::test {

std::vector<std::byte> readBuffer(NativeHandle buffer, ByteOffset offset, ByteCount bytes) {
  std::vector<std::byte> found(static_cast<std::size_t>(bytes));
  app::gl().glGetNamedBufferSubData(openGlBuffer(buffer), static_cast<GLintptr>(offset), static_cast<GLsizeiptr>(bytes),
                                    found.data());
  return found;
}

void openPage(Device& device, StagingIndex index, std::span<const std::byte> bytes) {
  const auto page = device.openStaging(index, bytes.size());
  ASSERT_TRUE(succeeds(page));
  std::ranges::copy(bytes, page->begin());
  ASSERT_TRUE(succeeds(device.sealStaging(index, bytes.size())));
}

OpenGlTest::OpenGlTest()
    : context_({.validate = true, .separateCopyContext = true, .messages = &messages_}), desc_(context_.adoption()) {
  desc_.getFunction = &Interceptor::find;
  auto made = adopt();
  EXPECT_TRUE(succeeds(made));
  if (made) device_ = std::move(*made);
}

void OpenGlTest::TearDown() {
  device_.reset();
  EXPECT_EQ(app::gl().glGetError(), GLenum{GL_NO_ERROR});
  EXPECT_EQ(messages_.count(), 0U);
  for (const std::string& text : messages_.first()) ADD_FAILURE() << text;
}

}  // namespace flux::test
