#include "webgpu/test_gpu.hpp"

#include <algorithm>
#include <cstring>

namespace flux::test {

std::vector<std::byte> readBuffer(const app::WebGpuContext& context, WGPUBuffer buffer, ByteOffset offset,
                                  ByteCount bytes) {
  const app::WebGpuApi& gpu = app::webGpu();
  const app::UniqueBuffer mapped = context.makeBuffer(WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst, bytes);
  const app::UniqueCommandEncoder encoder(gpu.DeviceCreateCommandEncoder(context.webGpuDevice(), nullptr));
  gpu.CommandEncoderCopyBufferToBuffer(encoder.get(), buffer, offset, mapped.get(), 0, bytes);
  const app::UniqueCommandBuffer commands(gpu.CommandEncoderFinish(encoder.get(), nullptr));
  const WGPUCommandBuffer list = commands.get();
  gpu.QueueSubmit(context.queue(), 1, &list);
  WGPUMapAsyncStatus status{};
  const auto remember = [](WGPUMapAsyncStatus result, WGPUStringView, void* into, void*) {
    *static_cast<WGPUMapAsyncStatus*>(into) = result;
  };
  context.waitFor(gpu.BufferMapAsync(mapped.get(), WGPUMapMode_Read, 0, static_cast<std::size_t>(bytes),
                                     {nullptr, WGPUCallbackMode_WaitAnyOnly, remember, &status, nullptr}));
  EXPECT_EQ(status, WGPUMapAsyncStatus_Success);
  std::vector<std::byte> found(static_cast<std::size_t>(bytes));
  if (const void* data = gpu.BufferGetConstMappedRange(mapped.get(), 0, found.size()); data != nullptr) {
    std::memcpy(found.data(), data, found.size());
  } else {
    ADD_FAILURE() << "nothing was mapped";
  }
  return found;
}

void openPage(Device& device, StagingIndex index, std::span<const std::byte> contents) {
  const auto page = device.openStaging(index, contents.size());
  ASSERT_TRUE(page);
  std::copy(contents.begin(), contents.end(), page->begin());
  ASSERT_TRUE(device.sealStaging(index, contents.size()));
}

void waitForCopies(Device& device, TimelineValue value) {
  const auto waited = device.wait(kCopyQueue, value, std::chrono::seconds{60});
  ASSERT_TRUE(waited) << describe(waited.error());
}

void WebGpuTest::TearDown() {
  EXPECT_EQ(messages_.count(), 0U);
  for (const std::string& text : messages_.first()) ADD_FAILURE() << text;
}

WGPUBuffer WebGpuTest::makeChunk(std::uint32_t index, ByteCount bytes) {
  const auto made = device().createChunk(ChunkIndex{index}, bytes);
  EXPECT_TRUE(made);
  return made ? webGpuBuffer(made->buffer) : nullptr;
}

TimelineValue WebGpuTest::submit(std::span<const CopyPiece> batch) {
  const auto value = device().submit(batch);
  EXPECT_TRUE(value);
  return value.value_or(0);
}

void WebGpuTest::expectContents(WGPUBuffer buffer, std::span<const std::byte> expected) {
  const auto found = readBuffer(context(), buffer, 0, expected.size());
  const auto [a, b] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
  EXPECT_EQ(a, expected.end()) << "first difference at byte " << a - expected.begin();
}

}  // namespace flux::test
