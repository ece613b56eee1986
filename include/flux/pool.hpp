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

#include <flux/block.hpp>
#include <flux/budget.hpp>
#include <flux/defrag.hpp>
#include <flux/device.hpp>
#include <flux/fit.hpp>
#include <flux/frame.hpp>
#include <flux/inspect.hpp>
#include <flux/producer.hpp>
#include <flux/profiler.hpp>
#include <flux/readback.hpp>
#include <flux/result.hpp>
#include <flux/shared.hpp>
#include <flux/stats.hpp>
#include <flux/types.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

namespace flux {

class Journal;

/// Limits of one step. Work beyond them goes on in the next one (G6).
struct StepQuota {
  ByteCount uploadBytes = 32 * kMiB;  ///< Bytes taken from sources and from a block's old place.
  /// A device without a kernel for copies records each piece by itself, some 200 ns each.
  std::uint32_t pieces = 131'072;
  ByteCount moveBytes = 16 * kMiB;  ///< Bytes of blocks that move for room (`DefragPolicy`).
  std::uint32_t movePieces = 4096;
  /// Nobody notices if this step takes long: a loading screen, a window that is hidden. What holds up every submission
  /// of the process, above all device allocations that can be foreseen, is then done in this step.
  bool quiet = false;
  /// Places that blocks begin to leave (`PoolDesc::evicts`). An eighth of it is copied to the store in a step.
  ByteCount evictBytes = 64 * kMiB;
};

struct PoolDesc {
  ByteCount chunkBytes = 16 * kMiB;
  /// Size of the first streaming chunk; the next ones double until `chunkBytes`. So small data stays small.
  ByteCount firstChunkBytes = 1 * kMiB;
  ByteCount longLivedFirstChunkBytes = 1 * kMiB;
  ByteCount stagingPageBytes = 4 * kMiB;
  /// Two pages at least: `add` and `update` leave one to the step, so that what waits behind other copies cannot keep
  /// those from having any.
  ByteCount stagingLimitBytes = 64 * kMiB;
  /// Host memory for what is read back (`Pool::readBack`), in pages of `stagingPageBytes`, one at least. Made when it
  /// is needed, and given back when it has long been idle.
  ByteCount readbackLimitBytes = 16 * kMiB;
  /// Host memory for copies of parts (`PartDesc::kept`). Over it a call that would keep more answers OutOfBudget.
  ByteCount shadowLimitBytes = 256 * kMiB;
  /// Device memory (chunks) never exceeds this. 0: the device's budget when the pool is made; a pool that evicts
  /// follows it (`Pool::setBudget`).
  ByteCount hardLimitBytes = 0;
  /// Blocks make room for others: those that frames have not drawn for long (`Frame::use`) leave the device, and come
  /// back when frames miss them (`Frame::miss`) or the application requests them; meanwhile they are Absent, and frames
  /// draw their fallbacks. A streaming block that finds no room when it is added is Absent likewise. Never: pinned and
  /// long-lived blocks, and those whose bytes are on their way. False: what finds no room is refused.
  bool evicts = false;
  /// Host memory for the bytes of blocks that are not on the device: for parts that are not kept and whose source is
  /// not lasting. A block that finds no room there stays on the device or, if it is new, is refused.
  ByteCount storeLimitBytes = 256 * kMiB;
  std::uint32_t maxBlocks = 1U << 20U;
  /// An empty chunk goes after so many steps, or so much time, at most one a step. With 0 steps all go in the step in
  /// which they become empty.
  std::uint32_t emptyChunkSteps = 120;
  std::chrono::nanoseconds emptyChunkAge = std::chrono::seconds{2};
  /// 0 or 1: chunks that each lifetime keeps empty, or makes ahead of demand once its chunks have full size, so that no
  /// request has to wait for the device (hundreds of microseconds, in which it takes no submission either).
  std::uint32_t spareChunks = 1;
  /// Mirrors of the records in device memory that there may be at once, for shaders that look blocks up by handle
  /// (`Frame::records`); 0: none, else 2 to 8. A frame's mirror stays until the GPU has finished the frame, and a
  /// publish needs another, so it takes 3 more than the frames that the GPU is behind for publishes not to be put off.
  /// Each is made when it is needed first: 64 bytes a block. They are filled through a quarter of `stagingLimitBytes`
  /// (a page at least), which nothing else can use, so that uploads never keep a publish waiting; three pages in all,
  /// then.
  std::uint32_t recordMirrors = 0;
  ByteCount reserveBytes = 0;  ///< Streaming chunks to make with the pool, as `Pool::reserve` does.
  /// A frame that has been open for longer is named in every step's report.
  std::chrono::nanoseconds lateFrameAge = std::chrono::seconds{2};
  DefragPolicy defrag;
  /// Of all producers together that may wait; also the most that a step carries out.
  std::uint32_t maxInstructions = 8192;
  ByteCount maxInstructionBytes = 64 * kMiB;  ///< That came with instructions, until the device has them.
  /// Told what the geometry thread does, and where memory stands. Null: nobody is. Outlives the pool.
  const Profiler* profiler = nullptr;
  /// Writes down what happens (`Recorder::journal`, flux/recorder.hpp), or makes it happen again; it outlives the pool
  /// and serves no other. Null: nobody looks on.
  Journal* journal = nullptr;
};

/// What the application is, roughly. A pool that starts too small makes chunks while the first scene loads, each of
/// which may stall the application's submissions; one that starts too large holds memory that nothing uses.
enum class StartProfile : std::uint8_t {
  Simple2D,   ///< 2 MiB: user interfaces, charts.
  Complex2D,  ///< 8 MiB: maps, drawings, games in 2D.
  Scene3D,    ///< 48 MiB.
  Large3D,    ///< 128 MiB: buildings, cities, scans.
};

/// The defaults, with the first chunk and the reserve that suit the profile.
[[nodiscard]] PoolDesc poolDescFor(StartProfile profile) noexcept;

/// Told about chunks on the geometry thread, so that an application can keep descriptor sets for them.
class ChunkListener {
 public:
  virtual ~ChunkListener() = default;
  /// Before any frame can find something in the chunk.
  virtual void chunkCreated(ChunkIndex index, const ChunkInfo& info) = 0;
  /// When no frame and no queue uses it any more, just before it is destroyed.
  virtual void chunkReleased(ChunkIndex index) = 0;
};

/// What a step did. The views are valid until the next step.
struct StepReport {
  ByteCount uploadedBytes = 0;   ///< From sources.
  ByteCount directBytes = 0;     ///< Of them: written straight into chunks by the host, without a copy.
  ByteCount copiedBytes = 0;     ///< From old places (unchanged parts of updated blocks).
  ByteCount relocatedBytes = 0;  ///< From old places, of blocks that move for room.
  ByteCount readBackBytes = 0;   ///< To the host.
  std::uint32_t pieces = 0;
  std::uint32_t completedBlocks = 0;  ///< Contents that became ready for the next publish.
  std::uint32_t relocations = 0;      ///< Blocks that have moved for room: the next publish shows their new places.
  std::uint32_t waitingBlocks = 0;    ///< Blocks with bytes still to copy: over quota, staging, or memory. Moves not.
  std::uint32_t heldBackBlocks = 0;  ///< Of them: with updates in place, while a frame was submitting (`Frame::waits`).
  std::uint32_t waitingReadbacks = 0;  ///< For their turn, or for the device.
  std::uint32_t chunksCreated = 0;
  std::uint32_t chunksReleased = 0;
  ByteCount reclaimedBytes = 0;
  std::uint32_t instructions = 0;  ///< Of other threads, carried out or refused.
  std::uint32_t misses = 0;        ///< Blocks that frames missed since the last step.
  std::uint32_t evictions = 0;     ///< Blocks that have left the device.
  ByteCount evictedBytes = 0;      ///< Of the places that they left.
  std::uint32_t restores = 0;      ///< Blocks that have come back.
  std::uint32_t wantedBlocks = 0;  ///< That are not on the device, and wait for room there.
  /// Blocks that became Lost, updates that were dropped, instructions that were refused, by name; and limits and goals
  /// ("DefragGoal") that are not reached.
  std::span<const Error> errors;
  std::span<const OpenFrame> lateFrames;  ///< Open for longer than `PoolDesc::lateFrameAge`, oldest first.
};

struct PublishReport {
  SnapshotNumber snapshot = 0;  ///< The newest snapshot after the call.
  std::uint32_t changes = 0;    ///< Records that changed with it; 0: nothing was published.
  /// Frames pin all that could be written, or use all mirrors of the records, or staging cannot take a mirror's records
  /// at once; the changes join the next publish.
  bool deferred = false;
  std::uint32_t mirroredRecords = 0;  ///< That were written to a mirror, of this snapshot or of the next.
  std::optional<Error> error;         ///< Deferred, because a mirror could not be made or filled.
};

/// Stores geometry once and keeps it safe to read for every frame that can see it.
///
/// **Thread contract.** One thread, the geometry thread, makes all calls; `beginFrame`, `makeProducer`, `share` and
/// `stats` may be called on any thread, at any time. The same thread may do everything. Only `create` and the
/// destructor block.
///
/// **Units.** Sizes and offsets are bytes.
///
/// **Guarantees.** See `docs/guarantees.md`; G numbers below refer to it. Every call that fails
/// leaves the pool as it was (G8).
///
/// **A lost device.** The step that sees the loss, and every later one, answers DeviceLost. From then on all blocks are
/// Lost (`errors` names them after that step), every queue counts as done, and steps reclaim everything; add and update
/// are refused. Frames and publishing go on.
class Pool {
 public:
  /// Makes a pool on a device that outlives it. Errors: InvalidArgument (names the field), those of `reserve`.
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

  /// Takes staging memory to fill in place and to give to `add`, `update` or their like as `Source::staged`. Geometry
  /// thread; others have `Producer::stage`. Errors: InvalidArgument (0 bytes, or more than
  /// `PoolDesc::stagingPageBytes`), StagingFull, and of the device OutOfDeviceMemory, DriverError, DeviceLost.
  [[nodiscard]] Result<StagedBytes> stage(ByteCount bytes,
                                          std::source_location where = std::source_location::current());

  /// Gives parts of a block, or ranges of parts, new contents, all in one version: a frame sees all of them or none.
  /// Frames that are open keep seeing the old bytes: a part that changes gets a new place, to which the bytes between
  /// the ranges are copied on the device. Updates that arrive before an earlier one was started are merged with it;
  /// where they overlap, the later one counts. Returns the version that will show them. O(ranges x log ranges).
  /// Errors: StaleHandle, InvalidArgument (also: ranges that overlap, or do not lie in their part), StagingFull,
  /// Pinned, DeviceLost.
  [[nodiscard]] Result<ContentVersion> update(BlockHandle block, std::span<const PartUpdate> parts,
                                              std::source_location where = std::source_location::current());

  /// Overwrites parts of a block, or ranges of parts, where they are: for small and frequent changes. Only the bytes
  /// given are moved; the place stays, also of a pinned block, and nothing has to be published. All ranges of a call
  /// arrive at once, on the device after the submissions of frames that began to submit before (`Frame::waits`) and
  /// before those of later ones: no submission meets a half of it, and a frame meets the same bytes in all. But it may
  /// be newer than the version of its snapshot, since an update in place has no version of its own.
  ///
  /// It goes with the first step that finds no frame submitting, and no earlier contents of the block on their way;
  /// until then it is merged with what comes later: an `update` of the block takes it along into its new version. Its
  /// sources are asked when it goes, and one that fails drops its own range. Neither the first upload of a block nor
  /// `addParts` is overtaken. O(ranges x log ranges).
  /// Errors: StaleHandle, InvalidArgument (as `update`; also: a lost block), TooLarge (more than a quarter of
  /// `PoolDesc::stagingLimitBytes` in one call), StagingFull, DeviceLost.
  [[nodiscard]] Result<void> updateInPlace(BlockHandle block, std::span<const PartUpdate> parts,
                                           std::source_location where = std::source_location::current());

  /// Adds parts to a block: in gaps of its place if they fit there, so that the others stay where they are; otherwise
  /// the block moves to a larger place with some room to spare. `ids` receives their ids. A frame sees all parts of a
  /// call or none: none before the publish of the version that is returned, in which they are looked up as Stale.
  /// O(parts of the block). Errors: StaleHandle, InvalidArgument (also: over 64 parts; a shared block; a lost block),
  /// TooLarge, StagingFull, Pinned (no gap takes them, or the block's place is not final yet), DeviceLost. A source
  /// that fails later drops what was asked for with it, and the step says so. REQUIRES: `ids` has a place for each
  /// part.
  [[nodiscard]] Result<ContentVersion> addParts(BlockHandle block, std::span<const PartDesc> parts,
                                                std::span<PartId> ids,
                                                std::source_location where = std::source_location::current());

  /// Removes parts of a block. The next snapshot does not have them; open frames keep them, and their places in the
  /// block are used again when no frame and no queue can still read them (G4). Without any part left the block itself
  /// is removed, whoever owns it. O(parts of the block). Errors: StaleHandle, InvalidArgument (no such part, or twice),
  /// Pinned.
  [[nodiscard]] Result<void> removeParts(BlockHandle block, std::span<const PartId> parts,
                                         std::source_location where = std::source_location::current());

  /// Adds a small thing to a block that it shares with others of its affinity: to a gap of such a block; if there is
  /// none, to a new block in a chunk with room; if there is none, to one in a new chunk. It is a part like any other:
  /// `update` gives it new contents, `removeParts` takes it away, and the last one takes the block along. Each stands
  /// alone: a source that fails drops its own part. O(log blocks of the affinity + `kMaxSharedParts`). Errors:
  /// InvalidArgument, TooLarge, TooManyBlocks, TooManyChunks, OutOfBudget, OutOfDeviceMemory, StagingFull, DeviceLost.
  [[nodiscard]] Result<SharedPart> addShared(const SharedPartDesc& desc,
                                             std::source_location where = std::source_location::current());

  /// What all shared blocks together cost. O(blocks).
  [[nodiscard]] SharedUsage sharedUsage() const;

  /// Removes a block, whoever owns it. Its handle is refused by the next snapshot on; its memory is used again when
  /// no frame and no queue can still read it (G4). O(1). Errors: StaleHandle, Pinned.
  [[nodiscard]] Result<void> remove(BlockHandle block, std::source_location where = std::source_location::current());

  /// Adds an owner; a new block has one. O(1). Errors: StaleHandle.
  [[nodiscard]] Result<void> retain(BlockHandle block, std::source_location where = std::source_location::current());

  /// Takes an owner away; without any the block is removed, as soon as it is not pinned. O(1). Errors: StaleHandle.
  [[nodiscard]] Result<void> release(BlockHandle block, std::source_location where = std::source_location::current());

  /// Keeps a block where it is, so that command lists which are replayed for many frames may name its place. The
  /// place is final once all that was asked before the pin has arrived. Counts. O(1). Errors: StaleHandle.
  /// While it is pinned the block can neither be removed nor updated but in place; calls that try answer Pinned.
  [[nodiscard]] Result<void> pin(BlockHandle block, std::source_location where = std::source_location::current());

  /// Undoes one `pin`. O(1). Errors: StaleHandle, InvalidArgument (not pinned).
  [[nodiscard]] Result<void> unpin(BlockHandle block, std::source_location where = std::source_location::current());

  /// Lets a block that waits for its first bytes overtake those of lower priority, and brings one back that is not on
  /// the device, as soon as there is room. O(1). Errors: StaleHandle.
  [[nodiscard]] Result<void> request(BlockHandle block, Priority priority,
                                     std::source_location where = std::source_location::current());

  /// Asks for bytes of a part as the device has them: of the newest contents that have arrived when the read's turn
  /// comes, after all updates that have been submitted by then. That is in this or a later step: as many bytes a step
  /// as it may upload, as long as `PoolDesc::readbackLimitBytes` has room for them, in the order of the calls. With
  /// `ReadRange::after` it goes once a step has seen that value reached, so that nothing on the copy queue waits for
  /// it. The block may move and change meanwhile; if it is removed before its turn the answer is StaleHandle. O(1).
  /// Errors: StaleHandle, InvalidArgument (no such part; a range outside of it, or of more than
  /// `PoolDesc::stagingPageBytes`; a queue that the device does not have), NotResident, DeviceLost.
  [[nodiscard]] Result<Readback> readBack(const ReadRange& range,
                                          std::source_location where = std::source_location::current());

  /// The bytes of a part that is kept (`PartDesc::kept`): its newest accepted contents, to be read (`Source::data`) or
  /// to be given to a call; after a lost device to another pool, whose blocks then are what they were. They never
  /// change: an update makes the pool copy what others still hold. O(log parts that are kept). Errors: StaleHandle,
  /// InvalidArgument (not kept), ShadowStale.
  [[nodiscard]] Result<Source> shadow(BlockHandle block, PartId part,
                                      std::source_location where = std::source_location::current());

  /// Tells that work of the application, up to this value of its queue, writes the part on the device: what is kept of
  /// it is stale, until an update gives all of the part or `refreshShadow` brings the bytes back. A block with a stale
  /// part stays on the device; so tell before the work is submitted. Errors: as `shadow`, but ShadowStale; NotResident
  /// (the block has left the device: what is kept is all that there is).
  [[nodiscard]] Result<void> markWritten(BlockHandle block, PartId part, QueueValue by,
                                         std::source_location where = std::source_location::current());

  /// Lets the steps bring back a part that is stale, as `readBack` does; once more, if it changes meanwhile. `shadow`
  /// answers when it is done, and `StepReport::errors` tells if it failed. Errors: as `markWritten`, DeviceLost.
  [[nodiscard]] Result<void> refreshShadow(BlockHandle block, PartId part,
                                           std::source_location where = std::source_location::current());

  /// A way for another thread to ask for all of the above. Any thread.
  [[nodiscard]] Producer makeProducer();

  /// Makes a counted handle that takes over one owner of the block: the last drop releases it. Any thread; a short
  /// lock.
  [[nodiscard]] Shared<BlockHandle> share(BlockHandle block,
                                          std::source_location where = std::source_location::current());

  /// Makes a counted handle to an object of the application: the last drop, on any thread, lets the geometry thread
  /// destroy it when the frames that were open then have ended, and every queue has passed their submissions. No
  /// publish is needed for that. Any thread; a short lock.
  [[nodiscard]] Shared<NativeHandle> share(const ObjectDesc& object,
                                           std::source_location where = std::source_location::current());

  /// Moves everything on: takes note of finished copies, carries out what other threads asked for, fills staging within
  /// the quota, submits one batch of copies, reclaims what has retired, gives an empty chunk back or makes one that
  /// will be needed. Never waits. `now` counts in whole milliseconds. Errors: DeviceLost, DriverError and
  /// OutOfDeviceMemory from the device; the work is kept for the next step.
  Result<StepReport> step(const StepQuota& quota = {},
                          std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  /// Only reclaims what has retired, as each step does; returns how many bytes. Never waits. Errors: as `step`.
  Result<ByteCount> collect();

  /// Makes everything that changed visible to frames that begin from now on. Costs in proportion to what
  /// changed; never waits (G3). With `PoolDesc::recordMirrors` it submits a batch of its own, which frames wait for on
  /// the device, behind the last step's copies.
  PublishReport publish();

  /// Pins the newest snapshot. Any thread; takes a short lock. `label` names the frame in reports and must outlive it.
  [[nodiscard]] Frame beginFrame(const char* label = "frame");

  /// Makes chunks ahead of time, so that empty ones for `bytes` in all stand ready. They are not released before they
  /// have held something, but when a request would otherwise exceed the hard limit. Empty chunks that are there count;
  /// they are kept like new ones. O(chunks made). Errors: OutOfBudget, OutOfDeviceMemory, TooManyChunks, DriverError,
  /// DeviceLost; then no chunk of this call stays.
  [[nodiscard]] Result<void> reserve(ByteCount bytes, Lifetime lifetime = Lifetime::Streaming,
                                     std::source_location where = std::source_location::current());

  /// Lets the steps work on a goal: the call itself moves nothing. A later goal takes the place of an earlier one of
  /// its lifetime, and one of nothing ends it. What is left of it when it cannot be reached is an OutOfBudget
  /// "DefragGoal" among a step's errors: at once, if less is free and about to come free than it takes. O(1). Errors:
  /// InvalidArgument (two goals at once), TooLarge (a hole that no chunk of full size would hold), DeviceLost.
  [[nodiscard]] Result<void> defragment(const DefragGoal& goal,
                                        std::source_location where = std::source_location::current());

  /// Changes the limits of device memory. When the hard one falls below what the pool has, the following steps get
  /// there: empty chunks go, then the emptiest chunks, whose blocks leave the device (`StepQuota::evictBytes`) and come
  /// back to others; a step says so if it is not reached in 240. O(blocks). Errors: OutOfBudget (numbers: the limit,
  /// then what stays: the bytes of chunks, of pinned and of long-lived blocks; `heldMemory` lists them), DeviceLost.
  [[nodiscard]] Result<void> setBudget(const Budget& budget,
                                       std::source_location where = std::source_location::current());

  /// What no eviction frees, and why. O(blocks).
  [[nodiscard]] HeldMemory heldMemory() const;

  /// From now on a long-lived block may leave the device as streaming ones do, also for a limit that falls; it comes
  /// back as one. O(1). Errors: StaleHandle.
  [[nodiscard]] Result<void> demote(BlockHandle block, std::source_location where = std::source_location::current());

  /// Where a block of these parts would go if it were added now, or why it could not; sources are not looked at.
  /// Of what `add` may answer it foresees all that concerns chunks, but not what the driver itself refuses. Costs a
  /// lookup; changes nothing.
  [[nodiscard]] FitReport wouldFit(std::span<const PartDesc> parts, Lifetime lifetime = Lifetime::Streaming) const;

  /// As above, for a range of `bytes` at a multiple of `alignmentBytes`.
  [[nodiscard]] FitReport wouldFit(ByteCount bytes, ByteCount alignmentBytes,
                                   Lifetime lifetime = Lifetime::Streaming) const;

  /// Which blocks would have to leave the device, the coldest first, so that one of `bytes` can come to it, and what
  /// has to stay. It is the choice that the next step would make if nothing changed until then; of very many blocks, or
  /// bytes, a step takes a part. Of pools that do not evict nothing leaves. Changes nothing. O(parts of all blocks).
  [[nodiscard]] EvictionReport wouldEvict(ByteCount bytes, ByteCount alignmentBytes = 1) const;

  /// Where a block stands for the geometry thread: its newest accepted version, 0 if the handle is stale. Snapshots
  /// show it once nothing waits for the block; only if a source has failed may a block that is not shared keep the
  /// version of the contents that it has, until its next update arrives. O(1).
  [[nodiscard]] ContentVersion requestedVersion(BlockHandle block) const noexcept;

  /// What the last step had to report by name, as `StepReport::errors`, also if the step itself answered an error.
  /// Valid until the next step. When the device was lost: every block.
  [[nodiscard]] std::span<const Error> errors() const noexcept;

  /// How many frames have begun since the last one that drew the block (`Frame::use`); none: no frame ever did, or the
  /// handle is stale. O(1).
  [[nodiscard]] std::optional<std::uint32_t> framesSinceUse(BlockHandle block) const noexcept;

  /// Makes the name of an owner, for `BlockDesc::tag` and `SharedPartDesc::tag`; the same name gives the same tag. They
  /// are few (`kMaxTags`), and stay as long as the pool. O(tags). Errors: InvalidArgument (no name; too many tags).
  [[nodiscard]] Result<Tag> makeTag(std::string_view name,
                                    std::source_location where = std::source_location::current());

  /// Counters and gauges, for every frame. Any thread; O(1), and a short lock (that of `beginFrame`). `PoolStats` says
  /// what is consistent with what.
  [[nodiscard]] PoolStats stats() const;

  /// The same, and what takes a look at all blocks: who waits for what, fragmentation, owners. O(blocks).
  [[nodiscard]] DetailedStats detailedStats() const;

  /// Shows `visitor` the pool piece by piece, without anything being written down. O(blocks).
  void inspect(PoolVisitor& visitor) const;

  /// The last 16 requests for device memory that found no place, explained, the newest last; one that a step repeats is
  /// one entry that counts. Valid until the next call.
  [[nodiscard]] std::span<const Refusal> refusals() const noexcept;

  /// One block, whose views are valid until the next call; none: the handle is stale. O(its waiting contents).
  [[nodiscard]] std::optional<BlockView> inspect(BlockHandle block) const;

  /// What the pool was made with. Any thread.
  [[nodiscard]] const PoolDesc& desc() const noexcept;

  /// Everything the pool knows, as JSON: chunks with their holes, blocks with their parts, what has retired and waits,
  /// and for what, the last refusals, explained, and what would leave for the last one. Its form is that of
  /// `docs/schema/flux-dump-2.schema.json`; also when the device is lost. The same state gives the same text, but for
  /// the ages of open frames. O(blocks).
  [[nodiscard]] std::string dump() const;

 private:
  class Impl;
  friend class Producer;
  explicit Pool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux
