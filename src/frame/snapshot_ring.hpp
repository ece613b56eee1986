#pragma once

#include "base/reserved_memory.hpp"
#include "frame/frame_gate.hpp"
#include "frame/usage_board.hpp"

#include <flux/snapshot.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace flux {

/// The snapshots: a private master copy of all records, and three slots of flat columns. Each slot has a list of the
/// records in which it is behind the master; a publish takes the free slot that is least behind, replays its list, and
/// makes it the published one. So publishing costs in proportion to what changed, and a frame that stays open keeps one
/// slot and holds nobody up.
///
/// **Thread contract.** Geometry thread only. Readers reach the slots through `FrameGate`.
///
/// **Invariants.** (I1) A pinned or published slot is never written; in debug builds its memory is write-protected.
/// (I8) A slot equals the master after its replay; debug builds compare. A record that stands in no list of a slot
/// equals the master there. Records never move.
class SnapshotRing {
 public:
  /// `chunks` is the chunk table that every snapshot points to; it outlives the ring and has an entry 0.
  SnapshotRing(FrameGate& gate, std::uint32_t capacity, const ChunkInfo* chunks);

  /// Makes records [0, count) exist. False, and nothing changed: over the capacity, or the system has no memory.
  [[nodiscard]] bool grow(std::uint32_t count);
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

  [[nodiscard]] const HotRecord& hot(std::uint32_t index) const noexcept { return master_.hot[index]; }
  [[nodiscard]] const PartsRecord& parts(std::uint32_t index) const noexcept { return master_.parts[index]; }
  [[nodiscard]] const ColdRecord& cold(std::uint32_t index) const noexcept { return master_.cold[index]; }
  [[nodiscard]] UsageBoard& usage() noexcept { return usage_; }
  [[nodiscard]] const UsageBoard& usage() const noexcept { return usage_; }

  /// A record to change; it joins the next snapshot. However often it changes before that, it is copied once to each
  /// slot. REQUIRES: `index` is not 0; the references are used before the next call of the ring.
  struct Edit {
    HotRecord& hot;
    PartsRecord& parts;
    ColdRecord& cold;
  };
  Edit edit(std::uint32_t index);

  /// Whether there is something to publish, and whether `publish` would do it now. Frames that end may only make that
  /// so.
  [[nodiscard]] bool hasChanges() const noexcept { return !changed_.empty(); }
  /// The records that have changed since the last publish.
  [[nodiscard]] std::span<const std::uint32_t> changed() const noexcept { return changed_; }
  [[nodiscard]] bool canPublish() const { return gate_.freeSlots() != 0; }

  /// From now on `takeEdited` tells which records have been edited. Publishing has no part in that.
  void trackEdits();

  /// Calls `visit(index)` for each record that was edited since the last call. O(records visited).
  template <class Visit>
  void takeEdited(const Visit& visit) {
    for (const std::uint32_t index : edited_) {
      isEdited_[index] = 0;
      visit(index);
    }
    edited_.clear();
  }

  struct Published {
    std::uint32_t changes = 0;
    bool deferred = false;
  };
  /// Publishes what changed, unless frames pin every slot but the published one: then the changes stay for the next
  /// call. Never waits. `copyValue`: the copy queue's value behind the bytes that the records name. `records`: their
  /// mirror in device memory, if there is one.
  Published publish(TimelineValue copyValue, const Place& records = {});

  /// The records in which the slot that is furthest behind differs from the master: what a publish may have to copy
  /// beside its own changes.
  [[nodiscard]] std::size_t longestBacklog() const noexcept;

  /// Memory of one record: in the master copy and every slot, and what is noted beside them.
  static constexpr std::size_t kRecordBytes =
      (1 + kSnapshotSlots) * (sizeof(HotRecord) + sizeof(PartsRecord) + sizeof(ColdRecord)) + UsageBoard::kRecordBytes +
      sizeof(std::uint8_t);

  /// The newest published snapshot; 0: none.
  [[nodiscard]] SnapshotNumber published() const noexcept { return published_; }

 private:
  struct Columns {
    explicit Columns(std::uint32_t capacity) : hot(capacity), parts(capacity), cold(capacity) {}
    [[nodiscard]] bool commit(std::uint32_t count) noexcept {
      return hot.commit(count) && parts.commit(count) && cold.commit(count);
    }
    void protect(bool readOnly) noexcept {
      hot.protect(readOnly);
      parts.protect(readOnly);
      cold.protect(readOnly);
    }
    ReservedArray<HotRecord> hot;
    ReservedArray<PartsRecord> parts;
    ReservedArray<ColdRecord> cold;
  };
  struct Slot {
    explicit Slot(std::uint32_t capacity) : columns(capacity) {}
    Columns columns;
    std::vector<std::uint32_t> behind;  ///< Records that differ from the master, each once.
  };

  [[nodiscard]] std::uint32_t chooseSlot() const;
  void noteEdit(std::uint32_t index);
  void listChanges();
  /// Brings the slots that are free now forward, by a little more than what changed. Otherwise a slot that publishes
  /// did without for long would cost a copy of nearly everything when frames make it needed.
  void catchUp(std::uint32_t free, std::uint32_t changes);
  /// The last `count` records of the slot's list.
  void replay(std::uint32_t slotIndex, std::size_t count);
  [[nodiscard]] bool equalsMaster(const Columns& slot) const;

  FrameGate& gate_;
  const ChunkInfo* chunks_;
  UsageBoard usage_;
  Columns master_;
  std::array<Slot, kSnapshotSlots> slots_;
  std::vector<std::uint32_t> changed_;  ///< Since the last publish, each once.
  ReservedArray<std::uint8_t> listed_;  ///< By index, bits: in which slots' lists it stands, and in `changed_`.
  bool tracksEdits_ = false;
  std::vector<std::uint32_t> edited_;     ///< Since the last `takeEdited`, each once.
  ReservedArray<std::uint8_t> isEdited_;  ///< By index: it stands in `edited_`.
  std::uint32_t count_ = 0;
  SnapshotNumber published_ = 0;
};

}  // namespace flux
