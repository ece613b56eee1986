#include "device/copy_plan.hpp"
#include "device/slots.hpp"
#include "device/webgpu/adapter.hpp"
#include "device/webgpu/error_scopes.hpp"
#include "device/webgpu/functions.hpp"
#include "device/webgpu/queue_progress.hpp"
#include "device/webgpu/readback_buffer.hpp"

#include <flux/assert.hpp>
#include <flux/webgpu.hpp>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace flux::webgpu {
namespace {

constexpr WGPUBufferUsage kChunkUsage = WGPUBufferUsage_CopySrc | WGPUBufferUsage_CopyDst | WGPUBufferUsage_Index |
                                        WGPUBufferUsage_Vertex | WGPUBufferUsage_Uniform | WGPUBufferUsage_Storage |
                                        WGPUBufferUsage_Indirect;

/// The way of moves inside one chunk. Larger ones take turns.
constexpr ByteCount kBounceBytes = 4 * kMiB;

/// Between two looks at the queue while a wait blocks.
constexpr std::chrono::microseconds kWaitInterval{50};

/// Whether it copies from a chunk to the same chunk.
bool isInside(const CopyCommand& command) noexcept {
  return command.source == command.destination;
}

/// The WebGPU back end.
///
/// **Invariants.** A slot has bytes exactly where its index is in use. Of the copy timeline there is one mark a batch.
class AdoptedDevice final : public WebGpuDevice {
 public:
  AdoptedDevice(const WebGpuDeviceDesc& desc, const Functions& functions)
      : functions_(functions), desc_(desc), scopes_(functions_, desc_), progress_(functions_, desc_) {}
  ~AdoptedDevice() override;

  /// The part of the construction that can fail.
  Result<void> init();

  const DeviceCaps& caps() const noexcept override { return adapter_.caps; }
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override;
  void destroyChunk(ChunkIndex index) noexcept override;
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override;
  Result<void> sealStaging(StagingIndex index, ByteCount bytes) override;
  void closeStaging(StagingIndex index) noexcept override;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override;
  Result<void> poll() override;
  TimelineValue completed(QueueId queue) const noexcept override { return progress_.completed(queue); }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override;
  MemoryBudget budget() override { return {adapter_.budgetBytes, chunkBytes_ + bounceBytes_, false}; }
  void setName(ChunkIndex index, std::string_view name) noexcept override {
    functions_.BufferSetLabel(chunk(index).buffer, stringView(name));
  }
  TimelineValue markSubmitted() override { return progress_.mark(kApplicationQueue); }

 private:
  struct Chunk {
    WGPUBuffer buffer = nullptr;
    ByteCount bytes = 0;

    explicit operator bool() const noexcept { return bytes != 0; }
  };
  struct Page {
    std::unique_ptr<std::byte[]> memory;
    ByteCount bytes = 0;

    explicit operator bool() const noexcept { return bytes != 0; }
  };

  [[nodiscard]] Chunk& chunk(ChunkIndex index);
  [[nodiscard]] Page& page(StagingIndex index);
  [[nodiscard]] Result<WGPUBuffer> makeBuffer(std::string_view label, WGPUBufferUsage usage, ByteCount bytes);
  void releaseBuffer(WGPUBuffer buffer) noexcept;
  void write(const CopyCommand& command);
  void copyBetween(WGPUCommandEncoder encoder, const CopyCommand& command);
  void copyInside(WGPUCommandEncoder encoder, const CopyCommand& command);
  [[nodiscard]] Result<std::shared_ptr<ReadbackBuffer>> readbackBuffer(std::span<const CopyCommand> commands);
  void copyBack(WGPUCommandEncoder encoder, const CopyCommand& command, ReadbackBuffer& buffer);
  /// Answers what says that `readback` is mapped, if there is one.
  WGPUFuture copy(std::span<const CopyCommand> commands, ReadbackBuffer* readback);

  const Functions functions_;
  const WebGpuDeviceDesc desc_;
  Adapter adapter_;
  ErrorScopes scopes_;
  QueueProgress progress_;
  std::shared_ptr<ReadbackBuffer> idleReadback_;  ///< The last one that was delivered.
  CopyPlan plan_;
  std::vector<CopyRegion> bounced_;  ///< What is in the bounce buffer while a batch is recorded.
  std::vector<Chunk> chunks_;
  std::vector<Page> pages_;
  WGPUBuffer bounce_ = nullptr;  ///< Made for the first move inside a chunk.
  ByteCount bounceBytes_ = 0;
  ByteCount chunkBytes_ = 0;
};

AdoptedDevice::~AdoptedDevice() {
  // On a lost device the wait fails at once, and everything may be destroyed.
  (void)wait(kCopyQueue, progress_.marked(kCopyQueue), std::chrono::nanoseconds::max());
  for (const Chunk& slot : chunks_) {
    if (slot.bytes != 0) releaseBuffer(slot.buffer);
  }
  if (bounce_ != nullptr) releaseBuffer(bounce_);
}

Result<void> AdoptedDevice::init() {
  // Asked for at the start, because every later call relies on the answer.
  if (auto answered = scopes_.run("wgpuDevicePushErrorScope", {}, [] {}); !answered) return answered;
  auto adapter = describeAdapter(functions_, desc_.device);
  if (!adapter) return Unexpected(adapter.error());
  adapter_ = std::move(*adapter);
  return {};
}

AdoptedDevice::Chunk& AdoptedDevice::chunk(ChunkIndex index) {
  return usedSlot(chunks_, static_cast<std::uint32_t>(index));
}

AdoptedDevice::Page& AdoptedDevice::page(StagingIndex index) {
  return usedSlot(pages_, static_cast<std::uint32_t>(index));
}

Result<WGPUBuffer> AdoptedDevice::makeBuffer(std::string_view label, WGPUBufferUsage usage, ByteCount bytes) {
  WGPUBufferDescriptor descriptor{};
  descriptor.label = stringView(label);
  descriptor.usage = usage;
  descriptor.size = bytes;
  WGPUBuffer buffer = nullptr;
  const auto made = scopes_.run("wgpuDeviceCreateBuffer", {bytes, chunkBytes_},
                                [&] { buffer = functions_.DeviceCreateBuffer(desc_.device, &descriptor); });
  if (made && buffer != nullptr) return buffer;
  if (buffer != nullptr) functions_.BufferRelease(buffer);  // What an error leaves is a buffer that cannot be used.
  if (!made) return Unexpected(made.error());
  return Unexpected(makeError(ErrorCode::OutOfDeviceMemory, "wgpuDeviceCreateBuffer", {}, {bytes, chunkBytes_}));
}

void AdoptedDevice::releaseBuffer(WGPUBuffer buffer) noexcept {
  functions_.BufferDestroy(buffer);  // Releases the memory even where the application has references to the buffer.
  functions_.BufferRelease(buffer);
}

Result<ChunkInfo> AdoptedDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  Chunk& slot = freeSlot(chunks_, static_cast<std::uint32_t>(index));
  if (bytes > adapter_.caps.maxChunkBytes) {
    return Unexpected(makeError(ErrorCode::OutOfDeviceMemory, "maxBufferSize", {}, {bytes, chunkBytes_}));
  }
  const auto buffer = makeBuffer("Flux chunk", kChunkUsage, bytes);
  if (!buffer) return Unexpected(buffer.error());
  slot = {*buffer, bytes};
  chunkBytes_ += bytes;
  return ChunkInfo{reinterpret_cast<NativeHandle>(*buffer), 0, bytes};
}

void AdoptedDevice::destroyChunk(ChunkIndex index) noexcept {
  Chunk& slot = chunk(index);
  releaseBuffer(slot.buffer);
  chunkBytes_ -= slot.bytes;
  slot = {};
}

Result<std::span<std::byte>> AdoptedDevice::openStaging(StagingIndex index, ByteCount bytes,
                                                        StagingUse /*host memory*/) {
  Page& slot = freeSlot(pages_, static_cast<std::uint32_t>(index));
  auto memory = std::unique_ptr<std::byte[]>(new (std::nothrow) std::byte[static_cast<std::size_t>(bytes)]);
  if (!memory) return Unexpected(makeError(ErrorCode::OutOfDeviceMemory, "staging page", {}, {bytes}));
  slot = {std::move(memory), bytes};
  return std::span(slot.memory.get(), static_cast<std::size_t>(bytes));
}

Result<void> AdoptedDevice::sealStaging(StagingIndex index, ByteCount bytes) {
  FLUX_ASSERT(bytes <= page(index).bytes, "what is sealed lies in the page");
  return {};  // The queue reads the page when a batch is submitted.
}

void AdoptedDevice::closeStaging(StagingIndex index) noexcept {
  page(index) = {};
}

void AdoptedDevice::write(const CopyCommand& command) {
  const std::byte* const memory = page(command.source.page()).memory.get();
  const WGPUBuffer to = chunk(command.destination.chunk()).buffer;
  for (const CopyRegion& region : plan_.regions(command)) {
    functions_.QueueWriteBuffer(desc_.queue, to, region.destinationOffset, memory + region.sourceOffset,
                                static_cast<std::size_t>(region.bytes));
  }
}

void AdoptedDevice::copyBetween(WGPUCommandEncoder encoder, const CopyCommand& command) {
  const WGPUBuffer from = chunk(command.source.chunk()).buffer;
  const WGPUBuffer to = chunk(command.destination.chunk()).buffer;
  for (const CopyRegion& region : plan_.regions(command)) {
    functions_.CommandEncoderCopyBufferToBuffer(encoder, from, region.sourceOffset, to, region.destinationOffset,
                                                region.bytes);
  }
}

void AdoptedDevice::copyInside(WGPUCommandEncoder encoder, const CopyCommand& command) {
  // One buffer cannot be both source and destination of a copy (WebGPU, section 13.5). As many regions as fit go to the
  // bounce buffer, then from there to their places: destinations touch no source of the batch, so that the order of
  // regions does not matter. WebGPU orders the copies of an encoder.
  const WGPUBuffer buffer = chunk(command.destination.chunk()).buffer;
  ByteCount used = 0;
  const auto empty = [&] {
    ByteOffset place = 0;
    for (const CopyRegion& region : bounced_) {
      functions_.CommandEncoderCopyBufferToBuffer(encoder, bounce_, place, buffer, region.destinationOffset,
                                                  region.bytes);
      place += region.bytes;
    }
    bounced_.clear();
    used = 0;
  };
  for (CopyRegion rest : plan_.regions(command)) {
    while (rest.bytes != 0) {
      if (used == bounceBytes_) empty();
      CopyRegion part = rest;
      part.bytes = std::min(rest.bytes, bounceBytes_ - used);
      functions_.CommandEncoderCopyBufferToBuffer(encoder, buffer, part.sourceOffset, bounce_, used, part.bytes);
      bounced_.push_back(part);
      used += part.bytes;
      rest.sourceOffset += part.bytes;
      rest.destinationOffset += part.bytes;
      rest.bytes -= part.bytes;
    }
  }
  empty();
}

/// For all that the batch reads back; null if that is nothing.
Result<std::shared_ptr<ReadbackBuffer>> AdoptedDevice::readbackBuffer(std::span<const CopyCommand> commands) {
  ByteCount bytes = 0;
  for (const CopyCommand& command : commands) {
    if (!command.destination.isPage()) continue;
    for (const CopyRegion& region : plan_.regions(command)) bytes += region.bytes;
  }
  if (bytes == 0) return nullptr;
  if (idleReadback_ && idleReadback_->capacityBytes() >= bytes) return std::move(idleReadback_);
  const auto made = makeBuffer("Flux readback", WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst, bytes);
  if (!made) return Unexpected(made.error());
  return std::make_shared<ReadbackBuffer>(functions_, *made, bytes);
}

void AdoptedDevice::copyBack(WGPUCommandEncoder encoder, const CopyCommand& command, ReadbackBuffer& buffer) {
  const WGPUBuffer from = chunk(command.source.chunk()).buffer;
  std::byte* const memory = page(command.destination.page()).memory.get();
  for (const CopyRegion& region : plan_.regions(command)) {
    buffer.record(encoder, from, region.sourceOffset, memory + region.destinationOffset, region.bytes);
  }
}

WGPUFuture AdoptedDevice::copy(std::span<const CopyCommand> commands, ReadbackBuffer* readback) {
  const WGPUCommandEncoder encoder = functions_.DeviceCreateCommandEncoder(desc_.device, nullptr);
  for (const CopyCommand& command : commands) {
    if (command.destination.isPage()) {
      copyBack(encoder, command, *readback);
    } else if (isInside(command)) {
      copyInside(encoder, command);
    } else {
      copyBetween(encoder, command);
    }
  }
  const WGPUCommandBuffer buffer = functions_.CommandEncoderFinish(encoder, nullptr);
  functions_.QueueSubmit(desc_.queue, 1, &buffer);
  functions_.CommandBufferRelease(buffer);
  functions_.CommandEncoderRelease(encoder);
  return readback != nullptr ? readback->map() : WGPUFuture{};
}

Result<TimelineValue> AdoptedDevice::submit(std::span<const CopyPiece> batch,
                                            std::span<const QueueValue> /*one queue*/) {
  plan_.build(batch);
  const std::span<const CopyCommand> commands = plan_.commands();  // Those from pages come last.
  const auto firstWrite = std::find_if(commands.begin(), commands.end(),
                                       [](const CopyCommand& command) { return command.source.isPage(); });
  const std::span<const CopyCommand> copies(commands.begin(), firstWrite);
  if (bounce_ == nullptr && std::any_of(copies.begin(), copies.end(), isInside)) {
    const auto made = makeBuffer("Flux bounce", WGPUBufferUsage_CopySrc | WGPUBufferUsage_CopyDst, kBounceBytes);
    if (!made) return Unexpected(made.error());
    bounce_ = *made;
    bounceBytes_ = kBounceBytes;
  }
  // Writes and submissions are executed in the order of the calls (D1). A batch that fails halfway may be submitted
  // again: it writes the same bytes to the same places, and nobody has read them.
  auto readback = readbackBuffer(copies);
  if (!readback) return Unexpected(readback.error());
  WGPUFuture mapped{};
  const auto done = scopes_.run("wgpuQueueSubmit", {}, [&] {
    std::for_each(firstWrite, commands.end(), [this](const CopyCommand& command) { write(command); });
    if (!copies.empty()) mapped = copy(copies, readback->get());
  });
  if (!done) return Unexpected(done.error());
  if (*readback) {
    progress_.holdBack(kCopyQueue, mapped, [this, buffer = *readback] {
      idleReadback_ = buffer;
      return buffer->deliver();
    });
  }
  return progress_.mark(kCopyQueue);
}

Result<void> AdoptedDevice::poll() {
  // Lets the implementation see what has finished, and release what it kept for that: nobody else may ever do so.
  functions_.InstanceProcessEvents(desc_.instance);
  auto polled = progress_.poll();
  if (auto alive = scopes_.checkLost(); !alive) return alive;
  return polled;
}

Result<void> AdoptedDevice::wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) {
  const auto index = static_cast<std::uint32_t>(queue);
  if (index >= adapter_.caps.queueCount) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "queue", {}, {index, adapter_.caps.queueCount}));
  }
  for (const auto start = std::chrono::steady_clock::now();;) {
    if (auto polled = poll(); !polled) return polled;
    if (completed(queue) >= value) return {};
    if (std::chrono::steady_clock::now() - start >= timeout) {
      return Unexpected(makeError(ErrorCode::Timeout, "queue", {}, {index, value}));
    }
    std::this_thread::sleep_for(kWaitInterval);
  }
}

Result<std::unique_ptr<WebGpuDevice>> adopt(const WebGpuDeviceDesc& desc) {
  const auto missing = [](const char* field) { return Unexpected(makeError(ErrorCode::InvalidArgument, field, {})); };
  if (desc.getFunction == nullptr) return missing("getFunction");
  if (desc.instance == nullptr) return missing("instance");
  if (desc.device == nullptr) return missing("device");
  if (desc.queue == nullptr) return missing("queue");
  const auto functions = loadFunctions(desc);
  if (!functions) return Unexpected(functions.error());
  auto device = std::make_unique<AdoptedDevice>(desc, *functions);
  if (auto made = device->init(); !made) return Unexpected(made.error());
  return device;
}

}  // namespace
}  // namespace flux::webgpu

namespace flux {

Result<std::unique_ptr<WebGpuDevice>> WebGpuDevice::create(const WebGpuDeviceDesc& desc) {
  return webgpu::adopt(desc);
}

}  // namespace flux
