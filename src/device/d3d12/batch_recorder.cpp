#include "device/d3d12/batch_recorder.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace flux::d3d12 {
namespace {

constexpr D3D12_RESOURCE_STATES kRead = D3D12_RESOURCE_STATE_COPY_SOURCE;
constexpr D3D12_RESOURCE_STATES kWritten = D3D12_RESOURCE_STATE_COPY_DEST;

}  // namespace

Result<void> BatchRecorder::create(Buffers& buffers) {
  auto made = buffers.create(BufferUse::Bounce, kBounceBytes);
  if (!made) return Unexpected(made.error());
  bounce_ = std::move(*made);
  return {};
}

void BatchRecorder::record(ID3D12GraphicsCommandList* list, std::span<const CopyPiece> batch, std::span<Buffer> chunks,
                           std::span<Buffer> staging) {
  list_ = list;
  plan_.build(batch);
  bounce_.state = D3D12_RESOURCE_STATE_COMMON;
  const auto bufferOf = [&](CopyEnd end) -> Buffer& { return (end.isPage() ? staging : chunks)[end.index()]; };
  for (const CopyCommand& command : plan_.commands()) {
    for (const CopyEnd end : {command.source, command.destination}) bufferOf(end).state = D3D12_RESOURCE_STATE_COMMON;
  }
  for (const CopyCommand& command : plan_.commands()) {
    const std::span<const CopyRegion> regions = plan_.regions(command);
    Buffer& source = bufferOf(command.source);
    Buffer& destination = bufferOf(command.destination);
    if (&source == &destination) {
      moveInside(destination, regions);
      continue;
    }
    // Upload heaps stay in GENERIC_READ, readback heaps in COPY_DEST.
    if (!command.source.isPage()) use(source, kRead);
    if (!command.destination.isPage()) use(destination, kWritten);
    flushBarriers();
    for (const CopyRegion& region : regions) {
      list->CopyBufferRegion(destination.resource.get(), region.destinationOffset, source.resource.get(),
                             region.sourceOffset, region.bytes);
    }
  }
}

void BatchRecorder::use(Buffer& buffer, D3D12_RESOURCE_STATES state) {
  if (buffer.state != state && buffer.state != D3D12_RESOURCE_STATE_COMMON) {
    D3D12_RESOURCE_BARRIER barrier{};
    barrier.Type = D3D12_RESOURCE_BARRIER_TYPE_TRANSITION;
    barrier.Transition.pResource = buffer.resource.get();
    barrier.Transition.Subresource = D3D12_RESOURCE_BARRIER_ALL_SUBRESOURCES;
    barrier.Transition.StateBefore = buffer.state;
    barrier.Transition.StateAfter = state;
    barriers_.push_back(barrier);
  }
  buffer.state = state;
}

void BatchRecorder::flushBarriers() {
  if (!barriers_.empty()) list_->ResourceBarrier(static_cast<UINT>(barriers_.size()), barriers_.data());
  barriers_.clear();
}

void BatchRecorder::moveInside(Buffer& chunk, std::span<const CopyRegion> regions) {
  ByteCount used = 0;
  for (CopyRegion rest : regions) {
    while (rest.bytes != 0) {
      const ByteCount bytes = std::min(rest.bytes, kBounceBytes - used);
      round_.push_back({rest.sourceOffset, rest.destinationOffset, bytes});
      rest = {rest.sourceOffset + bytes, rest.destinationOffset + bytes, rest.bytes - bytes};
      used += bytes;
      if (used == kBounceBytes) {
        bounce(chunk);
        used = 0;
      }
    }
  }
  if (used != 0) bounce(chunk);
}

void BatchRecorder::bounce(Buffer& chunk) {
  use(chunk, kRead);
  use(bounce_, kWritten);
  flushBarriers();
  ByteOffset at = 0;
  for (const CopyRegion& region : round_) {
    list_->CopyBufferRegion(bounce_.resource.get(), at, chunk.resource.get(), region.sourceOffset, region.bytes);
    at += region.bytes;
  }
  use(chunk, kWritten);
  use(bounce_, kRead);
  flushBarriers();
  at = 0;
  for (const CopyRegion& region : round_) {
    list_->CopyBufferRegion(chunk.resource.get(), region.destinationOffset, bounce_.resource.get(), at, region.bytes);
    at += region.bytes;
  }
  round_.clear();
}

}  // namespace flux::d3d12
