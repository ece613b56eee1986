#pragma once

#include "alloc/chunk_space.hpp"
#include "base/gauge.hpp"
#include "base/reserved_memory.hpp"
#include "frame/snapshot_ring.hpp"
#include "transfer/staging_pages.hpp"

#include <flux/device.hpp>
#include <flux/snapshot.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

inline constexpr std::uint32_t kMaxRecordMirrors = 8;

/// Copies of the master records in device memory, one for each snapshot that frames or queues may still read. As a slot
/// of `SnapshotRing`, each has a list of the records in which it is behind; a publish copies the list of the mirror
/// that it takes, so it costs in proportion to what changed.
///
/// **Thread contract.** Geometry thread only.
/// **Units.** Sizes are in records (`DeviceRecord`, 64 bytes), unless the name says bytes.
/// **Invariants.** Only a free mirror is written: one that no frame can name and that every queue has finished with.
/// When `write` has answered true the mirror equals the master. A record of a mirror that stands in no list of it
/// equals the master there.
///
/// Where the mirrors lie, and when one comes free again, is the pool's business.
class RecordMirrors {
 public:
  /// At most `most` mirrors, of a ring with at most `capacity` records. They have staging pages of their own, so that
  /// uploads never keep a publish waiting.
  RecordMirrors(Device& device, SnapshotRing& ring, const ChunkInfo* chunks, std::uint32_t most, std::uint32_t capacity,
                ByteCount pageBytes, ByteCount stagingLimitBytes, StagingIndex firstPage, Witness* witness);

  /// Puts what was edited since the last call into the lists of all mirrors. False: the system has no memory; call it
  /// again. O(edited records x mirrors).
  [[nodiscard]] bool listEdits();

  /// The free mirror that is the least behind, or one that is yet to be made or grown; nullopt: all are in use.
  [[nodiscard]] std::optional<std::uint32_t> choose() const;

  /// A mirror that has to be made or grown before there may be `count` records, if one has. Two that are large enough
  /// take turns without any more memory, so that publishing, without which nothing retires, never waits for some.
  [[nodiscard]] std::optional<std::uint32_t> tooSmallFor(std::uint32_t count) const;

  /// The size that the mirror needs instead of its own for `count` records; 0: it is large enough.
  [[nodiscard]] ByteCount neededBytes(std::uint32_t mirror, std::uint32_t count) const;
  [[nodiscard]] ByteCount neededBytes(std::uint32_t mirror) const { return neededBytes(mirror, ring_.count()); }
  /// Gives the mirror that place, if it is not free as soon as it is, and forgets what it held. Returns a place that it
  /// has no more.
  std::optional<Placement> move(std::uint32_t mirror, const Placement& to);

  struct Written {
    std::uint32_t records = 0;
    TimelineValue copies = 0;  ///< The last batch that was submitted; 0: none.
    bool level = false;        ///< The mirror equals the master once that batch is done.
    std::optional<Error> error;
  };
  /// Submits copies of the records in which a free mirror is behind, as many as staging takes. A mirror without
  /// contents, or far behind, first gets those of the published one, on the device. On an error, and where staging was
  /// short, what is missing stays in its list. O(n log n) for n records behind.
  Written write(std::uint32_t mirror);

  /// The mirror is the published one from now on, no longer free. Returns the one that was, if any.
  std::optional<std::uint32_t> publish(std::uint32_t mirror, SnapshotNumber snapshot);
  /// No mirror is the published one any more. Returns the one that was, if any.
  std::optional<std::uint32_t> retract();
  /// Returns its place, if it moves to another one now.
  [[nodiscard]] std::optional<Placement> setFree(std::uint32_t mirror);
  /// Takes its place away.
  [[nodiscard]] std::optional<Placement> giveUp(std::uint32_t mirror);

  [[nodiscard]] bool isFree(std::uint32_t mirror) const { return mirrors_[mirror].free; }
  [[nodiscard]] std::uint32_t most() const noexcept { return static_cast<std::uint32_t>(mirrors_.size()); }
  /// Mirrors that have a place. Any thread.
  [[nodiscard]] std::uint32_t made() const noexcept { return made_; }
  /// The first snapshot that names the mirror.
  [[nodiscard]] SnapshotNumber snapshotOf(std::uint32_t mirror) const { return mirrors_[mirror].snapshot; }
  /// What frames of its snapshot read.
  [[nodiscard]] Place view(std::uint32_t mirror) const;

  /// Where the mirror lies; none: it has not been made yet.
  [[nodiscard]] const std::optional<Placement>& placeOf(std::uint32_t mirror) const { return mirrors_[mirror].place; }
  /// Where it moves to when it comes free.
  [[nodiscard]] const std::optional<Placement>& nextPlaceOf(std::uint32_t mirror) const {
    return mirrors_[mirror].next;
  }

  [[nodiscard]] StagingPages& staging() noexcept { return staging_; }
  [[nodiscard]] const StagingPages& staging() const noexcept { return staging_; }

 private:
  struct Mirror {
    std::optional<Placement> place;
    std::optional<Placement> next;  ///< Of one that is not free: a larger place.
    std::uint32_t count = 0;        ///< Records [0, count) have been written, or stand in the list.
    bool free = true;
    SnapshotNumber snapshot = 0;
    std::vector<std::uint32_t> behind;  ///< Each record once.
  };

  void add(std::uint32_t mirror, std::uint32_t index);
  void clear(std::uint32_t mirror);
  [[nodiscard]] std::size_t backlog(const Mirror& mirror) const;
  [[nodiscard]] bool farBehind(const Mirror& mirror, const Mirror& other) const;
  /// Copies what the published mirror holds.
  Result<TimelineValue> copyPublished(std::uint32_t mirror);
  /// Makes pieces of the end of the mirror's list. Returns how many records are in them.
  std::size_t gather(const Mirror& mirror, std::optional<Error>& error);
  [[nodiscard]] DeviceRecord recordAt(std::uint32_t index) const;

  Device& device_;
  SnapshotRing& ring_;
  const ChunkInfo* chunks_;
  std::uint32_t capacity_;
  std::vector<Mirror> mirrors_;
  Gauge<std::uint32_t> made_;
  ReservedArray<std::uint8_t> listed_;  ///< By index, bits: in which mirrors' lists it stands.
  std::optional<std::uint32_t> published_;
  StagingPages staging_;
  std::vector<CopyPiece> pieces_;
  std::vector<StagedBytes> staged_;
};

}  // namespace flux
