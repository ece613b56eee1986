#include "webgpu/hash_pass.hpp"

#include "failure.hpp"
#include "webgpu/pipeline_parts.hpp"
#include "webgpu/shaders.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace flux::app::webgpu {
namespace {

/// As the shader has it.
struct Entry {
  std::uint32_t firstWord = 0;
  std::uint32_t words = 0;
  std::uint32_t restBytes = 0;
  std::uint32_t result = 0;
};
static_assert(sizeof(Entry) == 16);

/// A dispatch's entries begin where a binding may, and it has no more workgroups than every device allows.
constexpr std::size_t kEntriesPerAlignment = 256 / sizeof(Entry);
constexpr std::size_t kMaxWorkgroups = 65535 / kEntriesPerAlignment * kEntriesPerAlignment;

struct Dispatch {
  WGPUBuffer chunk = nullptr;
  std::size_t firstEntry = 0;
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

void HashPass::reserve(std::size_t entries) {
  if (entries <= capacity_) return;
  capacity_ = std::max(entries, 2 * capacity_);
  // There are at most as many results as entries, and they are half as large.
  entries_ = context_.makeBuffer(WGPUBufferUsage_Storage | WGPUBufferUsage_CopyDst, capacity_ * sizeof(Entry));
  results_ = context_.makeBuffer(WGPUBufferUsage_Storage | WGPUBufferUsage_CopySrc, capacity_ * sizeof(std::uint64_t));
  readback_ = context_.makeBuffer(WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst, capacity_ * sizeof(std::uint64_t));
}

void HashPass::record(WGPUCommandEncoder commands, const HashPipeline& pipeline) {
  if (ranges_.empty()) return;
  // One dispatch sees one chunk.
  std::vector<std::uint32_t> order(ranges_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    return std::less<>()(ranges_[a].buffer, ranges_[b].buffer);
  });
  std::vector<Entry> entries;
  std::vector<Dispatch> dispatches;
  for (const std::uint32_t index : order) {
    const HashRange& range = ranges_[index];
    if (dispatches.empty() || dispatches.back().chunk != range.buffer || dispatches.back().count == kMaxWorkgroups) {
      entries.resize((entries.size() + kEntriesPerAlignment - 1) / kEntriesPerAlignment * kEntriesPerAlignment);
      dispatches.push_back({range.buffer, entries.size(), 0});
    }
    entries.push_back({static_cast<std::uint32_t>(range.offset / 4), static_cast<std::uint32_t>(range.bytes / 4),
                       static_cast<std::uint32_t>(range.bytes % 4), index});
    ++dispatches.back().count;
  }
  reserve(entries.size());
  webGpu().QueueWriteBuffer(context_.queue(), entries_.get(), 0, entries.data(), entries.size() * sizeof(Entry));

  const UniqueComputePass pass(webGpu().CommandEncoderBeginComputePass(commands, nullptr));
  webGpu().ComputePassEncoderSetPipeline(pass.get(), pipeline.pipeline());
  for (const Dispatch& dispatch : dispatches) {
    const UniqueBindGroup group = makeBindGroup(
        context_, pipeline.layout(),
        std::array{BufferRange{dispatch.chunk},
                   BufferRange{entries_.get(), dispatch.firstEntry * sizeof(Entry), dispatch.count * sizeof(Entry)},
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
