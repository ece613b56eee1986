#pragma once

#include "base/reserved_memory.hpp"
#include "frame/frame_gate.hpp"

#include <flux/snapshot.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace flux {

/// The snapshots: a private master copy of all records, and a ring of flat tables that are brought up to date by
/// replaying lists of changed indices. Snapshot s lives in slot s mod K; the slot last held s - K, so K lists
/// make it equal to the master, at a cost that follows the changes, not the records.
///
/// **Thread contract.** Geometry thread only. Readers reach the slots through `FrameGate`.
///
/// **Invariants.** (I1) A pinned or published slot is never written. (I8) A slot equals the master after its
/// replay (compared in debug builds). Records never move.
class SnapshotRing {
 public:
  /// `chunks` is the chunk table that every snapshot points to; it outlives the ring.
  SnapshotRing(FrameGate& gate, std::uint32_t capacity, const ChunkInfo* chunks);

  /// Makes records [0, count) exist. False, and nothing changed: over the capacity, or the system has no memory.
  [[nodiscard]] bool grow(std::uint32_t count);
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

  [[nodiscard]] const HotRecord& hot(std::uint32_t index) const noexcept { return master_.hot[index]; }
  [[nodiscard]] const ColdRecord& cold(std::uint32_t index) const noexcept { return master_.cold[index]; }

  /// A record to change; it joins the next snapshot. However often it changes before that, it is copied once.
  struct Edit {
    HotRecord& hot;
    ColdRecord& cold;
  };
  Edit edit(std::uint32_t index);

  struct Published {
    std::uint32_t changes = 0;
    bool deferred = false;
  };
  /// Publishes what changed, unless a frame still pins the slot: then the changes stay for the next call.
  /// Never waits. `copyValue`: the copy queue's value behind the bytes that the records name.
  Published publish(TimelineValue copyValue);

  /// The newest published snapshot; 0: none.
  [[nodiscard]] SnapshotNumber published() const noexcept { return published_; }

 private:
  struct Columns {
    explicit Columns(std::uint32_t capacity) : hot(capacity), cold(capacity) {}
    ReservedArray<HotRecord> hot;
    ReservedArray<ColdRecord> cold;
  };

  void replay(const std::vector<std::uint32_t>& changes, Columns& slot) const;
  [[nodiscard]] bool equalsMaster(const Columns& slot) const;

  FrameGate& gate_;
  const ChunkInfo* chunks_;
  Columns master_;
  std::array<Columns, kSnapshotSlots> slots_;
  std::vector<SnapshotNumber> listedFor_;  ///< By index: the snapshot whose change list it is in already.
  std::vector<std::uint32_t> changed_;     ///< Since the last publish.
  std::array<std::vector<std::uint32_t>, kSnapshotSlots> lists_;  ///< Of snapshot s: lists_[s mod K].
  std::uint32_t count_ = 0;
  SnapshotNumber published_ = 0;
};

}  // namespace flux
