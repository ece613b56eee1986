#pragma once

/// What the tests of the WebGPU device share: a real driver, and a way to see what is in chunks.

#include "device/device_test_tools.hpp"
#include "webgpu/context.hpp"
#include "webgpu/interceptor.hpp"

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace flux::test {

/// Bytes of a buffer, copied out on the device's queue: what was submitted before is in them.
[[nodiscard]] std::vector<std::byte> readBuffer(const app::WebGpuContext& context, WGPUBuffer buffer, ByteOffset offset,
                                                ByteCount bytes);

/// Opens a page and fills it.
void openPage(Device& device, StagingIndex index, std::span<const std::byte> contents);
void waitForCopies(Device& device, TimelineValue value);

/// A device on a real driver; the test fails when WebGPU reports anything that the test does not clear away.
class WebGpuTest : public testing::Test {
 protected:
  WebGpuTest() : context_(&messages_) {}
  void TearDown() override;

  [[nodiscard]] app::WebGpuContext& context() noexcept { return context_; }
  [[nodiscard]] WebGpuDevice& device() noexcept { return context_.device(); }
  WGPUBuffer makeChunk(std::uint32_t index, ByteCount bytes);
  TimelineValue submit(std::span<const CopyPiece> batch);
  void expectContents(WGPUBuffer buffer, std::span<const std::byte> expected);

  app::DeviceMessages messages_;

 private:
  app::WebGpuContext context_;
};

}  // namespace flux::test
