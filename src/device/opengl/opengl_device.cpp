#include "base/thread_id.hpp"
#include "device/copy_plan.hpp"
#include "device/opengl/context_info.hpp"
#include "device/opengl/error_state.hpp"
#include "device/opengl/fence_timelines.hpp"
#include "device/opengl/functions.hpp"
#include "device/slots.hpp"

#include <flux/assert.hpp>
#include <flux/opengl.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace flux::opengl {
namespace {

/// Immutable storage without flags: only the device can reach it, so the driver may place it best.
constexpr GLbitfield kChunkFlags = 0;

/// Staging stays mapped while the device reads it; what is written is seen by the commands that come after.
constexpr GLbitfield kStagingMapFlags = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
/// What the device writes is seen once a fence behind it has been reached.
constexpr GLbitfield kReadbackMapFlags = GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;

/// Every context allows names of 255 bytes (GL_MAX_LABEL_LENGTH, which counts a zero).
constexpr std::size_t kMaxNameBytes = 255;

/// Between two looks at the fences while a wait blocks.
constexpr std::chrono::microseconds kWaitInterval{50};

struct Buffer {
  GLuint name = 0;
  ByteCount bytes = 0;

  explicit operator bool() const noexcept { return name != 0; }
};

/// The OpenGL back end. A context executes its commands in order and each sees what those before it wrote
/// (OpenGL 4.5, section 2.1): so batches need nothing between them. Pieces that move inside one chunk need no bounce
/// buffer, because no source of a batch overlaps a destination, not even after merging.
///
/// **Invariants.** Chunk and staging buffers are empty exactly where there is no such index.
class AdoptedDevice final : public OpenGlDevice {
 public:
  AdoptedDevice(const OpenGlDeviceDesc& desc, const Functions& functions, ContextInfo info)
      : functions_(functions),
        desc_(desc),
        info_(std::move(info)),
        errors_(functions_, desc_),
        timelines_(functions_, errors_) {
    errors_.setResetsAreTold(info_.resetsAreTold);
  }
  ~AdoptedDevice() override;

  const DeviceCaps& caps() const noexcept override { return info_.caps; }
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override;
  void destroyChunk(ChunkIndex index) noexcept override;
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override;
  Result<void> sealStaging(StagingIndex, ByteCount) override { return {}; }  // The mapping is coherent.
  void closeStaging(StagingIndex index) noexcept override;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override;
  Result<void> poll() override;
  TimelineValue completed(QueueId queue) const noexcept override { return timelines_.completed(queue); }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override;
  MemoryBudget budget() override;
  void setName(ChunkIndex index, std::string_view name) noexcept override;
  void contextMoved() noexcept override { threadId_ = currentThreadId(); }
  Result<TimelineValue> markSubmitted() override { return timelines_.mark(kApplicationQueue); }
  void waitForCopies(TimelineValue value) override { timelines_.waitOnDevice(kCopyQueue, value); }

 private:
  void checkThread() const {
    FLUX_ASSERT(currentThreadId() == threadId_, "the device's thread, where its context is current, makes the calls");
  }
  [[nodiscard]] Result<Buffer> makeBuffer(GLbitfield flags, ByteCount bytes);
  void destroy(Buffer& buffer) noexcept;
  [[nodiscard]] const Buffer& buffer(CopyEnd end) { return usedSlot(end.isPage() ? staging_ : chunks_, end.index()); }
  void copy(std::span<const CopyPiece> batch);

  const Functions functions_;
  const OpenGlDeviceDesc desc_;
  const ContextInfo info_;
  std::uint64_t threadId_ = currentThreadId();
  ErrorState errors_;
  FenceTimelines timelines_;
  CopyPlan plan_;
  std::vector<Buffer> chunks_;
  std::vector<Buffer> staging_;
  ByteCount chunkBytes_ = 0;
};

AdoptedDevice::~AdoptedDevice() {
  checkThread();
  functions_.glFinish();  // Returns at once on a lost context.
  for (Buffer& buffer : chunks_) destroy(buffer);
  for (Buffer& buffer : staging_) destroy(buffer);
}

Result<Buffer> AdoptedDevice::makeBuffer(GLbitfield flags, ByteCount bytes) {
  checkThread();
  Buffer buffer{0, bytes};
  const auto made = errors_.run("glNamedBufferStorage", {bytes, chunkBytes_}, [&] {
    functions_.glCreateBuffers(1, &buffer.name);
    if (buffer) functions_.glNamedBufferStorage(buffer.name, static_cast<GLsizeiptr>(bytes), nullptr, flags);
  });
  if (made) return buffer;
  destroy(buffer);
  return Unexpected(made.error());
}

void AdoptedDevice::destroy(Buffer& buffer) noexcept {
  if (buffer) functions_.glDeleteBuffers(1, &buffer.name);  // Unmaps it too.
  buffer = {};
}

Result<ChunkInfo> AdoptedDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  Buffer& slot = freeSlot(chunks_, static_cast<std::uint32_t>(index));
  if (bytes > info_.caps.maxChunkBytes) {
    return Unexpected(makeError(ErrorCode::OutOfDeviceMemory, "maxChunkBytes", {}, {bytes, chunkBytes_}));
  }
  const auto made = makeBuffer(kChunkFlags, bytes);
  if (!made) return Unexpected(made.error());
  slot = *made;
  chunkBytes_ += bytes;
  return ChunkInfo{slot.name, 0, bytes};
}

void AdoptedDevice::destroyChunk(ChunkIndex index) noexcept {
  checkThread();
  Buffer& slot = usedSlot(chunks_, static_cast<std::uint32_t>(index));
  chunkBytes_ -= slot.bytes;
  destroy(slot);
}

Result<std::span<std::byte>> AdoptedDevice::openStaging(StagingIndex index, ByteCount bytes, StagingUse use) {
  Buffer& slot = freeSlot(staging_, static_cast<std::uint32_t>(index));
  const GLbitfield mapFlags = use == StagingUse::Upload ? kStagingMapFlags : kReadbackMapFlags;
  auto made = makeBuffer(mapFlags | GL_CLIENT_STORAGE_BIT, bytes);
  if (!made) return Unexpected(made.error());
  void* mapped = nullptr;
  const auto run = errors_.run("glMapNamedBufferRange", {bytes, chunkBytes_}, [&] {
    mapped = functions_.glMapNamedBufferRange(made->name, 0, static_cast<GLsizeiptr>(bytes), mapFlags);
  });
  if (!run || mapped == nullptr) {
    destroy(*made);
    return Unexpected(run ? errorFrom(GL_NO_ERROR, "glMapNamedBufferRange", {bytes, chunkBytes_}) : run.error());
  }
  slot = *made;
  return std::span(static_cast<std::byte*>(mapped), static_cast<std::size_t>(bytes));
}

void AdoptedDevice::closeStaging(StagingIndex index) noexcept {
  checkThread();
  destroy(usedSlot(staging_, static_cast<std::uint32_t>(index)));
}

void AdoptedDevice::copy(std::span<const CopyPiece> batch) {
  plan_.build(batch);
  for (const CopyCommand& command : plan_.commands()) {
    const GLuint source = buffer(command.source).name;
    const GLuint destination = buffer(command.destination).name;
    for (const CopyRegion& region : plan_.regions(command)) {
      functions_.glCopyNamedBufferSubData(source, destination, static_cast<GLintptr>(region.sourceOffset),
                                          static_cast<GLintptr>(region.destinationOffset),
                                          static_cast<GLsizeiptr>(region.bytes));
    }
  }
}

Result<TimelineValue> AdoptedDevice::submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) {
  checkThread();
  // The application may draw in other contexts, whose commands are not in the order of this one's.
  for (const QueueValue& wait : waits) timelines_.waitOnDevice(wait.queue, wait.value);
  // Copies that did happen before an error may happen once more: no piece reads what the batch writes.
  if (auto copied = errors_.run("glCopyNamedBufferSubData", {}, [&] { copy(batch); }); !copied) {
    return Unexpected(copied.error());
  }
  return timelines_.mark(kCopyQueue);
}

Result<void> AdoptedDevice::poll() {
  checkThread();
  return timelines_.poll();
}

Result<void> AdoptedDevice::wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) {
  using Clock = std::chrono::steady_clock;
  const auto index = static_cast<std::uint32_t>(queue);
  if (index >= info_.caps.queueCount) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "queue", {}, {index, info_.caps.queueCount}));
  }
  const auto begin = Clock::now();
  for (;;) {
    if (auto polled = poll(); !polled) return polled;
    if (completed(queue) >= value) return {};
    if (Clock::now() - begin >= timeout) {
      return Unexpected(makeError(ErrorCode::Timeout, "glClientWaitSync", {}, {index, value}));
    }
    std::this_thread::sleep_for(kWaitInterval);
  }
}

MemoryBudget AdoptedDevice::budget() {
  if (!info_.tellsFreeMemory) return {desc_.deviceMemoryBytes / 5 * 4, chunkBytes_, false};
  checkThread();
  return {chunkBytes_ + freeDeviceMemory(functions_), chunkBytes_, true};
}

void AdoptedDevice::setName(ChunkIndex index, std::string_view name) noexcept {
  checkThread();
  const Buffer& slot = usedSlot(chunks_, static_cast<std::uint32_t>(index));
  const std::string_view text = name.substr(0, kMaxNameBytes);
  // A name that could not be set is no reason to fail anything.
  (void)errors_.run("glObjectLabel", {}, [&] {
    functions_.glObjectLabel(GL_BUFFER, slot.name, static_cast<GLsizei>(text.size()), text.data());
  });
}

}  // namespace
}  // namespace flux::opengl

namespace flux {

Result<std::unique_ptr<OpenGlDevice>> OpenGlDevice::create(const OpenGlDeviceDesc& desc) {
  if (desc.getFunction == nullptr) return Unexpected(makeError(ErrorCode::InvalidArgument, "getFunction", {}));
  const auto functions = opengl::loadFunctions(desc.getFunction);
  if (!functions) return Unexpected(functions.error());
  auto info = opengl::describeContext(*functions);
  if (!info) return Unexpected(info.error());
  return std::make_unique<opengl::AdoptedDevice>(desc, *functions, std::move(*info));
}

}  // namespace flux
