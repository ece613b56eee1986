#pragma once

/// What render threads use: a pin on one snapshot.

#include <flux/snapshot.hpp>
#include <flux/types.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace flux {

/// Outcome of a lookup. Only `Resident` and `Fallback` come with a place.
enum class FindStatus : std::uint8_t {
  Resident,  ///< The block itself.
  Fallback,  ///< The block is absent; this is its fallback, resolved in the same snapshot.
  Absent,    ///< Absent and nothing to draw instead: skip it.
  Lost,      ///< Its bytes are gone for good.
  Stale,     ///< The handle names no block of this snapshot, or the part does not exist.
};

/// Where something lies: all that a draw call needs.
struct Place {
  NativeHandle buffer = 0;
  ChunkIndex chunk{};
  ByteOffset offset = 0;  ///< In the buffer, in bytes.
  ByteCount bytes = 0;
  std::uint64_t address = 0;  ///< Device address of the first byte; 0 where there are none.
};

struct BlockLookup {
  FindStatus status = FindStatus::Stale;
  ContentVersion version = 0;  ///< Of the contents at `place`.
  BlockHandle block;           ///< What is found: the block asked for, or its fallback.
  Place place;
  std::uint64_t userData = 0;  ///< Of `block`.

  [[nodiscard]] constexpr bool drawable() const noexcept {
    return status == FindStatus::Resident || status == FindStatus::Fallback;
  }
};

struct PartLookup {
  FindStatus status = FindStatus::Stale;
  PartKind kind = PartKind::Vertex;
  ContentVersion version = 0;
  BlockHandle block;
  Place place;

  [[nodiscard]] constexpr bool drawable() const noexcept {
    return status == FindStatus::Resident || status == FindStatus::Fallback;
  }
};

/// A point on a queue's timeline.
struct QueueValue {
  QueueId queue{};
  TimelineValue value = 0;
};

class FrameGate;
struct FrameRecord;

/// A pin on one snapshot, shared by all threads that record one frame of the application.
///
/// **Thread contract.** `Pool::beginFrame` makes it on any thread. `find`, `waits` and `submitted` may be
/// called from any number of threads at once. Moving, `end` and the destructor need the frame for
/// themselves. The pool must outlive it.
///
/// **Rules.** Every command list recorded from a frame is submitted and reported with `submitted`, or
/// dropped, before the frame ends. Each submission waits on the device for all of `waits()`. Keep frames short
/// (recording and submitting, not the GPU's work): an open frame holds back memory, never the geometry thread.
///
/// **Guarantees.** What `find` returns is uploaded, stays in place, and is not reused before every submission
/// that was reported has finished (G1, G4). A lookup is wait-free: no lock, no atomic
/// read-modify-write, no fence (G2). Handles of removed blocks are refused (G10).
class Frame {
 public:
  Frame() = default;
  Frame(Frame&& other) noexcept { *this = std::move(other); }
  Frame& operator=(Frame&& other) noexcept;
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { end(); }

  /// False for a frame that has ended or was moved from.
  [[nodiscard]] explicit operator bool() const noexcept { return record_ != nullptr; }

  /// The snapshot that this frame sees. 0: nothing had been published; every handle is stale then.
  [[nodiscard]] SnapshotNumber snapshot() const noexcept { return view_.number; }

  /// Looks a whole block up. Any thread; O(1), wait-free.
  [[nodiscard]] BlockLookup find(BlockHandle handle) const noexcept;

  /// Looks one part of a block up. A fallback answers with its part of the same id. Any thread; O(1), wait-free.
  [[nodiscard]] PartLookup find(BlockHandle handle, PartId part) const noexcept;

  /// What each submission of this frame must wait for on the device. Already reached as a rule, but the wait
  /// makes the copied bytes visible. Valid until the frame ends.
  [[nodiscard]] std::span<const QueueValue> waits() const noexcept;

  /// Reports that lists of this frame went to `queue` and are done once it reaches `value`. Any thread;
  /// once for each submission, or once with the largest value.
  void submitted(QueueId queue, TimelineValue value) noexcept;

  /// Ends the frame early; afterwards it is empty. Takes a short lock.
  void end() noexcept;

 private:
  friend class FrameGate;
  Frame(FrameGate& gate, FrameRecord& record, const SnapshotView& view) noexcept
      : view_(view), gate_(&gate), record_(&record) {}

  struct Resolved {
    FindStatus status = FindStatus::Stale;
    BlockHandle block;
    const HotRecord* hot = nullptr;
  };
  [[nodiscard]] Resolved resolve(BlockHandle handle) const noexcept;
  [[nodiscard]] const HotRecord* liveRecord(BlockHandle handle) const noexcept;
  [[nodiscard]] Place placeOf(const HotRecord& hot, ByteOffset offset, ByteCount bytes) const noexcept;

  SnapshotView view_;
  FrameGate* gate_ = nullptr;
  FrameRecord* record_ = nullptr;
};

// Lookup, inlined into the application. All memory it reads is constant while the frame is open.

inline const HotRecord* Frame::liveRecord(BlockHandle handle) const noexcept {
  if (handle.index >= view_.recordCount) return nullptr;
  const HotRecord& hot = view_.hot[handle.index];
  return hot.generation == handle.generation && hot.state() != BlockState::Free ? &hot : nullptr;
}

inline Frame::Resolved Frame::resolve(BlockHandle handle) const noexcept {
  const HotRecord* hot = liveRecord(handle);
  if (hot == nullptr) return {};
  if (hot->state() == BlockState::Resident) return {FindStatus::Resident, handle, hot};
  // A fallback may have one of its own (coarser and coarser levels); the bound only guards against a cycle.
  const FindStatus missing = hot->state() == BlockState::Lost ? FindStatus::Lost : FindStatus::Absent;
  BlockHandle fallback = view_.cold[handle.index].fallback;
  for (int hop = 0; hop < 8; ++hop) {
    const HotRecord* record = liveRecord(fallback);
    if (record == nullptr) break;
    if (record->state() == BlockState::Resident) return {FindStatus::Fallback, fallback, record};
    fallback = view_.cold[fallback.index].fallback;
  }
  return {missing, handle, nullptr};
}

inline Place Frame::placeOf(const HotRecord& hot, ByteOffset offset, ByteCount bytes) const noexcept {
  const ChunkIndex chunk = hot.chunk();
  const ChunkInfo& info = view_.chunks[static_cast<std::uint32_t>(chunk)];
  const ByteOffset start = hot.offsetUnits * kPlaceUnitBytes + offset;
  return {info.buffer, chunk, start, bytes, info.address != 0 ? info.address + start : 0};
}

inline BlockLookup Frame::find(BlockHandle handle) const noexcept {
  const Resolved found = resolve(handle);
  BlockLookup result;
  result.status = found.status;
  result.block = found.block;
  if (found.hot == nullptr) return result;
  const ColdRecord& cold = view_.cold[found.block.index];
  result.version = cold.version;
  result.userData = cold.userData;
  result.place = placeOf(*found.hot, 0, found.hot->sizeUnits * kPlaceUnitBytes);
  return result;
}

inline PartLookup Frame::find(BlockHandle handle, PartId part) const noexcept {
  const Resolved found = resolve(handle);
  PartLookup result;
  result.status = found.status;
  result.block = found.block;
  if (found.hot == nullptr) return result;
  const ColdRecord& cold = view_.cold[found.block.index];
  const auto index = static_cast<std::uint32_t>(part);
  if (index >= cold.layout->partCount) {
    result.status = FindStatus::Stale;
    return result;
  }
  const PartPlacement& placement = cold.layout->parts[index];
  result.kind = placement.kind;
  result.version = cold.version;
  result.place = placeOf(*found.hot, placement.offsetBytes, placement.sizeBytes);
  return result;
}

}  // namespace flux
