#pragma once

/// What the tests of the OpenGL device share: a real driver, and a way to see what is in chunks.

#include "device/device_test_tools.hpp"
#include "opengl/context.hpp"
#include "opengl/interceptor.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <vector>

namespace flux::test {

/// Bytes of a buffer, as the context that is current sees them after what it has been given.
[[nodiscard]] std::vector<std::byte> readBuffer(NativeHandle buffer, ByteOffset offset, ByteCount bytes);

/// Opens a page that holds `bytes`, sealed.
void openPage(Device& device, StagingIndex index, std::span<const std::byte> bytes);

/// A debug context that is current on the test's thread, with a device that goes through an interceptor; there is a
/// second context of the share group, for other threads. The test fails when OpenGL says anything that the test does
/// not clear away.
class OpenGlTest : public testing::Test {
 protected:
  OpenGlTest();
  void TearDown() override;

  [[nodiscard]] OpenGlDevice& device() noexcept { return *device_; }
  /// Makes a device anew, from `desc_`.
  [[nodiscard]] Result<std::unique_ptr<OpenGlDevice>> adopt() const { return OpenGlDevice::create(desc_); }
  /// Has the second context current on the calling thread.
  [[nodiscard]] app::CurrentContext otherContext() const { return {context_.display(), context_.copyContext()}; }

  app::DeviceMessages messages_;
  app::OpenGlContext context_;
  Interceptor interceptor_;
  OpenGlDeviceDesc desc_;
  std::unique_ptr<OpenGlDevice> device_;
};

}  // namespace flux::test
