#pragma once

/// The geometry thread's face of Flux.
///
///     auto pool  = flux::Pool::create(*device, {}).value();
///     auto block = pool->add({.name = "teapot", .parts = parts}).value();   // geometry thread
///     pool->step();
///     pool->publish();
///
///     flux::Frame frame = pool->beginFrame();                               // any thread
///     if (auto v = frame.find(block, flux::PartId{0}); v.drawable()) { … }
///     frame.submitted(queue, value);

#include <flux/device.hpp>
#include <flux/frame.hpp>
#include <flux/result.hpp>
#include <flux/source.hpp>
#include <flux/types.hpp>

#include <chrono>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

namespace flux {

/// How long a block is expected to live. Long-lived blocks get chunks of their own, which the churn of
/// streaming never touches.
enum class Lifetime : std::uint8_t { Streaming, LongLived };

struct PartDesc {
  PartKind kind = PartKind::Vertex;
  ByteCount bytes = 0;
  Source source = Source::bytes({});
};

/// A new block. Views are only read during the call.
struct BlockDesc {
  std::string_view name;            ///< For errors, dumps and tools; cut to 47 bytes.
  std::span<const PartDesc> parts;  ///< 1 to 64 parts; their ids are 0, 1, 2, …
  Lifetime lifetime = Lifetime::Streaming;
  BlockHandle fallback;  ///< Drawn while this one is absent; null: skip it then.
  std::uint64_t userData = 0;
};

/// New contents for one part of a block, of the part's size.
struct PartUpdate {
  PartId part{};
  Source source = Source::bytes({});
};

/// Limits of one step. Work beyond them goes on in the next one (G6).
struct StepQuota {
  ByteCount uploadBytes = 32 * kMiB;  ///< Bytes taken from sources and from a block's old place.
  std::uint32_t pieces = 4096;
};

struct PoolDesc {
  ByteCount chunkBytes = 16 * kMiB;
  /// Size of the first streaming chunk; the next ones double until `chunkBytes`. So small data stays small.
  ByteCount firstChunkBytes = 1 * kMiB;
  ByteCount longLivedFirstChunkBytes = 1 * kMiB;
  ByteCount stagingPageBytes = 4 * kMiB;
  ByteCount stagingLimitBytes = 64 * kMiB;
  /// Device memory (chunks) never exceeds this. 0: the device's budget when the pool is made.
  ByteCount hardLimitBytes = 0;
  std::uint32_t maxBlocks = 1U << 20U;
  /// An empty chunk goes after so many steps, or so much time; one is kept. At most one a step.
  std::uint32_t emptyChunkSteps = 120;
  std::chrono::nanoseconds emptyChunkAge = std::chrono::seconds{2};
};

/// Told about chunks on the geometry thread, so that an application can keep descriptor sets for them.
class ChunkListener {
 public:
  virtual ~ChunkListener() = default;
  /// Before any frame can find something in the chunk.
  virtual void chunkCreated(ChunkIndex index, const ChunkInfo& info) = 0;
  /// When no frame and no queue uses it any more, just before it is destroyed.
  virtual void chunkReleased(ChunkIndex index) = 0;
};

/// What a step did. `errors` is valid until the next step.
struct StepReport {
  ByteCount uploadedBytes = 0;  ///< From sources.
  ByteCount copiedBytes = 0;    ///< From old places (unchanged parts of updated blocks).
  std::uint32_t pieces = 0;
  std::uint32_t completedBlocks = 0;  ///< Contents that became ready for the next publish.
  std::uint32_t waitingBlocks = 0;    ///< Blocks with bytes still to copy: over quota, staging, or memory.
  std::uint32_t chunksCreated = 0;
  std::uint32_t chunksReleased = 0;
  ByteCount reclaimedBytes = 0;
  std::span<const Error> errors;  ///< Blocks that became Lost, updates that were dropped; by name.
};

struct PublishReport {
  SnapshotNumber snapshot = 0;  ///< The newest snapshot after the call.
  std::uint32_t changes = 0;    ///< Records that changed with it; 0: nothing was published.
  bool deferred = false;        ///< A frame still pins the slot; the changes join the next publish.
};

/// Counters and gauges. *live*: bytes that the application asked for. *reserved*: device chunks, empty ones included.
struct PoolStats {
  ByteCount liveBytes = 0;
  ByteCount reservedBytes = 0;
  ByteCount retiredBytes = 0;  ///< Waits for frames or queues; part of reserved, not of live.
  ByteCount stagingBytes = 0;
  ByteCount hardLimitBytes = 0;
  std::uint32_t blocks = 0;
  std::uint32_t chunks = 0;
  std::uint32_t openFrames = 0;
  SnapshotNumber published = 0;
  std::uint64_t blocksAdded = 0;
  std::uint64_t blocksRemoved = 0;
  std::uint64_t blocksUpdated = 0;  ///< Accepted updates.
  std::uint64_t uploadedBytes = 0;
  std::uint64_t copiedBytes = 0;
  std::uint64_t deferredPublishes = 0;
  ByteCount peakLiveBytes = 0;
  ByteCount peakReservedBytes = 0;
  ByteCount peakStagingBytes = 0;
  std::uint32_t peakChunks = 0;
};

/// Stores geometry once and keeps it safe to read for every frame that can see it.
///
/// **Thread contract.** One thread, the geometry thread, makes all calls; `beginFrame` may be called
/// on any thread, at any time. The same thread may do both. Only `create` and the destructor block.
///
/// **Units.** Sizes and offsets are bytes.
///
/// **Guarantees.** See `docs/guarantees.md`; G numbers below refer to it. Every call that fails
/// leaves the pool as it was (G8).
class Pool {
 public:
  /// Makes a pool on a device that outlives it. Errors: InvalidArgument (names the field).
  [[nodiscard]] static Result<std::unique_ptr<Pool>> create(Device& device, const PoolDesc& desc,
                                                            ChunkListener* listener = nullptr);

  /// Waits for the queues and gives all memory back. REQUIRES: no frame is open.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Adds a block: one contiguous place for all its parts. It becomes drawable with the publish after its
  /// bytes have arrived. O(parts); makes a chunk if none has room.
  /// Errors: InvalidArgument, TooLarge, TooManyBlocks, TooManyChunks, OutOfBudget, OutOfDeviceMemory,
  /// StagingFull, StaleHandle (of the fallback), DeviceLost.
  [[nodiscard]] Result<BlockHandle> add(const BlockDesc& desc,
                                        std::source_location where = std::source_location::current());

  /// Gives parts of a block new contents, all in one version: a frame sees all of them or none. Frames that
  /// are open keep seeing the old bytes. Updates that arrive before an earlier one was started are merged with it.
  /// Returns the version that will show them. O(parts given).
  /// Errors: StaleHandle, InvalidArgument, StagingFull, DeviceLost.
  [[nodiscard]] Result<ContentVersion> update(BlockHandle block, std::span<const PartUpdate> parts,
                                              std::source_location where = std::source_location::current());

  /// Removes a block. Its handle is refused by the next snapshot on; its memory is used again when
  /// no frame and no queue can still read it (G4). O(1). Errors: StaleHandle.
  [[nodiscard]] Result<void> remove(BlockHandle block, std::source_location where = std::source_location::current());

  /// Moves everything on: takes note of finished copies, fills staging within the quota, submits one batch of copies,
  /// reclaims what has retired, gives an empty chunk back. Never waits.
  /// Errors: DeviceLost, DriverError and OutOfDeviceMemory from the device; the work is kept for the next step.
  Result<StepReport> step(const StepQuota& quota = {},
                          std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  /// Makes everything that changed visible to frames that begin from now on. Costs in proportion to what
  /// changed; never waits (G3).
  PublishReport publish();

  /// Pins the newest snapshot. Any thread; takes a short lock. `label` names the frame in reports and must outlive it.
  [[nodiscard]] Frame beginFrame(const char* label = "frame");

  /// Where a block stands for the geometry thread: its newest accepted version, 0 if the handle is stale. O(1).
  [[nodiscard]] ContentVersion requestedVersion(BlockHandle block) const noexcept;

  /// O(1).
  [[nodiscard]] PoolStats stats() const;

  /// Everything the pool knows, as JSON: chunks, blocks with their parts, retired ranges, counters. O(blocks).
  [[nodiscard]] std::string dump() const;

 private:
  class Impl;
  explicit Pool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux
