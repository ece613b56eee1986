#include "device/webgpu/readback_buffer.hpp"

#include <cstring>

namespace flux::webgpu {

ReadbackBuffer::~ReadbackBuffer() {
  functions_.BufferDestroy(buffer_);  // ends a mapping that is under way, too
  functions_.BufferRelease(buffer_);
}

void ReadbackBuffer::record(WGPUCommandEncoder encoder, WGPUBuffer source, ByteOffset sourceOffset, std::byte* to,
                            ByteCount bytes) {
  functions_.CommandEncoderCopyBufferToBuffer(encoder, source, sourceOffset, buffer_, usedBytes_, bytes);
  regions_.push_back({to, bytes});
  usedBytes_ += bytes;
}

WGPUFuture ReadbackBuffer::map() const {
  // Whether it went well shows when the bytes are asked for.
  constexpr auto kIgnore = [](WGPUMapAsyncStatus, WGPUStringView, void*, void*) {};
  return functions_.BufferMapAsync(buffer_, WGPUMapMode_Read, 0, static_cast<std::size_t>(usedBytes_),
                                   {nullptr, WGPUCallbackMode_WaitAnyOnly, kIgnore, nullptr, nullptr});
}

bool ReadbackBuffer::deliver() {
  const void* const mapped = functions_.BufferGetConstMappedRange(buffer_, 0, static_cast<std::size_t>(usedBytes_));
  if (mapped == nullptr) return false;
  const auto* from = static_cast<const std::byte*>(mapped);
  for (const Region& region : regions_) {
    std::memcpy(region.to, from, static_cast<std::size_t>(region.bytes));
    from += region.bytes;
  }
  functions_.BufferUnmap(buffer_);
  regions_.clear();
  usedBytes_ = 0;
  return true;
}

}  // namespace flux::webgpu
