#pragma once

/// What render threads use: a pin on one snapshot.

#include <flux/snapshot.hpp>
#include <flux/types.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

// The way that a lookup takes when a block is not resident lies outside the inlined code, and lets compilers keep the
// snapshot's addresses in registers from one lookup to the next: it only reads what is constant.
#if defined(__GNUC__)
#define FLUX_PURE_CALL [[gnu::pure, gnu::noinline]]
#else
#define FLUX_PURE_CALL
#endif

namespace flux {

/// Outcome of a lookup. Only `Resident` and `Fallback` come with a place.
enum class FindStatus : std::uint8_t {
  Resident,  ///< The block itself.
  Fallback,  ///< The block is absent; this is its fallback, resolved in the same snapshot.
  Absent,    ///< Absent and nothing to draw instead: skip it.
  Lost,      ///< Its bytes are gone for good.
  Stale,     ///< The handle names no block of this snapshot, or the part does not exist.
};

/// `place`, `block` and `version` mean something only if it is drawable.
struct BlockLookup {
  FindStatus status = FindStatus::Stale;
  ContentVersion version = 0;  ///< Of the contents at `place`.
  BlockHandle block;           ///< What is found: the block asked for, or its fallback.
  Place place;
  std::uint64_t userData = 0;  ///< Of `block`.

  [[nodiscard]] constexpr bool drawable() const noexcept { return place.bytes != 0; }
};

/// `place`, `block`, `kind` and `version` mean something only if it is drawable.
struct PartLookup {
  FindStatus status = FindStatus::Stale;
  PartKind kind = PartKind::Vertex;
  ContentVersion version = 0;
  BlockHandle block;
  Place place;

  [[nodiscard]] constexpr bool drawable() const noexcept { return place.bytes != 0; }
};

/// A frame that is open, as reports name it.
struct OpenFrame {
  const char* label = "";
  std::uint64_t thread = 0;  ///< That began it, as debuggers and system tools number it.
  SnapshotNumber snapshot = 0;
  std::chrono::nanoseconds age{};
};

/// How much a missed block matters. The geometry thread serves higher ones first.
enum class Priority : std::uint8_t { Low = 1, Normal = 2, High = 3 };

class FrameGate;
struct FrameRecord;

/// A pin on one snapshot, shared by all threads that record one frame of the application.
///
/// **Thread contract.** `Pool::beginFrame` makes it on any thread; any number of frames may be open, also on one thread
/// (several windows), nested or overlapping. `find`, `use`, `miss`, `waits` and `submitted` may be called from any
/// number of threads at once. Moving, `end` and the destructor need the frame for themselves. The pool must outlive it.
///
/// **Rules.** Every command list recorded from a frame is submitted and reported with `submitted`, or
/// dropped, before the frame ends. Each submission waits on the device for all of `waits()`. Keep frames short
/// (recording and submitting, not the GPU's work): an open frame holds back memory, never the geometry thread; and from
/// its first `waits()` on it holds back updates in place (`Pool::updateInPlace`), so that none comes between its
/// submissions.
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

  /// The tables themselves, for tools that walk over all blocks. Valid until the frame ends.
  [[nodiscard]] const SnapshotView& view() const noexcept { return view_; }

  /// The mirror of this snapshot in device memory, for shaders that look blocks up by handle: an array of
  /// `DeviceRecord`, by `BlockHandle::index`. It stays as it is until the frame's submissions have finished (G1, G4),
  /// so a block that moves meanwhile, or is removed, concerns neither the frame nor its descriptors. 0 bytes without
  /// `PoolDesc::recordMirrors`, before the first publish, and once the device is lost. Any thread; O(1).
  [[nodiscard]] const Place& records() const noexcept { return view_.records; }

  /// Looks a whole block up. Any thread; O(1), wait-free. Made for inlining: what you do not read is not computed.
  [[nodiscard]] BlockLookup find(const BlockHandle& handle) const noexcept;

  /// Looks one part of a block up. A fallback answers with its part of the same id. Any thread; O(1), wait-free.
  [[nodiscard]] PartLookup find(const BlockHandle& handle, PartId part) const noexcept;

  /// Notes that this frame draws the block, for `Pool::lastUsed` and for the choice of what to evict. A relaxed store,
  /// and only if the frame has not noted it yet. Any thread; O(1), wait-free. Stale handles are ignored.
  void use(BlockHandle handle) const noexcept;

  /// Asks for a block that was not drawable: the geometry thread brings it sooner. Relaxed stores. Any thread; O(1),
  /// wait-free. Stale handles are ignored.
  void miss(BlockHandle handle, Priority priority = Priority::Normal) const noexcept;

  /// What each submission of this frame must wait for on the device. Already reached as a rule, but the wait
  /// makes the copied bytes visible. Valid until the frame ends, and always the same. Any thread; takes a short lock,
  /// which the geometry thread holds while it submits updates in place: call it before the first submission, late, and
  /// not while you hold a lock that you gave the device for its queue.
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

  /// The record to draw: of the block, of its fallback, or record 0.
  struct Resolved {
    std::uint32_t index = 0;
    FindStatus status = FindStatus::Stale;
    /// What was found, but has no bytes, is not there at all: the block of a forged handle, a part that does not exist.
    [[nodiscard]] FindStatus statusWith(std::uint32_t bytes) const noexcept {
      const bool drawable = status == FindStatus::Resident || status == FindStatus::Fallback;
      return bytes == 0 && drawable ? FindStatus::Stale : status;
    }
  };
  [[nodiscard]] Resolved resolve(const BlockHandle& handle) const noexcept;
  FLUX_PURE_CALL [[nodiscard]] Resolved resolveAbsent(std::uint32_t index, std::uint32_t generation) const noexcept;
  FLUX_PURE_CALL [[nodiscard]] PartPlacement furtherPart(std::uint32_t index, std::uint32_t part) const noexcept;
  [[nodiscard]] bool names(BlockHandle handle) const noexcept;
  [[nodiscard]] Place placeOf(const HotRecord& hot, ByteOffset offset, ByteCount bytes) const noexcept;

  SnapshotView view_;
  FrameGate* gate_ = nullptr;
  FrameRecord* record_ = nullptr;
};

// Lookup, inlined into the application. All memory it reads is constant while the frame is open. A forged handle with
// an even generation may match a record that is not resident; it finds no bytes there, which is how it is refused.

inline Frame::Resolved Frame::resolve(const BlockHandle& handle) const noexcept {
  if (handle.index < view_.recordCount) [[likely]] {
    const HotRecord& hot = view_.hot[handle.index];
    if (hot.generation == handle.generation) [[likely]]
      return {handle.index, FindStatus::Resident};
  }
  return resolveAbsent(handle.index, handle.generation);
}

inline Place Frame::placeOf(const HotRecord& hot, ByteOffset offset, ByteCount bytes) const noexcept {
  const ChunkIndex chunk = hot.chunk();
  const ChunkInfo& info = view_.chunks[static_cast<std::uint32_t>(chunk)];
  const ByteOffset start = hot.offsetUnits * kPlaceUnitBytes + offset;
  return {info.buffer, chunk, start, bytes, info.address != 0 ? info.address + start : 0};
}

inline BlockLookup Frame::find(const BlockHandle& handle) const noexcept {
  const Resolved found = resolve(handle);
  const HotRecord& hot = view_.hot[found.index];
  const ColdRecord& cold = view_.cold[found.index];
  BlockLookup result;
  result.status = found.statusWith(hot.sizeUnits);
  result.version = cold.version;
  result.block = {found.index, hot.generation};
  result.place = placeOf(hot, 0, hot.sizeUnits * kPlaceUnitBytes);
  result.userData = cold.userData;
  return result;
}

inline PartLookup Frame::find(const BlockHandle& handle, PartId part) const noexcept {
  const Resolved found = resolve(handle);
  const HotRecord& hot = view_.hot[found.index];
  const ColdRecord& cold = view_.cold[found.index];
  const auto number = static_cast<std::uint32_t>(part);
  PartPlacement placement;
  if (number < kInlineParts) [[likely]] {
    const PartsRecord& parts = view_.parts[found.index];
    placement = {parts.offsetBytes[number], parts.sizeBytes[number], cold.kinds[number]};
  } else {
    placement = furtherPart(found.index, number);
  }
  PartLookup result;
  result.status = found.statusWith(placement.sizeBytes);
  result.kind = placement.kind;
  result.version = cold.version;
  result.block = {found.index, hot.generation};
  result.place = placeOf(hot, placement.offsetBytes, placement.sizeBytes);
  return result;
}

}  // namespace flux
