#pragma once

#include "alloc/allocation_map.hpp"
#include "alloc/block_layout.hpp"
#include "alloc/chunk_space.hpp"
#include "alloc/part_table.hpp"
#include "base/handle_reserve.hpp"
#include "frame/drop_list.hpp"
#include "frame/frame_gate.hpp"
#include "frame/retirement.hpp"
#include "frame/snapshot_ring.hpp"
#include "pool/chunk_table.hpp"
#include "pool/counters.hpp"
#include "pool/defragmenter.hpp"
#include "pool/evacuation.hpp"
#include "pool/instructions.hpp"
#include "pool/journal.hpp"
#include "pool/profile.hpp"
#include "pool/readback_queue.hpp"
#include "pool/record_mirrors.hpp"
#include "pool/refusal_log.hpp"
#include "pool/relocation.hpp"
#include "pool/residency.hpp"
#include "pool/shadows.hpp"
#include "pool/shared_blocks.hpp"
#include "pool/store.hpp"
#include "pool/tag_table.hpp"
#include "transfer/staging_pages.hpp"

#include <flux/pool.hpp>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flux {

/// The smallest chunk: of a small pool's first one, and of the last one under a limit.
inline constexpr ByteCount kSmallestChunkBytes = 64 * kKiB;

/// What a caller got wrong.
[[nodiscard]] inline Error invalid(std::string_view what, std::source_location where, ErrorNumbers numbers = {}) {
  return makeError(ErrorCode::InvalidArgument, what, where, numbers);
}

/// The pool's state. Everything here belongs to the geometry thread, except the places where other threads meet it:
/// `gate_`, `handles_`, `staging_`, `instructions_`, `dropped_`, and the gauges that `stats` reads.
///
/// A block passes through: added (Absent, a first relocation runs) → Resident → updates, one relocation at a time,
/// later edits wait and merge → removed (the handle is refused, its places retire). All bytes move through
/// `relocations_`; all memory that a snapshot or a queue may still use goes through `retirement_`.
class Pool::Impl {
 public:
  Impl(Device& device, const PoolDesc& desc, ChunkListener* listener);
  ~Impl();

  Result<BlockHandle> add(const BlockDesc& desc, std::source_location where);
  Result<StagedBytes> stage(ByteCount bytes, std::source_location where);
  Result<ContentVersion> update(BlockHandle handle, std::span<const PartUpdate> parts, std::source_location where);
  Result<void> updateInPlace(BlockHandle handle, std::span<const PartUpdate> parts, std::source_location where);
  Result<ContentVersion> addParts(BlockHandle handle, std::span<const PartDesc> parts, std::span<PartId> ids,
                                  std::source_location where, bool ofQueue = false);
  Result<void> removeParts(BlockHandle handle, std::span<const PartId> parts, std::source_location where);
  Result<SharedPart> addShared(const SharedPartDesc& desc, std::source_location where);
  Result<void> remove(BlockHandle handle, std::source_location where);
  Result<void> retain(BlockHandle handle, std::source_location where);
  Result<void> release(BlockHandle handle, std::source_location where);
  Result<void> pin(BlockHandle handle, std::source_location where);
  Result<void> unpin(BlockHandle handle, std::source_location where);
  Result<void> request(BlockHandle handle, Priority priority, std::source_location where);
  Result<Readback> readBack(const ReadRange& range, std::source_location where);
  Result<Source> shadow(BlockHandle handle, PartId part, std::source_location where);
  Result<void> markWritten(BlockHandle handle, PartId part, QueueValue after, std::source_location where);
  Result<void> refreshShadow(BlockHandle handle, PartId part, std::source_location where);
  Result<StepReport> step(const StepQuota& quota, std::chrono::steady_clock::time_point now);
  Result<ByteCount> collect();
  PublishReport publish();
  Result<void> reserve(ByteCount bytes, Lifetime lifetime, std::source_location where);
  Result<void> defragment(const DefragGoal& goal, std::source_location where);

  Result<void> setBudget(const Budget& budget, std::source_location where);
  [[nodiscard]] HeldMemory heldMemory() const;
  Result<void> demote(BlockHandle handle, std::source_location where);

  Result<Tag> makeTag(std::string_view name, std::source_location where) { return tags_.make(name, where); }

  // Any thread:
  [[nodiscard]] PoolStats stats() const;
  Frame beginFrame(const char* label) { return gate_.begin(label); }
  SharedThing* share(const ThingDesc& desc) { return dropped_->create(desc); }
  [[nodiscard]] HandleReserve& handles() noexcept { return handles_; }
  [[nodiscard]] Instructions& instructions() noexcept { return instructions_; }
  [[nodiscard]] StagingPages& staging() noexcept { return staging_; }
  [[nodiscard]] bool evicts() const noexcept { return desc_.evicts; }
  /// Whether new blocks may find no room, so that the store will ask for their bytes.
  [[nodiscard]] bool nearlyFull() const noexcept { return nearlyFull_.load(std::memory_order_relaxed); }

  /// Its only `return` lets the result be made where the caller wants it. A copy would read it back at once, in other
  /// pieces than it was written in, and so wait for all that the journal has just written to reach the cache.
  template <class MakeCall, class Work>
  auto tellFirst(const MakeCall& makeCall, const Work& work) {
    journal_->call(makeCall());
    auto result = work();
    if (!result) journal_->did(RecordKind::Refused, {numberOf(result)});
    return result;
  }

  /// Does what a call of the application asks for; the journal, if there is one, is told of the call and of a refusal.
  template <class MakeCall, class Work>
  auto tell(const MakeCall& makeCall, const Work& work) {
    if (journal_ == nullptr) [[likely]]
      return work();
    return tellFirst(makeCall, work);
  }

  [[nodiscard]] ContentVersion requestedVersion(BlockHandle handle) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> framesSinceUse(BlockHandle handle) const noexcept;
  [[nodiscard]] std::span<const Error> errors() const noexcept { return errors_; }
  [[nodiscard]] FitReport wouldFit(std::span<const PartDesc> parts, Lifetime lifetime) const;
  [[nodiscard]] FitReport wouldFit(ByteCount bytes, ByteCount alignment, Lifetime lifetime) const;
  [[nodiscard]] EvictionReport wouldEvict(ByteCount bytes, ByteCount alignment) const;
  [[nodiscard]] DetailedStats detailedStats() const;
  [[nodiscard]] SharedUsage sharedUsage() const;
  void inspect(PoolVisitor& visitor) const;
  [[nodiscard]] std::optional<BlockView> inspect(BlockHandle handle) const;
  [[nodiscard]] std::span<const Refusal> refusals() const noexcept { return refusals_.entries(); }
  [[nodiscard]] std::string dump() const;
  [[nodiscard]] const PoolDesc& desc() const noexcept { return desc_; }

 private:
  class Dump;
  static constexpr std::size_t kNameBytes = 48;
  static constexpr std::size_t kMaxParts = 64;

  /// New contents for a part, or a new part, that wait for the block's running relocation, or for the next step.
  struct Edit {
    PartId part{};
    PartKind kind = PartKind::Vertex;
    bool adds = false;                    ///< The part is new: nothing shows it yet. All its bytes are given.
    bool inPlace = false;                 ///< Overwrites the part where it is.
    std::uint32_t bytes = 0;              ///< Of the part.
    std::optional<std::uint32_t> offset;  ///< Taken in the allocation map of the block's newest place.
    EditRanges ranges;
    std::source_location where{};
  };
  /// A range of a part that a call names.
  struct NamedRange {
    PartId part{};
    std::uint32_t offset = 0;
    std::uint32_t bytes = 0;
    std::size_t update = 0;  ///< Index in the call.
  };

  /// What a block has in addition when its parts come and go, or change in gaps of it.
  struct LiveParts {
    PartTable table;
    AllocationMap map;                           ///< Of `Block::place`.
    std::optional<SharedBlocks::Member> shared;  ///< The block is a shared one.
  };

  struct Block {
    std::uint32_t generation = 0;  ///< Of the live block, or of the last one at this index.
    bool live = false;
    bool queuedForUpdate = false;
    bool queuedForCompaction = false;
    bool movable = true;  ///< Nobody has forbidden it, and the device does not write it.
    bool kept = false;    ///< There are shadows of its parts.
    // Of pools that evict (pool_residency.cpp):
    bool absent = false;           ///< Its bytes are somewhere else, and not on their way.
    bool returning = false;        ///< They are on their way back.
    bool demoted = false;          ///< Long-lived no more, as far as leaving goes.
    bool wantedForGood = false;    ///< Whether frames go on missing it or not.
    std::uint8_t wanted = 0;       ///< The priority with which it is to come back; 0: nobody asks for it.
    std::uint32_t leaving = 0;     ///< Which of `leaving_` it is; 0: none.
    std::uint64_t wantedStep = 0;  ///< In which it was asked for last.
    Tag tag = kUntagged;
    Lifetime lifetime = Lifetime::Streaming;
    ContentVersion requested = 0;
    std::uint32_t owners = 0;
    std::uint32_t pins = 0;
    ByteCount liveBytes = 0;
    SnapshotNumber firstNamed = 0;  ///< The first snapshot that names the block.
    SnapshotNumber layoutFirstNamed = 0;
    Placement place;  ///< Null range: no bytes on the device.
    SnapshotNumber placeFirstNamed = 0;
    std::uint32_t placeNumber = 0;     ///< Counts places: what was retired in one is nothing of the next.
    Relocation* relocation = nullptr;  ///< Running.
    std::vector<Edit> edits;
    ByteCount laterInPlaceBytes = 0;   ///< That edits in place have brought, and staging has to take at once.
    std::unique_ptr<LiveParts> parts;  ///< Null: the parts are those of the layout, one place after the other.
    std::source_location where{};      ///< Of the last call that asked for contents.
    std::uint64_t changedStep = 0;     ///< The step in which it was added, or contents of it arrived last.
    std::array<char, kNameBytes> name{};
  };

  class Mover;

  /// What making a chunk for a request comes to.
  struct Growth {
    FitOutcome outcome = FitOutcome::Grows;
    ByteCount chunkBytes = 0;    ///< Grows: its size.
    ByteCount missingBytes = 0;  ///< OverBudget: by how much it is over the limit when all empty chunks have gone.
  };

  /// A block of `inPlacePieces_`.
  struct Gathered {
    std::uint32_t block;
    ByteCount bytes;
  };

  /// A part that is read back, and a block that leaves when that is done.
  struct LeavingPart {
    PartId part{};
    ByteCount bytes = 0;
    std::shared_ptr<std::byte[]> copy;
    std::vector<Readback> reads;  ///< Of one page each, front to back.
    std::size_t taken = 0;
  };
  struct Leaving {
    BlockHandle block;
    std::uint32_t number = 0;
    std::uint64_t step = 0;    ///< In which it began.
    ByteCount placeBytes = 0;  ///< That come free.
    bool forced = false;       ///< Also if frames draw it.
    bool failed = false;       ///< Something could not be read back.
    std::vector<LeavingPart> parts;
  };

  struct RetiredRange {
    Placement place;
    Lifetime lifetime;
  };
  /// A range inside a block's place. If the block has left it meanwhile, the place retires as a whole.
  struct RetiredPart {
    BlockHandle block;
    std::uint32_t place;  ///< `Block::placeNumber`.
    std::uint32_t offset;
    std::uint32_t bytes;
  };
  struct RetiredLayout {
    const BlockLayout* layout;
    bool shared;
  };
  struct RetiredMirror {
    std::uint32_t mirror;
  };
  using Retired = std::variant<RetiredRange, BlockHandle, RetiredLayout, RetiredPart, RetiredMirror>;

  [[nodiscard]] const Block* find(BlockHandle handle) const noexcept;
  [[nodiscard]] Block* find(BlockHandle handle) noexcept {
    return const_cast<Block*>(std::as_const(*this).find(handle));
  }
  [[nodiscard]] Error staleHandle(BlockHandle handle, std::source_location where) const;
  [[nodiscard]] Error named(Error error, std::string_view name, BlockHandle handle, std::source_location where) const;
  [[nodiscard]] Error pinned(const Block& block, BlockHandle handle, std::source_location where) const;
  [[nodiscard]] ChunkSpace& space(Lifetime lifetime) noexcept { return spaces_[static_cast<std::size_t>(lifetime)]; }
  [[nodiscard]] const ChunkSpace& space(Lifetime lifetime) const noexcept {
    return spaces_[static_cast<std::size_t>(lifetime)];
  }

  /// What `acquirePlace` would do, whatever the soft limit says.
  [[nodiscard]] FitReport wouldPlace(ByteCount bytes, ByteCount alignment, Lifetime lifetime) const;

  // For tools (pool_inspect.cpp).
  void inspectFrames(PoolVisitor& visitor) const;
  void inspectChunks(PoolVisitor& visitor) const;
  void inspectBlocks(PoolVisitor& visitor) const;
  void inspectRetired(PoolVisitor& visitor) const;
  void inspectMirrors(PoolVisitor& visitor) const;
  [[nodiscard]] BlockView viewOf(std::uint32_t index, std::uint64_t newestFrame) const;

  /// Adds under a handle that was taken from the reserve; on an error it is still taken.
  /// `queued`: what the instruction queue brought, if it did.
  Result<void> addAs(BlockHandle handle, const BlockDesc& desc, std::source_location where,
                     const InstructionContents* queued = nullptr);
  /// Makes the block that the handle names, without bytes.
  void install(BlockHandle handle, const BlockDesc& desc, const BlockLayout* layout, std::source_location where);
  void startFirst(BlockHandle handle, Relocation& relocation);
  void countParts(BlockHandle handle, const BlockDesc& desc, ByteCount liveBytes, bool ofQueue);
  Result<Placement> acquirePlace(Lifetime lifetime, ByteCount bytes, ByteCount alignment);
  Result<ChunkIndex> makeChunk(Lifetime lifetime, ByteCount bytes, bool dedicated);
  void growAhead(bool quiet);
  /// Adds what a source gives for [offset, offset + bytes): one range if it gives them later; otherwise they are staged
  /// now, in ranges that fit in a page. On an error some may have been added.
  Result<void> takeContents(EditRanges& ranges, std::uint32_t offset, std::uint32_t bytes, const Source& source,
                            std::source_location where);
  /// Makes edits of an update that `nameRanges` has checked.
  Result<void> takeUpdates(const Block& block, BlockHandle handle, std::span<const PartUpdate> updates,
                           std::vector<Edit>& edits, std::source_location where);
  void mergeEdits(Block& block, std::vector<Edit>& edits, bool inPlace);
  /// Checks an update, and puts its ranges into `namedRanges_`, in order. Returns their bytes.
  Result<ByteCount> nameRanges(const Block& block, BlockHandle handle, std::span<const PartUpdate> updates,
                               std::source_location where);
  void queueForUpdate(std::uint32_t index);
  void removeBlock(Block& block, BlockHandle handle);

  /// Retires what the snapshots from `first` on name, and the next one does not.
  void retire(const Retired& item, SnapshotNumber first, ByteCount bytes = 0) {
    retirement_.retire(item, first, ring_.published(), relocations_.lastUse(), bytes);
  }
  // Updates in place (pool_in_place.cpp).
  [[nodiscard]] static bool onlyInPlace(const Block& block);
  /// Makes pieces of what waits, within half of the quota, and takes them from it.
  Result<void> gatherInPlace(StepQuota& quota, StepReport& report);
  Result<void> stageInPlace(Block& block, std::uint32_t index);
  Result<void> stageRange(const Edit& edit, const EditRanges::Range& range, BlockHandle handle, EditRanges& staged);
  ByteCount addPiecesInPlace(Block& block, std::uint32_t index);
  Result<void> submitInPlace(StepReport& report);
  // Bytes that come back (pool_readback.cpp).
  void readBackFor(const ReadRange& range, ReadPromise promise, std::source_location where);
  [[nodiscard]] Result<ReadbackQueue::Found> findRange(const ReadRange& range, std::source_location where) const;
  Result<void> submitReadbacks(const StepQuota& quota, StepReport& report);
  // Copies on the host (pool_shadows.cpp).
  Result<void> checkKept(std::span<const PartDesc> parts, std::source_location where) const;
  void keepPart(BlockHandle handle, PartId id, const PartDesc& part, bool ofQueue);
  void writeShadows(const Block& block, BlockHandle handle, std::span<const PartUpdate> updates);
  [[nodiscard]] Result<Shadows::Shadow*> shadowOf(BlockHandle handle, PartId part, std::source_location where);
  void refreshShadows();
  Result<bool> refreshOne(const Block& block, const Shadows::Key& key, Shadows::Shadow& shadow);
  // Blocks that leave the device, and come back (pool_residency.cpp).
  [[nodiscard]] const Source* homeOf(const Block& block, std::uint32_t index, PartId part) const;
  void noteContents(std::uint32_t index, PartId part, std::uint32_t bytes, EditRanges& ranges);
  void bringHome(const Block& block, std::uint32_t index, PartId part, std::uint32_t bytes, EditRanges& ranges);
  [[nodiscard]] bool keepAtHome(BlockHandle handle, std::span<const PartDesc> parts, const InstructionContents* queued);
  [[nodiscard]] std::optional<std::vector<LeavingPart>> partsToReadBack(const Block& block, std::uint32_t index) const;
  [[nodiscard]] static ByteCount bytesOf(std::span<const LeavingPart> parts);
  struct LeavingCost {
    ByteCount readBackBytes = 0;
    ByteCount storeBytes = 0;
  };
  [[nodiscard]] std::optional<LeavingCost> costOfLeaving(const Block& block, std::uint32_t index) const;
  [[nodiscard]] static bool isLongLived(const Block& block) noexcept {
    return block.lifetime == Lifetime::LongLived && !block.demoted;
  }
  /// Whether it may leave in this step. `forced`: its chunk has to go. Then an update that waits leaves with it: the
  /// room that it waits for may be that.
  [[nodiscard]] bool mayLeave(const Block& block, std::uint64_t step, bool forced = false) const;
  void evict(Block& block, std::uint32_t index, StepReport& report);
  [[nodiscard]] bool beginLeaving(Block& block, std::uint32_t index, bool forced, StepReport& report);
  [[nodiscard]] bool takeRead(Leaving& leaving, ByteCount& allowed) const;
  void finishLeaving(const StepQuota& quota, StepReport& report);
  void endLeaving(Leaving& leaving, StepReport& report);
  [[nodiscard]] bool drawnLately(std::uint32_t index);
  void want(Block& block, std::uint32_t index, Priority priority, bool lasts);
  Result<void> startRestores(const StepQuota& quota, StepReport& report);
  Result<Placement> acquireToReturn(const Block& block, const LayoutSize& size);
  void noteReturn(Block& block, std::uint32_t index);
  void noteArrival(Block& block, std::uint32_t index, StepReport& report);
  void forgetResidency(Block& block, std::uint32_t index);
  // Room for them (pool_room.cpp).
  [[nodiscard]] ByteCount placedBytes() const noexcept;
  [[nodiscard]] bool admits(ByteCount bytes) const noexcept;
  void noteRoom() noexcept;
  /// Whether it would have gone well with more room, which removals and evictions make.
  [[nodiscard]] static bool wantsRoom(const Error& error) noexcept {
    return error.code == ErrorCode::OutOfBudget || error.code == ErrorCode::TooManyChunks;
  }
  /// What has to leave.
  struct Shortage {
    ByteCount bytes = 0;
    bool ofHoles = false;  ///< Enough is free, but in small pieces.
  };
  [[nodiscard]] Shortage shortageWith(ByteCount wanted) const;
  void makeRoom(const StepQuota& quota, StepReport& report);
  void chooseVictims(const Shortage& shortage);
  template <class Take>
  void takeColdest(Residency& residency, const Shortage& shortage, std::uint32_t looks, std::uint32_t closeLooks,
                   const Take& take) const;

  // Limits that change (pool_budget.cpp).
  void setLimits(ByteCount hard);
  void beginShrinking();
  [[nodiscard]] bool isHeld(const Block& block) const noexcept;
  template <class Visit>
  void forEachMirrorPlace(const Visit& visit) const;
  [[nodiscard]] ByteCount seenDeviceLimit();
  void followBudget(const StepQuota& quota, StepReport& report, std::chrono::steady_clock::time_point now);
  void noteHeld(const Block& block);
  void evacuate(const StepQuota& quota, StepReport& report);

  // Parts that come and go (pool_parts.cpp).
  LiveParts& liveParts(Block& block, std::uint32_t index);
  [[nodiscard]] static bool leaves(const Block& block);
  /// The allocation map of the place where the block is, or is going.
  [[nodiscard]] static AllocationMap& newestMap(const Block& block);
  [[nodiscard]] static const Placement& newestPlace(const Block& block);
  [[nodiscard]] bool placeEdit(const Block& block, Edit& edit) const;
  static void unplaceEdit(const Block& block, Edit& edit);
  void dropEdit(Block& block, Edit& edit);
  void showIfNewest(const Block& block, std::uint32_t index);
  void dropStaleEdits(Block& block, std::uint32_t index);
  void forgetPart(Block& block, PartId part);
  /// The size of a part that is here, shown or not; 0: it is not.
  [[nodiscard]] ByteCount partBytes(const Block& block, std::uint32_t index, PartId part) const;
  /// The places of the block's layout, at least `count`, to change for the next snapshot.
  std::span<PartPlacement> editLayout(Block& block, std::uint32_t index, std::uint32_t count);
  void writeInlineParts(std::uint32_t index);
  void retirePart(const Block& block, std::uint32_t index, std::uint32_t offset, std::uint32_t bytes,
                  SnapshotNumber first, SnapshotNumber last);
  void reclaimPart(const RetiredPart& part);
  void showArrived(Block& block, const Relocation& relocation);
  void loseParts(Block& block, BlockHandle handle);
  void loseEdits(Block& block, std::uint32_t index);
  Result<Placement> acquireRoomyPlace(const Block& block, const LayoutSize& size);
  void startRelocation(Block& block, std::uint32_t index, Relocation& relocation);
  [[nodiscard]] bool startInGaps(Block& block, std::uint32_t index);
  Result<void> startMove(Block& block, std::uint32_t index);
  /// New parts that came with a relocation that failed are gone, and so are their places.
  void dropFailedParts(Block& block, const Relocation& relocation);

  // Moves for room (pool_moves.cpp).
  void defragment(const StepQuota& quota);
  void compactBlocks(const StepQuota& quota);
  [[nodiscard]] bool movesEnough(const StepQuota& quota) const;
  [[nodiscard]] bool atRest(const Block& block) const;
  [[nodiscard]] bool settled(const Block& block) const;
  /// Lets a block move to a place in a chunk that holds something. REQUIRES: it is `settled`.
  [[nodiscard]] bool startMoveForRoom(Block& block, std::uint32_t index, bool compacts);
  [[nodiscard]] std::optional<Placement> placeForMove(const Block& block, ByteCount bytes, ByteCount alignment);
  /// Something else is wanted of the block.
  void dropMove(Block& block);
  /// Its place has gaps: perhaps so many that it should be compacted.
  void noteGaps(Block& block, std::uint32_t index);
  /// The chunk that is being emptied, if it has room for this.
  [[nodiscard]] std::optional<ChunkIndex> revivable(Lifetime lifetime, ByteCount bytes, ByteCount alignment) const;
  /// Puts it back into service. False: there is none.
  bool reviveChunk(Lifetime lifetime, ByteCount bytes, ByteCount alignment);
  [[nodiscard]] Defragmenter& defragmenterOf(Lifetime lifetime) noexcept {
    return defragmenters_[static_cast<std::size_t>(lifetime)];
  }
  [[nodiscard]] const Defragmenter& defragmenterOf(Lifetime lifetime) const noexcept {
    return defragmenters_[static_cast<std::size_t>(lifetime)];
  }
  [[nodiscard]] std::vector<std::uint32_t>& tenants(Lifetime lifetime) {
    return tenants_[static_cast<std::size_t>(lifetime)];
  }

  // Shared blocks (pool_shared.cpp).
  Result<SharedPart> addSharedBlock(const SharedPartDesc& desc, const LayoutSize& size, Edit& edit,
                                    std::source_location where);
  Result<Placement> acquireSharedPlace(const SharedBlocks::Key& key, const LayoutSize& size);
  [[nodiscard]] static bool affords(const LiveParts& parts, const AllocationMap& map, std::uint32_t bytes);
  void forgetUnseen(BlockHandle handle, PartId part);
  [[nodiscard]] static ByteCount heldBytes(const Block& block);
  static void offerGaps(const Block& block);

  // Mirrors of the records (pool_records.cpp).
  PublishReport publishChanges();
  std::optional<std::uint32_t> mirrorRecords(PublishReport& report);
  Result<void> growMirror(std::uint32_t mirror, ByteCount bytes);
  Result<void> growRecords(std::uint32_t index, std::source_location where);
  void retireMirror(std::uint32_t mirror, SnapshotNumber last);
  void retireMirrorPlace(const Placement& place);
  void reclaimMirror(std::uint32_t mirror);
  void giveUpMirror(std::uint32_t mirror);
  void loseMirrors();
  [[nodiscard]] ByteCount openPages() const noexcept {
    return staging_.openPages() + readbacks_.openPages() + (mirrors_ != nullptr ? mirrors_->staging().openPages() : 0);
  }
  /// Allocations that chunks leave to staging: what it has, and a page of each use that has none.
  [[nodiscard]] ByteCount pagesKept() const noexcept {
    if (!desc_.evicts) return openPages();
    return std::max<ByteCount>(openPages(), 1) + (readbacks_.openPages() == 0 ? 1 : 0);
  }
  [[nodiscard]] ByteCount stagingBytes() const noexcept { return openPages() * desc_.stagingPageBytes; }

  /// The block has come to its place.
  void noteTenant(const Block& block, std::uint32_t index);
  void retirePlace(const Block& block);
  /// The destination of a relocation, which no snapshot has named: only the copies have to be done.
  void retireDestination(const Block& block, const Placement& to);

  // What comes from outside (pool_journal.cpp): as it is, or as the journal has it.
  [[nodiscard]] std::uint64_t seen(RecordKind what, std::uint64_t value, std::uint32_t which = 0) {
    return witnessed(journal_, what, value, which);
  }
  [[nodiscard]] FrameGate::Progress seenProgress();
  [[nodiscard]] TimelineValue seenCompleted(QueueId queue);
  [[nodiscard]] ByteCount seenPages() { return seen(RecordKind::Pages, pagesKept()); }
  [[nodiscard]] std::chrono::steady_clock::time_point seenNow();
  [[nodiscard]] BlockHandle takeHandle();
  [[nodiscard]] SharedThing* takeDropped();
  void takeMisses();
  [[nodiscard]] std::optional<Placement> takePlace(Lifetime lifetime, ByteCount bytes, ByteCount alignment);
  void noteStep(const StepReport& report);
  [[nodiscard]] std::uint64_t hashOfChanges() const;

  void drainInstructions(StepReport& report);
  Result<void> carryOut(const Instruction& instruction);
  Result<void> run(const Instruction& instruction);
  void carryOutDrop(SharedThing& thing);
  void serveMisses(StepReport& report);
  void completeRelocations(TimelineValue copied, StepReport& report);
  Result<void> submitCopies(StepQuota& quota, StepReport& report);
  /// Tells the profiler, if there is one.
  void plot(const StepReport& report) const;
  Result<void> startUpdates(const StepQuota& quota, StepReport& report);
  Result<void> startUpdate(Block& block, std::uint32_t index);
  void dropFailed();
  ByteCount reclaim(std::chrono::steady_clock::time_point now);
  void noteLateFrames(std::chrono::steady_clock::time_point now);
  Result<void> poll();
  void loseDevice();
  /// How far a queue is; a lost device has nothing left to do.
  [[nodiscard]] TimelineValue completed(QueueId queue) const noexcept;
  /// `pages`: staging pages that are open.
  [[nodiscard]] Growth growthFor(Lifetime lifetime, ByteCount bytes, ByteCount alignment, ByteCount pages) const;
  [[nodiscard]] Error refusal(const Growth& growth, Lifetime lifetime, ByteCount bytes) const;
  /// The numbers of OutOfBudget, for so many bytes.
  [[nodiscard]] ErrorNumbers shortOf(Lifetime lifetime, ByteCount bytes) const;
  /// The error for a caller that was refused a place, which the log of refusals keeps.
  Error refused(const Error& error, const PlaceRequest& request, std::string_view name, BlockHandle handle,
                std::source_location where);
  [[nodiscard]] ByteCount roomBytes() const noexcept;
  [[nodiscard]] bool allocationsLeft(ByteCount pages) const noexcept;
  bool releaseEmptyChunk(std::chrono::steady_clock::time_point now);
  bool releaseAnyEmptyChunk();
  void releaseChunk(ChunkSpace& chunkSpace, ChunkIndex chunk);
  [[nodiscard]] RetirementStats retirementStats() const;
  [[nodiscard]] std::array<ChunkClassStats, 2> classStats() const;
  [[nodiscard]] std::vector<TagStats> tagStats() const;
  void notePeaks();

  PoolDesc desc_;
  Gauge<ByteCount> hardLimitBytes_;
  Gauge<ByteCount> softLimitBytes_;
  Journal* const journal_;  ///< Null: nobody looks on.
  Device& device_;
  HandleReserve handles_;
  StagingPages staging_;       ///< Outlives all that is staged, also what waits in instructions.
  Instructions instructions_;  ///< Outlives the sources that came through it, wherever they lie below.
  std::shared_ptr<DropList> dropped_ = std::make_shared<DropList>();
  ChunkTable chunks_;
  FrameGate gate_;
  SnapshotRing ring_;
  std::array<ChunkSpace, 2> spaces_;                   ///< By `Lifetime`.
  std::array<Defragmenter, 2> defragmenters_;          ///< By `Lifetime`, as what follows.
  std::array<std::source_location, 2> goalsFrom_;      ///< The calls that have set their goals last.
  std::array<std::vector<std::uint32_t>, 2> tenants_;  ///< By index of a range: the block whose place it is, or 0.
  LayoutStore layouts_;
  TagTable tags_;
  RelocationQueue relocations_;
  ReadbackQueue readbacks_;
  Shadows shadows_;
  Store store_;
  Residency residency_{ResidencyPolicy{}};
  std::unique_ptr<RecordMirrors> mirrors_;   ///< Null: none are wanted.
  Retirement<Retired> retirement_;           ///< What snapshots name.
  Retirement<SharedThing*> retiredObjects_;  ///< What no snapshot names: their clock is the frames.

  SharedBlocks sharedBlocks_;
  std::deque<Block> blocks_;             ///< By index; grows without moving.
  std::vector<NamedRange> namedRanges_;  ///< Of the running call.
  // Of handles: an index may have another block by its turn.
  std::vector<BlockHandle> updateQueue_;     ///< Blocks with edits and no running relocation, oldest first.
  std::vector<BlockHandle> inPlaceQueue_;    ///< Blocks whose edits overwrite them, and no running relocation.
  std::deque<BlockHandle> compactionQueue_;  ///< Blocks with large gaps, oldest first.
  std::vector<PartMove> partMoves_;          ///< Of the block that is about to move.
  std::vector<CopyPiece> inPlacePieces_;     ///< Of the running step.
  std::vector<Gathered> gathered_;           ///< The blocks of `inPlaceQueue_` that they belong to.
  std::vector<RelocationQueue::Failed> failed_;
  std::vector<Error> errors_;          ///< Of the last step.
  std::vector<OpenFrame> lateFrames_;  ///< Of the last step.
  struct MissedBlock {
    std::uint32_t index;
    Priority priority;
  };
  std::vector<MissedBlock> misses_;                ///< Of the running step.
  std::array<std::deque<BlockHandle>, 4> wanted_;  ///< By priority: absent blocks that are to come back, oldest first.
  std::deque<Leaving> leaving_;                    ///< Oldest first.
  std::uint32_t lastLeaving_ = 0;
  ByteCount leavingBytes_ = 0;  ///< That come free with them.
  sync::Atomic<bool> nearlyFull_{false};
  ByteCount missingBytes_ = 0;          ///< For which no room was found since the last step that made some.
  std::vector<std::uint32_t> victims_;  ///< Of the running step.
  bool followsDevice_ = false;          ///< The hard limit is what the device says.
  bool toldOfShrink_ = false;           ///< That a limit which has fallen is not reached.
  ByteCount softBytes_ = 0;             ///< As it was set; 0: a part of the hard limit.
  std::uint64_t shrinkSince_ = 0;       ///< Since this step there is more than the limit, or the limits were set in it.
  std::chrono::steady_clock::time_point askedDevice_;
  Evacuation evacuation_{spaces_, defragmenters_};
  std::uint32_t lastEvacuated_ = 0;  ///< The block that was looked at last, whether its chunk goes.
  // Where `add` lays parts out: on the stack, to make so many of them would be a good part of its cost.
  EditRanges taken_;  ///< Of the part that is being added.
  std::array<PartRequest, kMaxParts> requests_;
  std::array<PartPlacement, kMaxParts> placements_;
  TimelineValue visibleCopies_ = 0;   ///< The copy value behind all records of the master.
  std::uint64_t noGrowthBefore_ = 0;  ///< The step in which a chunk may be made ahead again, after the device refused.
  RefusalLog refusals_;
  Gauge<std::uint64_t> steps_;
  Gauge<bool> lost_;
  Counters counters_;
};

}  // namespace flux
