#include <flux/assert.hpp>
#include <flux/host.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

#include "device/host/host_queues.hpp"
#include "device/part_alignments.hpp"

namespace flux {
namespace {

constexpr ByteCount kHostChunkGranularityBytes = 256;
constexpr ByteCount kLargestChunkBytes = 2 * kGiB;  ///< What drivers allow at least, and usually at most.

/// A chunk or a page. Shared with the queued work that uses it.
struct Memory {
  std::shared_ptr<std::byte[]> data;
  ByteCount bytes = 0;
  StagingUse use = StagingUse::Upload;  ///< Of a page.

  [[nodiscard]] std::span<std::byte> span() const noexcept { return {data.get(), static_cast<std::size_t>(bytes)}; }

  [[nodiscard]] bool contains(ByteOffset offset, ByteCount count) const noexcept {
    return data != nullptr && offset <= bytes && count <= bytes - offset;
  }
};

/// Not yet poisoned.
std::optional<Memory> allocate(ByteCount bytes) {
  std::byte* data = new (std::nothrow) std::byte[static_cast<std::size_t>(bytes)];
  if (data == nullptr) return std::nullopt;
  return Memory{std::shared_ptr<std::byte[]>(data), bytes};
}

/// Chunks or pages by their index. Not thread-safe.
class MemoryTable {
 public:
  [[nodiscard]] const Memory* find(std::uint32_t index) const noexcept {
    return index < slots_.size() && slots_[index].data != nullptr ? &slots_[index] : nullptr;
  }
  void put(std::uint32_t index, Memory memory) {
    if (index >= slots_.size()) slots_.resize(std::size_t{index} + 1);
    slots_[index] = std::move(memory);
  }
  void erase(std::uint32_t index) { slots_[index] = {}; }

 private:
  std::vector<Memory> slots_;
};

DeviceCaps capsOf(const HostDeviceDesc& desc) {
  DeviceCaps caps;
  caps.backend = Backend::Host;
  caps.deviceName = "Host memory";
  caps.driverName = "Flux host device";
  caps.maxChunkBytes =
      std::min(desc.heapBytes / kHostChunkGranularityBytes * kHostChunkGranularityBytes, kLargestChunkBytes);
  caps.maxAllocations = desc.maxAllocations;
  caps.queueCount = desc.queueCount;
  caps.unifiedMemory = false;  // It stands for a device with memory of its own.
  caps.directWriteBytes = desc.directWriteBytes;
  caps.partAlignmentBytes = partAlignments({.uniform = desc.uniformAlignmentBytes});
  return caps;
}

Unexpected failure(ErrorCode code, std::string_view resource, ErrorNumbers numbers = {},
                   std::source_location where = std::source_location::current()) {
  return Unexpected(makeError(code, resource, where, numbers));
}

/// The tables are guarded by `tables_`, because any thread may submit reads; everything else is the owner's.
class HostDeviceImpl final : public HostDevice {
 public:
  explicit HostDeviceImpl(const HostDeviceDesc& desc) : desc_(desc), caps_(capsOf(desc)), queues_(desc) {}

  const DeviceCaps& caps() const noexcept override { return caps_; }

  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override {
    if (queues_.lost()) return failure(ErrorCode::DeviceLost, "createChunk");
    const auto slot = static_cast<std::uint32_t>(index);
    if (slot >= kMaxChunks || chunks_.find(slot) != nullptr) {
      return failure(ErrorCode::InvalidArgument, "createChunk: index", {slot});
    }
    if (bytes == 0 || bytes % kHostChunkGranularityBytes != 0) {
      return failure(ErrorCode::InvalidArgument, "createChunk: bytes", {bytes});
    }
    if (allocations_ >= desc_.maxAllocations) return failure(ErrorCode::TooManyChunks, "createChunk", {allocations_});
    if (bytes > caps_.maxChunkBytes || bytes > desc_.heapBytes - chunkBytes_) {
      return failure(ErrorCode::OutOfDeviceMemory, "createChunk", {bytes, chunkBytes_});
    }
    std::optional<Memory> memory = allocate(bytes);
    if (!memory) return failure(ErrorCode::OutOfDeviceMemory, "createChunk", {bytes, chunkBytes_});
    const ChunkInfo info{reinterpret_cast<NativeHandle>(memory->data.get()), 0, bytes};
    queues_.addMemory({memory->span(), memory->data});
    const std::lock_guard lock(tables_);
    chunks_.put(slot, std::move(*memory));
    chunkBytes_ += bytes;
    ++allocations_;
    return info;
  }

  void destroyChunk(ChunkIndex index) noexcept override {
    const std::lock_guard lock(tables_);
    const Memory* memory = chunks_.find(static_cast<std::uint32_t>(index));
    FLUX_ASSERT(memory != nullptr, "a chunk that is destroyed exists");
    if (memory == nullptr) return;
    chunkBytes_ -= memory->bytes;
    release(chunks_, static_cast<std::uint32_t>(index), memoryKey(index));
  }

  std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    const Memory* memory = chunks_.find(static_cast<std::uint32_t>(index));
    const bool allowed = caps_.directWriteBytes != 0 && memory != nullptr && memory->contains(offset, bytes);
    FLUX_ASSERT(allowed, "a range that is mapped lies inside a chunk that the host can reach");
    if (!allowed) return {};
    const auto range = memory->span().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes));
    queues_.noteWrite(memoryKey(index), offset, range);
    return range;
  }

  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override {
    if (queues_.lost()) return failure(ErrorCode::DeviceLost, "openStaging");
    const auto slot = static_cast<std::uint32_t>(index);
    if (slot >= kMaxChunks || pages_.find(slot) != nullptr) {
      return failure(ErrorCode::InvalidArgument, "openStaging: index", {slot});
    }
    if (bytes == 0) return failure(ErrorCode::InvalidArgument, "openStaging: bytes");
    if (allocations_ >= desc_.maxAllocations) return failure(ErrorCode::TooManyChunks, "openStaging", {allocations_});
    std::optional<Memory> memory = allocate(bytes);
    if (!memory) return failure(ErrorCode::OutOfDeviceMemory, "openStaging", {bytes, chunkBytes_});
    memory->use = use;
    const std::span<std::byte> page = memory->span();
    std::ranges::fill(page, kPoison);
    const std::lock_guard lock(tables_);
    pages_.put(slot, std::move(*memory));
    ++allocations_;
    return page;
  }

  Result<void> sealStaging(StagingIndex index, ByteCount bytes) override {
    if (queues_.lost()) return failure(ErrorCode::DeviceLost, "sealStaging");
    const Memory* page = pages_.find(static_cast<std::uint32_t>(index));
    if (page == nullptr || page->use != StagingUse::Upload || bytes > page->bytes)
      return failure(ErrorCode::InvalidArgument, "sealStaging", {bytes});
    return {};
  }

  void closeStaging(StagingIndex index) noexcept override {
    const std::lock_guard lock(tables_);
    const bool open = pages_.find(static_cast<std::uint32_t>(index)) != nullptr;
    FLUX_ASSERT(open, "a staging page that is closed is open");
    if (open) release(pages_, static_cast<std::uint32_t>(index), memoryKey(index));
  }

  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    if (queues_.lost()) return failure(ErrorCode::DeviceLost, "submit");
    HostWork work;
    work.copies.reserve(batch.size());
    work.uses.reserve(2 * batch.size());
    for (const CopyPiece& piece : batch) {
      const Memory* source = find(piece.source, StagingUse::Upload);
      const Memory* destination = find(piece.destination, StagingUse::Readback);
      if (source == nullptr || destination == nullptr || !source->contains(piece.sourceOffset, piece.bytes) ||
          !destination->contains(piece.destinationOffset, piece.bytes)) {
        return failure(ErrorCode::InvalidArgument, "submit: piece", {work.copies.size(), piece.bytes});
      }
      work.copies.push_back({destination->data.get() + piece.destinationOffset, source->data.get() + piece.sourceOffset,
                             static_cast<std::size_t>(piece.bytes), piece.destination.isPage()});
      work.uses.add(memoryKey(piece.source), piece.sourceOffset, piece.bytes);
      work.uses.add(memoryKey(piece.destination), piece.destinationOffset, piece.bytes);
      keepAlive(work, *source);
      keepAlive(work, *destination);
    }
    work.uses.build();
    if (!std::ranges::all_of(waits, [this](const QueueValue& wait) { return known(wait.queue); })) {
      return failure(ErrorCode::InvalidArgument, "submit: waits");
    }
    work.waits.assign(waits.begin(), waits.end());
    return queues_.submit(kCopyQueue, std::move(work));
  }

  Result<void> poll() override {
    if (!queues_.poll()) return failure(ErrorCode::DeviceLost, "poll");
    return {};
  }

  TimelineValue completed(QueueId queue) const noexcept override { return known(queue) ? queues_.completed(queue) : 0; }

  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    if (!known(queue)) return failure(ErrorCode::InvalidArgument, "wait: queue");
    if (queues_.lost()) return failure(ErrorCode::DeviceLost, "wait");
    if (!queues_.wait(queue, value, timeout)) {
      return failure(ErrorCode::Timeout, "wait", {value, queues_.completed(queue)});
    }
    return {};
  }

  MemoryBudget budget() override { return {desc_.heapBytes, chunkBytes_, false}; }

  void setName(ChunkIndex, std::string_view) noexcept override {}

  void rangeReclaimed(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    const std::lock_guard lock(tables_);
    const Memory* memory = chunks_.find(static_cast<std::uint32_t>(index));
    const bool inside = memory != nullptr && memory->contains(offset, bytes);
    FLUX_ASSERT(inside, "a range that is reclaimed lies inside a chunk");
    if (!inside) return;
    queues_.reclaim(
        memoryKey(index), offset,
        {memory->span().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes)), memory->data});
  }

  TimelineValue submitReads(QueueId queue, std::span<const HostRead> reads,
                            std::span<const QueueValue> waits) override {
    FLUX_ASSERT(known(queue) && queue != kCopyQueue, "reads are submitted to a queue of the application");
    if (!known(queue) || queue == kCopyQueue) return 0;
    const bool waitsKnown = std::ranges::all_of(waits, [this](const QueueValue& wait) { return known(wait.queue); });
    FLUX_ASSERT(waitsKnown, "a queue that is waited for exists");
    HostWork work;
    if (waitsKnown) work.waits.assign(waits.begin(), waits.end());
    work.reads.reserve(reads.size());
    work.uses.reserve(reads.size());
    for (const HostRead& read : reads) work.uses.add(memoryKey(read.chunk), read.offset, read.bytes);
    work.uses.build();
    // Held until the work is queued, so that a chunk is destroyed before or after, and in both cases noticed.
    const std::lock_guard lock(tables_);
    for (const HostRead& read : reads) {
      const Memory* memory = chunks_.find(static_cast<std::uint32_t>(read.chunk));
      const bool inside = memory != nullptr && memory->contains(read.offset, read.bytes);
      FLUX_ASSERT(inside, "a range that is read lies inside a chunk");
      if (!inside) continue;
      work.reads.push_back(
          {memory->span().subspan(static_cast<std::size_t>(read.offset), static_cast<std::size_t>(read.bytes)),
           read.hash});
      keepAlive(work, *memory);
    }
    return queues_.submit(queue, std::move(work));
  }

  void complete(QueueId queue, TimelineValue value) override {
    FLUX_ASSERT(desc_.completion == HostDeviceDesc::Completion::Manual, "complete is for manual completion");
    FLUX_ASSERT(known(queue), "a queue that is completed exists");
    if (known(queue)) queues_.allow(queue, value);
  }

  TimelineValue submittedValue(QueueId queue) const noexcept override {
    return known(queue) ? queues_.submitted(queue) : 0;
  }

  std::span<const std::byte> bytes(ChunkIndex chunk) noexcept override {
    queues_.settle();
    const Memory* memory = chunks_.find(static_cast<std::uint32_t>(chunk));
    return memory != nullptr ? memory->span() : std::span<std::byte>{};
  }

  void lose() override { queues_.lose(); }

  std::uint64_t earlyReclaims() const noexcept override { return queues_.earlyReclaims(); }

  std::uint64_t overwrites() const noexcept override { return queues_.overwrites(); }

 private:
  [[nodiscard]] bool known(QueueId queue) const noexcept {
    return static_cast<std::uint32_t>(queue) < desc_.queueCount;
  }

  /// Null where there is none, or a page of another use.
  [[nodiscard]] const Memory* find(CopyEnd end, StagingUse use) const noexcept {
    if (!end.isPage()) return chunks_.find(end.index());
    const Memory* const page = pages_.find(end.index());
    return page != nullptr && page->use == use ? page : nullptr;
  }

  /// Neighbouring pieces mostly share their memory, so that this stays short.
  static void keepAlive(HostWork& work, const Memory& memory) {
    const auto recent = work.keepAlive.size() > 2 ? work.keepAlive.end() - 2 : work.keepAlive.begin();
    if (std::find(recent, work.keepAlive.end(), memory.data) == work.keepAlive.end()) {
      work.keepAlive.push_back(memory.data);
    }
  }

  /// REQUIRES: `tables_` is held.
  void release(MemoryTable& table, std::uint32_t slot, MemoryKey key) {
    queues_.discard(key, {table.find(slot)->span(), table.find(slot)->data});
    table.erase(slot);
    --allocations_;
  }

  const HostDeviceDesc desc_;
  const DeviceCaps caps_;
  std::mutex tables_;  ///< Taken before any lock of the queues.
  MemoryTable chunks_;
  MemoryTable pages_;
  ByteCount chunkBytes_ = 0;
  std::uint32_t allocations_ = 0;
  HostQueues queues_;  ///< Last: its thread stops before the memory goes.
};

}  // namespace

std::unique_ptr<HostDevice> HostDevice::create(const HostDeviceDesc& desc) {
  FLUX_ASSERT(desc.queueCount >= 1 && desc.queueCount <= kMaxQueues, "a device has 1 to kMaxQueues queues");
  FLUX_ASSERT(desc.minDelayPolls <= desc.maxDelayPolls, "the bounds of the delay are in order");
  HostDeviceDesc sane = desc;
  sane.queueCount = std::clamp(desc.queueCount, 1U, kMaxQueues);
  sane.maxDelayPolls = std::max(desc.minDelayPolls, desc.maxDelayPolls);
  return std::make_unique<HostDeviceImpl>(sane);
}

}  // namespace flux
