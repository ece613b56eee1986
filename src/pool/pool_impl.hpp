#pragma once

#include "alloc/block_layout.hpp"
#include "alloc/chunk_space.hpp"
#include "frame/frame_gate.hpp"
#include "frame/retirement.hpp"
#include "frame/snapshot_ring.hpp"
#include "pool/chunk_table.hpp"
#include "pool/relocation.hpp"
#include "transfer/staging_pages.hpp"

#include <flux/pool.hpp>

#include <array>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flux {

/// The pool's state. Everything here belongs to the geometry thread, except `gate_`.
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
  Result<StepReport> step(const StepQuota& quota, std::chrono::steady_clock::time_point now);
  PublishReport publish();
  Frame beginFrame(const char* label) { return gate_.begin(label); }
  [[nodiscard]] ContentVersion requestedVersion(BlockHandle handle) const noexcept;
  [[nodiscard]] PoolStats stats() const;
  [[nodiscard]] std::string dump() const;

 private:
  static constexpr std::size_t kNameBytes = 48;
  static constexpr std::size_t kMaxParts = 64;
  /// For a relocation's destination that no snapshot has named: only the copies have to be done.
  static constexpr SnapshotNumber kNeverNamed = 0;

  /// New contents for a part that wait for the block's running relocation, or for the next step.
  struct Edit {
    PartId part{};
    Source source = Source::bytes({});
    std::vector<StagingSpan> staged;  ///< Used instead of `source` when not empty.
  };

  struct Block {
    std::uint32_t generation = 1;  ///< Of the live block, or of the next one at this index.
    bool live = false;
    bool queuedForUpdate = false;
    Lifetime lifetime = Lifetime::Streaming;
    ContentVersion requested = 0;
    ByteCount liveBytes = 0;
    Placement place;                   ///< Null range: no bytes on the device.
    Relocation* relocation = nullptr;  ///< Running.
    std::vector<Edit> edits;
    std::source_location where{};  ///< Of the last call that asked for contents.
    std::array<char, kNameBytes> name{};
  };

  struct RetiredRange {
    Placement place;
    Lifetime lifetime;
  };
  struct RetiredIndex {
    std::uint32_t index;
  };
  using Retired = std::variant<RetiredRange, RetiredIndex, const BlockLayout*>;

  [[nodiscard]] const Block* find(BlockHandle handle) const noexcept;
  [[nodiscard]] Block* find(BlockHandle handle) noexcept {
    return const_cast<Block*>(std::as_const(*this).find(handle));
  }
  [[nodiscard]] Error staleHandle(BlockHandle handle, std::source_location where) const;
  [[nodiscard]] Error named(Error error, std::string_view name, BlockHandle handle, std::source_location where) const;
  [[nodiscard]] ChunkSpace& space(Lifetime lifetime) noexcept { return spaces_[static_cast<std::size_t>(lifetime)]; }

  Result<std::uint32_t> acquireIndex();
  Result<Placement> acquirePlace(Lifetime lifetime, ByteCount bytes, ByteCount alignment);
  Result<std::vector<StagingSpan>> stage(std::span<const std::byte> data);
  void releaseStaged(std::span<const Edit> edits);
  /// `last`: the newest snapshot that may name the thing.
  void retire(const Retired& item, SnapshotNumber last) { retirement_.retire(item, last, relocations_.lastUse()); }
  void retirePlace(const Placement& place, Lifetime lifetime, SnapshotNumber last);
  void queueForUpdate(std::uint32_t index);

  void completeRelocations(StepReport& report);
  Result<void> startUpdates(const StepQuota& quota, StepReport& report);
  Result<void> startUpdate(Block& block, std::uint32_t index);
  void dropFailed();
  void reclaim(StepReport& report, std::chrono::steady_clock::time_point now);
  bool releaseEmptyChunk(std::chrono::steady_clock::time_point now);
  bool releaseAnyEmptyChunk();
  void releaseChunk(ChunkSpace& chunkSpace, ChunkIndex chunk);
  void notePeaks();

  Device& device_;
  PoolDesc desc_;
  ByteCount hardLimitBytes_;
  ChunkTable chunks_;
  FrameGate gate_;
  SnapshotRing ring_;
  std::array<ChunkSpace, 2> spaces_;  ///< By `Lifetime`.
  LayoutStore layouts_;
  StagingPages staging_;
  RelocationQueue relocations_;
  Retirement<Retired> retirement_;

  std::vector<Block> blocks_;
  std::vector<std::uint32_t> freeIndices_;
  std::vector<std::uint32_t> updateQueue_;  ///< Blocks with edits and no running relocation, oldest first.
  std::vector<RelocationQueue::Failed> failed_;
  std::vector<Error> errors_;        ///< Of the last step.
  TimelineValue visibleCopies_ = 0;  ///< The copy value behind all records of the master.
  std::uint64_t steps_ = 0;
  ByteCount retiredBytes_ = 0;
  PoolStats counters_;  ///< Its gauges are filled in by `stats`.
};

}  // namespace flux
