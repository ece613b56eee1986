#pragma once

#include "alloc/block_layout.hpp"
#include "alloc/chunk_space.hpp"
#include "base/handle_reserve.hpp"
#include "frame/drop_list.hpp"
#include "frame/frame_gate.hpp"
#include "frame/retirement.hpp"
#include "frame/snapshot_ring.hpp"
#include "pool/chunk_table.hpp"
#include "pool/instructions.hpp"
#include "pool/relocation.hpp"
#include "transfer/staging_pages.hpp"

#include <flux/pool.hpp>

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flux {

/// The smallest chunk: of a small pool's first one, and of the last one under a limit.
inline constexpr ByteCount kSmallestChunkBytes = 64 * kKiB;

/// The pool's state. Everything here belongs to the geometry thread, except the places where other threads meet it:
/// `gate_`, `handles_`, `instructions_`, `dropped_`.
///
/// A block passes through: added (Absent, a first relocation runs) → Resident → updates, one relocation at a time,
/// later edits wait and merge → removed (the handle is refused, its places retire). All bytes move through
/// `relocations_`; all memory that a snapshot or a queue may still use goes through `retirement_`.
class Pool::Impl {
 public:
  Impl(Device& device, const PoolDesc& desc, ChunkListener* listener);
  ~Impl();

  Result<BlockHandle> add(const BlockDesc& desc, std::source_location where);
  Result<ContentVersion> update(BlockHandle handle, std::span<const PartUpdate> parts, std::source_location where);
  Result<void> remove(BlockHandle handle, std::source_location where);
  Result<void> retain(BlockHandle handle, std::source_location where);
  Result<void> release(BlockHandle handle, std::source_location where);
  Result<void> pin(BlockHandle handle, std::source_location where);
  Result<void> unpin(BlockHandle handle, std::source_location where);
  Result<void> request(BlockHandle handle, Priority priority, std::source_location where);
  Result<StepReport> step(const StepQuota& quota, std::chrono::steady_clock::time_point now);
  Result<ByteCount> collect();
  PublishReport publish();
  Result<void> reserve(ByteCount bytes, Lifetime lifetime, std::source_location where);

  // Any thread:
  Frame beginFrame(const char* label) { return gate_.begin(label); }
  SharedThing* share(const ThingDesc& desc) { return dropped_->create(desc); }
  [[nodiscard]] HandleReserve& handles() noexcept { return handles_; }
  [[nodiscard]] Instructions& instructions() noexcept { return instructions_; }

  [[nodiscard]] ContentVersion requestedVersion(BlockHandle handle) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> framesSinceUse(BlockHandle handle) noexcept;
  [[nodiscard]] std::span<const Error> errors() const noexcept { return errors_; }
  [[nodiscard]] FitReport wouldFit(std::span<const PartDesc> parts, Lifetime lifetime) const;
  [[nodiscard]] FitReport wouldFit(ByteCount bytes, ByteCount alignment, Lifetime lifetime) const;
  [[nodiscard]] PoolStats stats() const;
  [[nodiscard]] std::string dump() const;

 private:
  static constexpr std::size_t kNameBytes = 48;
  static constexpr std::size_t kMaxParts = 64;

  /// New contents for a part that wait for the block's running relocation, or for the next step.
  struct Edit {
    PartId part{};
    Source source = Source::bytes({});
    std::vector<StagingSpan> staged;  ///< Used instead of `source` when not empty.
  };

  struct Block {
    std::uint32_t generation = 0;  ///< Of the live block, or of the last one at this index.
    bool live = false;
    bool queuedForUpdate = false;
    Lifetime lifetime = Lifetime::Streaming;
    ContentVersion requested = 0;
    std::uint32_t owners = 0;
    std::uint32_t pins = 0;
    ByteCount liveBytes = 0;
    SnapshotNumber firstNamed = 0;  ///< The first snapshot that names the block.
    Placement place;                ///< Null range: no bytes on the device.
    SnapshotNumber placeFirstNamed = 0;
    Relocation* relocation = nullptr;  ///< Running.
    std::vector<Edit> edits;
    std::source_location where{};  ///< Of the last call that asked for contents.
    std::array<char, kNameBytes> name{};
  };

  /// What making a chunk for a request comes to.
  struct Growth {
    FitOutcome outcome = FitOutcome::Grows;
    ByteCount chunkBytes = 0;    ///< Grows: its size.
    ByteCount missingBytes = 0;  ///< OverBudget: by how much it is over the limit when all empty chunks have gone.
  };

  struct RetiredRange {
    Placement place;
    Lifetime lifetime;
  };
  using Retired = std::variant<RetiredRange, BlockHandle, const BlockLayout*>;

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

  /// Adds under a handle that was taken from the reserve; on an error it is still taken.
  Result<void> addAs(BlockHandle handle, const BlockDesc& desc, std::source_location where);
  Result<Placement> acquirePlace(Lifetime lifetime, ByteCount bytes, ByteCount alignment);
  Result<ChunkIndex> makeChunk(Lifetime lifetime, ByteCount bytes, bool dedicated);
  Result<std::vector<StagingSpan>> stage(std::span<const std::byte> data);
  void releaseStaged(std::span<const Edit> edits);
  void queueForUpdate(std::uint32_t index);
  void removeBlock(Block& block, BlockHandle handle);

  /// Retires what the snapshots from `first` on name, and the next one does not.
  void retire(const Retired& item, SnapshotNumber first, ByteCount bytes = 0) {
    retirement_.retire(item, first, ring_.published(), relocations_.lastUse(), bytes);
  }
  void retirePlace(const Block& block);
  /// The destination of a relocation, which no snapshot has named: only the copies have to be done.
  void retireDestination(const Block& block, const Placement& to);

  void drainInstructions(StepReport& report);
  Result<void> carryOut(const Instruction& instruction);
  void carryOutDrop(SharedThing& thing);
  void serveMisses(StepReport& report);
  void completeRelocations(StepReport& report);
  Result<void> startUpdates(const StepQuota& quota, StepReport& report);
  Result<void> startUpdate(Block& block, std::uint32_t index);
  void dropFailed();
  ByteCount reclaim(std::chrono::steady_clock::time_point now);
  void noteLateFrames(std::chrono::steady_clock::time_point now);
  Result<void> poll();
  void loseDevice();
  /// How far a queue is; a lost device has nothing left to do.
  [[nodiscard]] TimelineValue completed(QueueId queue) const noexcept;
  [[nodiscard]] Growth growthFor(Lifetime lifetime, ByteCount bytes, ByteCount alignment) const;
  [[nodiscard]] Error refusal(const Growth& growth, Lifetime lifetime, ByteCount bytes) const;
  [[nodiscard]] ByteCount roomBytes() const noexcept;
  [[nodiscard]] bool allocationsLeft() const noexcept;
  bool releaseEmptyChunk(std::chrono::steady_clock::time_point now);
  bool releaseAnyEmptyChunk();
  void releaseChunk(ChunkSpace& chunkSpace, ChunkIndex chunk);
  [[nodiscard]] RetirementStats retirementStats() const;
  void notePeaks();

  Device& device_;
  PoolDesc desc_;
  ByteCount hardLimitBytes_;
  HandleReserve handles_;
  Instructions instructions_;  ///< Outlives the sources that came through it, wherever they lie below.
  std::shared_ptr<DropList> dropped_ = std::make_shared<DropList>();
  ChunkTable chunks_;
  FrameGate gate_;
  SnapshotRing ring_;
  std::array<ChunkSpace, 2> spaces_;  ///< By `Lifetime`.
  LayoutStore layouts_;
  StagingPages staging_;
  RelocationQueue relocations_;
  Retirement<Retired> retirement_;           ///< What snapshots name.
  Retirement<SharedThing*> retiredObjects_;  ///< What no snapshot names: their clock is the frames.

  std::deque<Block> blocks_;                ///< By index; grows without moving.
  std::vector<std::uint32_t> updateQueue_;  ///< Blocks with edits and no running relocation, oldest first.
  std::vector<RelocationQueue::Failed> failed_;
  std::vector<Error> errors_;          ///< Of the last step.
  std::vector<OpenFrame> lateFrames_;  ///< Of the last step.
  TimelineValue visibleCopies_ = 0;    ///< The copy value behind all records of the master.
  std::uint64_t steps_ = 0;
  bool lost_ = false;
  PoolStats counters_;  ///< Its gauges are filled in by `stats`.
};

}  // namespace flux
