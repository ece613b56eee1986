#pragma once

/// The interface between Flux and a graphics API. Applications make a device with the factory in
/// `flux/host.hpp`, `flux/vulkan.hpp`, … and hand it to `Pool::create`.

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace flux {

enum class Backend : std::uint8_t { Host, Vulkan, D3D12, OpenGL, WebGPU };

std::string_view toString(Backend backend) noexcept;

/// Every byte that comes from the host goes straight into its chunk (`DeviceCaps::directWriteBytes`).
inline constexpr ByteCount kAllBytes = std::numeric_limits<ByteCount>::max();

/// What a device can do. Constant after creation; any thread may read it.
struct DeviceCaps {
  Backend backend = Backend::Host;
  std::string deviceName;
  std::string driverName;
  ByteCount maxChunkBytes = 0;       ///< Largest single chunk.
  std::uint32_t maxAllocations = 0;  ///< Device allocations that may exist at once.
  std::uint32_t queueCount = 1;      ///< Timelines, the copy queue included.
  bool unifiedMemory = false;        ///< Device memory is host memory.
  bool bufferAddresses = false;      ///< `ChunkInfo::address` is set.
  /// How many bytes of a step the host writes straight into chunks (`Device::mapped`); what is more goes through
  /// staging and copies. 0: the host cannot reach chunks. `kAllBytes`: staging is never read by a copy, except for
  /// updates in place, and the host reads it fast.
  ByteCount directWriteBytes = 0;
  /// Required alignment of a part's offset inside a chunk, by kind, in bytes.
  std::array<std::uint32_t, kPartKindCount> partAlignmentBytes{};
};

struct MemoryBudget {
  ByteCount budgetBytes = 0;  ///< What this process should stay under.
  ByteCount usedBytes = 0;    ///< What it uses now, everything included.
  bool fromSystem = false;    ///< false: an estimate from the heap's size.
};

/// Which way bytes go through a staging page.
enum class StagingUse : std::uint8_t {
  Upload,    ///< The host writes, the device reads.
  Readback,  ///< The device writes, the host reads.
};

/// What a piece copies from, or to: a chunk or a staging page.
class CopyEnd {
 public:
  // Implicit, so that a piece is written as what it copies.
  constexpr CopyEnd(ChunkIndex chunk) noexcept : bits_(static_cast<std::uint32_t>(chunk)) {}
  constexpr CopyEnd(StagingIndex page) noexcept : bits_(static_cast<std::uint32_t>(page) | kPageBit) {}

  [[nodiscard]] constexpr bool isPage() const noexcept { return (bits_ & kPageBit) != 0; }
  /// Of the chunk, or of the page.
  [[nodiscard]] constexpr std::uint32_t index() const noexcept { return bits_ & ~kPageBit; }
  /// REQUIRES: it is one.
  [[nodiscard]] constexpr ChunkIndex chunk() const noexcept { return ChunkIndex{index()}; }
  [[nodiscard]] constexpr StagingIndex page() const noexcept { return StagingIndex{index()}; }

  /// All of it in one number; those of pages are greater.
  [[nodiscard]] constexpr std::uint32_t bits() const noexcept { return bits_; }

  friend constexpr auto operator<=>(CopyEnd, CopyEnd) noexcept = default;

 private:
  static constexpr std::uint32_t kPageBit = std::uint32_t{1} << 31U;
  std::uint32_t bits_;
};

/// One piece of a batch: from a page to a chunk, between chunks or inside one, or from a chunk to a page for readback.
/// Offsets and sizes are multiples of 4 bytes.
struct CopyPiece {
  CopyEnd source = StagingIndex{0};
  CopyEnd destination = ChunkIndex{0};
  ByteOffset sourceOffset = 0;
  ByteOffset destinationOffset = 0;
  ByteCount bytes = 0;
};

/// A device: allocates chunks and staging, executes batches of copies, tells how far its queues are.
///
/// **Thread contract.** One thread owns the device (the pool's geometry thread) and makes all calls,
/// except `caps` and `completed`, which any thread may call.
///
/// **Invariants.**
/// - (D1) A batch executes after every batch submitted before it, and sees what they wrote.
/// - (D2) When `completed(kCopyQueue) >= v`, the batch of value v is done: its bytes are in place, its
///   sources may be overwritten, and any thread that has seen the value may read what it wrote into pages for readback.
///   A reader on another queue still needs a device-side wait for v.
/// - (D3) `completed` never goes back.
/// - (D4) No call but `wait` and the destructor blocks on the device.
class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;

  [[nodiscard]] virtual const DeviceCaps& caps() const noexcept = 0;

  /// Makes a chunk of exactly `bytes` (a multiple of 256) under an index that is not in use.
  /// Contents are undefined. Errors: OutOfDeviceMemory (also: over `DeviceCaps::maxChunkBytes`), TooManyChunks,
  /// DriverError, DeviceLost.
  [[nodiscard]] virtual Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) = 0;

  /// REQUIRES: no queue can still use the chunk.
  virtual void destroyChunk(ChunkIndex index) noexcept = 0;

  /// The bytes [offset, offset + bytes) of a chunk, for the host to write, front to back, never to read: the memory may
  /// be uncached. All submissions that come after a write see it, of every queue. Costs nothing.
  /// REQUIRES: `DeviceCaps::directWriteBytes` is not 0; the chunk has the bytes; no batch that uses them is incomplete,
  /// nor any other work.
  [[nodiscard]] virtual std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept {
    (void)index;
    (void)offset;
    (void)bytes;
    return {};
  }

  /// Makes a staging page for one use and maps it; it stays mapped until it is closed. Indices of both uses are below
  /// 2^31. Errors: OutOfDeviceMemory, TooManyChunks, DriverError, DeviceLost.
  [[nodiscard]] virtual Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes,
                                                                 StagingUse use = StagingUse::Upload) = 0;

  /// Makes what the host wrote into [0, bytes) of a page for uploads visible to batches submitted from now on.
  /// Errors: DriverError, DeviceLost.
  [[nodiscard]] virtual Result<void> sealStaging(StagingIndex index, ByteCount bytes) = 0;

  /// REQUIRES: no batch that uses the page is incomplete.
  virtual void closeStaging(StagingIndex index) noexcept = 0;

  /// Submits one batch and returns its value on `kCopyQueue`. Destinations are disjoint from each other
  /// and from every source of the batch; their order is the device's business. It executes on the device after `waits`,
  /// each of which names a queue of the device and a value that work of that queue, already submitted, will reach; a
  /// device with one order for everything has that anyway. On an error nothing was submitted and the same batch
  /// may be submitted again.
  [[nodiscard]] virtual Result<TimelineValue> submit(std::span<const CopyPiece> batch,
                                                     std::span<const QueueValue> waits = {}) = 0;

  /// Asks the queues how far they are. Never blocks. Errors: DeviceLost, DriverError. After DeviceLost the values of
  /// `completed` mean nothing.
  [[nodiscard]] virtual Result<void> poll() = 0;

  /// The value that the last `poll` or `wait` saw; 0 for a queue that the device does not have. Any thread.
  [[nodiscard]] virtual TimelineValue completed(QueueId queue) const noexcept = 0;

  /// Blocks until `completed(queue) >= value`, for start and shutdown only. Errors: Timeout, DeviceLost,
  /// InvalidArgument (no such queue).
  [[nodiscard]] virtual Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) = 0;

  /// Device memory only. May cost a few microseconds; the pool does not call it in every step.
  [[nodiscard]] virtual MemoryBudget budget() = 0;

  /// Names a chunk in the API's debugging tools.
  virtual void setName(ChunkIndex index, std::string_view name) noexcept = 0;

  /// Asks the system to move a chunk out of device memory after others, when all programs together want more than there
  /// is. Where the system has no such wish, nothing happens.
  virtual void raisePriority(ChunkIndex index) noexcept { (void)index; }

  /// Tells that no snapshot and no queue uses [offset, offset + bytes) of a chunk any more. A place
  /// for devices that check: Host fills the bytes with a pattern. Others do nothing.
  virtual void rangeReclaimed(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept {
    (void)index;
    (void)offset;
    (void)bytes;
  }
};

}  // namespace flux
