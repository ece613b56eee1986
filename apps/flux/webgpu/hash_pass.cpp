#include "webgpu/hash_pass.hpp"

#include "failure.hpp"
#include "hash_pieces.hpp"
#include "webgpu/pipeline_parts.hpp"
#include "webgpu/shaders.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace flux::app::webgpu {
namespace {

/// As the shader has it.
struct Piece {
  std::uint32_t firstWord = 0;
  std::uint32_t bytes = 0;
  std::uint32_t firstIndex = 0;
  std::uint32_t result = 0;
};
static_assert(sizeof(Piece) == 16);

/// A dispatch's pieces begin where a binding may, and it has no more workgroups than every device allows.
constexpr std::size_t kPiecesPerAlignment = 256 / sizeof(Piece);
constexpr std::size_t kMaxWorkgroups = 65535;

struct Dispatch {
  WGPUBuffer chunk = nullptr;
  std::size_t firstPiece = 0;
  std::uint32_t count = 0;
};

}  // namespace

HashPipeline::HashPipeline(const WebGpuContext& context)
    : layout_(makeBindGroupLayout(context, WGPUShaderStage_Compute,
                                  std::array{BufferBinding{WGPUBufferBindingType_ReadOnlyStorage},
                                             BufferBinding{WGPUBufferBindingType_ReadOnlyStorage},
                                             BufferBinding{WGPUBufferBindingType_Storage}})) {
  const UniqueShaderModule module = makeShaderModule(context, kHashShader);
  const UniquePipelineLayout pipelineLayout = makePipelineLayout(context, std::array{layout_.get()});
  WGPUComputePipelineDescriptor descriptor{};
  descriptor.layout = pipelineLayout.get();
  descriptor.compute.module = module.get();
  descriptor.compute.entryPoint = webGpuText("main");
  pipeline_.reset(webGpu().DeviceCreateComputePipeline(context.webGpuDevice(), &descriptor));
}

void HashPass::reserve(std::size_t pieces) {
  if (pieces > pieceCapacity_) {
    pieceCapacity_ = std::max(pieces, 2 * pieceCapacity_);
    pieces_ = context_.makeBuffer(WGPUBufferUsage_Storage | WGPUBufferUsage_CopyDst, pieceCapacity_ * sizeof(Piece));
  }
  if (ranges_.size() > resultCapacity_) {
    resultCapacity_ = std::max(ranges_.size(), 2 * resultCapacity_);
    const ByteCount bytes = resultCapacity_ * sizeof(std::uint64_t);
    results_ = context_.makeBuffer(WGPUBufferUsage_Storage | WGPUBufferUsage_CopySrc | WGPUBufferUsage_CopyDst, bytes);
    readback_ = context_.makeBuffer(WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst, bytes);
  }
}

void HashPass::record(WGPUCommandEncoder commands, const HashPipeline& pipeline) {
  if (ranges_.empty()) return;
  // One dispatch sees one chunk.
  std::vector<std::uint32_t> order(ranges_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    if (ranges_[a].buffer != ranges_[b].buffer) return std::less<>()(ranges_[a].buffer, ranges_[b].buffer);
    return a < b;
  });
  std::vector<Piece> pieces;
  std::vector<Dispatch> dispatches;
  for (const std::uint32_t index : order) {
    const HashRange& range = ranges_[index];
    forEachHashPiece(range.bytes, [&](ByteOffset offset, std::uint32_t bytes) {
      if (dispatches.empty() || dispatches.back().chunk != range.buffer || dispatches.back().count == kMaxWorkgroups) {
        pieces.resize((pieces.size() + kPiecesPerAlignment - 1) / kPiecesPerAlignment * kPiecesPerAlignment);
        dispatches.push_back({range.buffer, pieces.size(), 0});
      }
      pieces.push_back({static_cast<std::uint32_t>((range.offset + offset) / 4), bytes,
                        static_cast<std::uint32_t>(offset / 4), index});
      ++dispatches.back().count;
    });
  }
  reserve(pieces.size());
  webGpu().QueueWriteBuffer(context_.queue(), pieces_.get(), 0, pieces.data(), pieces.size() * sizeof(Piece));
  hashes_.assign(ranges_.size(), 0);  // Pieces add to them.
  webGpu().QueueWriteBuffer(context_.queue(), results_.get(), 0, hashes_.data(),
                            hashes_.size() * sizeof(std::uint64_t));

  const UniqueComputePass pass(webGpu().CommandEncoderBeginComputePass(commands, nullptr));
  webGpu().ComputePassEncoderSetPipeline(pass.get(), pipeline.pipeline());
  for (const Dispatch& dispatch : dispatches) {
    const UniqueBindGroup group = makeBindGroup(
        context_, pipeline.layout(),
        std::array{BufferRange{dispatch.chunk},
                   BufferRange{pieces_.get(), dispatch.firstPiece * sizeof(Piece), dispatch.count * sizeof(Piece)},
                   BufferRange{results_.get()}});
    webGpu().ComputePassEncoderSetBindGroup(pass.get(), 0, group.get(), 0, nullptr);
    webGpu().ComputePassEncoderDispatchWorkgroups(pass.get(), dispatch.count, 1, 1);
  }
  webGpu().ComputePassEncoderEnd(pass.get());
  webGpu().CommandEncoderCopyBufferToBuffer(commands, results_.get(), 0, readback_.get(), 0,
                                            ranges_.size() * sizeof(std::uint64_t));
}

void HashPass::submitted() {
  pending_ = !ranges_.empty();
  if (pending_) mapped_ = mapForReading(readback_.get(), ranges_.size() * sizeof(std::uint64_t));
}

std::span<const std::uint64_t> HashPass::hashes() {
  hashes_.resize(ranges_.size());
  if (pending_) {
    const ByteCount bytes = hashes_.size() * sizeof(std::uint64_t);
    context_.waitFor(mapped_);
    const void* const data = webGpu().BufferGetConstMappedRange(readback_.get(), 0, bytes);
    if (data == nullptr) throw Failure("WebGPU: cannot read the hashes");
    std::memcpy(hashes_.data(), data, bytes);
    webGpu().BufferUnmap(readback_.get());
    pending_ = false;
  }
  return hashes_;
}

}  // namespace flux::app::webgpu
