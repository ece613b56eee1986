#pragma once

#include "alloc/allocation_map.hpp"
#include "alloc/chunk_space.hpp"
#include "base/witness.hpp"
#include "pool/edit_ranges.hpp"
#include "pool/tag_table.hpp"
#include "transfer/staging_pages.hpp"

#include <flux/device.hpp>
#include <flux/pool.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <vector>

namespace flux {

/// Where a part goes.
struct PartTarget {
  PartId part{};
  std::uint32_t offset = 0;  ///< In the block's new place.
  std::uint32_t bytes = 0;
  bool failed = false;  ///< A source could not give its bytes; the other parts go on.
};

/// Bytes that are on their way to a range of one part.
struct Transfer {
  enum class From : std::uint8_t {
    Source,    ///< Asked, piece by piece.
    Staged,    ///< They lie in staging already.
    Written,   ///< They lie in their new place already.
    OldPlace,  ///< They are unchanged: copied on the device.
  };

  From from = From::Source;
  std::uint32_t target = 0;  ///< Index of its part in the relocation.
  std::uint32_t offset = 0;  ///< Of the range in the part.
  std::uint32_t bytes = 0;
  std::uint32_t oldOffset = 0;  ///< Of the range in the block's old place, if the bytes come from there.
  EditContents contents;        ///< Of bytes that are new.
  ByteCount done = 0;
};

/// The one way in which a block gets its bytes: a destination, and what has to be copied there before
/// the block's record may name it. First uploads have no old place, updates have one; if that is the destination, too,
/// the bytes go to gaps of the block, and the parts that are not named here stay. A move brings nothing new: its block
/// gives it up as soon as anything else is wanted of it.
struct Relocation {
  /// Adds a part, and transfers for the ranges that are given and, from `oldOffset` in the old place on, for the bytes
  /// between them. Empties `ranges`.
  void add(const PartTarget& part, EditRanges& ranges, std::uint32_t oldOffset = 0);

  /// The part is gone: what has not been copied for it is not copied any more, so that its old place may be reclaimed.
  void forget(PartId part);

  BlockHandle block;
  Placement to;
  std::optional<Placement> from;
  ContentVersion version = 0;
  Tag tag = kUntagged;  ///< Of the block; set when it is enqueued.
  std::source_location where{};
  std::vector<PartTarget> parts;
  std::vector<Transfer> transfers;  ///< Part by part, and in them front to back.
  AllocationMap target;             ///< Of a new place, if the block's parts come and go.
  std::uint32_t alignment = 1;      ///< That the destination has, for the layout.
  bool partsStandAlone = false;     ///< A source that fails drops its own part, and not all of this.
  bool moves = false;               ///< For room and not for contents: everything comes from the old place.
  bool compacts = false;            ///< The block had gaps enough for all it holds.
  ByteCount transferBytes = 0;      ///< Of all transfers; set when it is enqueued.
  std::size_t nextTransfer = 0;
  std::uint32_t life = 0;       ///< Grows when it is used again, so that stale entries of queues are seen.
  std::uint8_t priority = 0;    ///< Of a first upload; 0: nobody asked for it.
  TimelineValue lastBatch = 0;  ///< The last submitted batch that holds pieces of it.
  bool recorded = false;        ///< All pieces have been gathered.
  bool inOpenBatch = false;     ///< The batch that is being gathered holds pieces of it.
  bool dropped = false;         ///< Its block does not want it any more.

  [[nodiscard]] bool inGaps() const noexcept { return from && from->range == to.range; }
  /// Of the place that its block leaves with it.
  [[nodiscard]] ByteCount leftBytes() const noexcept { return from && !inGaps() && !dropped ? from->bytes : 0; }
};

/// Turns relocations into direct writes and batches of copies, within each step's quota, and says when they are
/// complete.
///
/// A new place is used by no frame and no queue, so where the device maps its chunks the host writes there at once, and
/// what needs no copy is complete in the same step. Bytes that do not change are copied on the device all the same:
/// mapped memory is not for reading.
///
/// **Thread contract.** Geometry thread only.
/// **Order.** Updates before first uploads, but with at most half of the quota unless the uploads need less; then
/// moves, which have a quota of their own; each kind first in, first out, uploads by priority first.
/// **Failure.** A batch that the device refuses is kept and submitted again in the next step.
class RelocationQueue {
 public:
  /// Counts the bytes of each owner in `tags`.
  RelocationQueue(Device& device, StagingPages& staging, TagTable& tags, Witness* witness)
      : device_(device), staging_(staging), tags_(tags), witness_(witness) {}

  /// An empty relocation to fill and enqueue; its address stays until it is finished or dropped.
  [[nodiscard]] Relocation& create();
  void enqueue(Relocation& relocation);

  /// Whether the host writes so many bytes that are there now straight into a new place.
  [[nodiscard]] bool writesNow(ByteCount bytes) const noexcept { return bytes <= directLeft_; }

  /// Writes what sources give that do not stay, to the relocation's place. REQUIRES: `writesNow` of their bytes; they
  /// are transfers from sources; the relocation is not enqueued.
  void writeNow(Relocation& relocation);

  /// Raises the priority of a first upload. O(1).
  void prioritise(Relocation& relocation, Priority priority);

  /// Bytes of updates that are enqueued and not yet recorded.
  [[nodiscard]] ByteCount waitingUpdateBytes() const noexcept { return waitingUpdateBytes_; }

  /// Of first uploads, likewise.
  [[nodiscard]] ByteCount waitingUploadBytes() const noexcept { return waitingUploadBytes_; }

  /// Of the old places that blocks leave when what is under way for them has arrived.
  [[nodiscard]] ByteCount leftBytes() const noexcept { return leftBytes_; }

  /// What is enqueued of moves and not yet recorded.
  struct WaitingMoves {
    ByteCount bytes = 0;
    std::size_t pieces = 0;
  };
  [[nodiscard]] WaitingMoves waitingMoves() const noexcept { return waitingMoves_; }

  struct Failed {
    Relocation* relocation;  ///< Valid until the next `takeFinished`.
    PartId part;
    Error error;
  };
  /// Records pieces until the quota, the staging or the work is used up, then submits them. Relocations whose source
  /// failed are appended to `failed`, and dropped if their parts do not stand alone. Errors of the device: nothing is
  /// lost.
  Result<void> advance(const StepQuota& quota, StepReport& report, std::vector<Failed>& failed);

  /// Takes out the oldest relocation whose copies are complete; null if there is none. `recycle` it.
  [[nodiscard]] Relocation* takeFinished(TimelineValue completed);
  void recycle(Relocation& relocation);

  /// Gives up a relocation that is not finished. Its places may be retired at once, with `lastUse()`.
  void drop(Relocation& relocation);

  /// Gives up everything: the device is lost.
  void abandon();

  /// The copy queue's value after which no copy recorded so far uses any place or page. A batch that is not submitted
  /// yet may get a higher one; compare with `reached`.
  [[nodiscard]] TimelineValue lastUse() const noexcept { return lastSubmitted_ + (batch_.empty() ? 0 : 1); }

  /// How far the copy queue is in our batches, for what `lastUse` said. While one that the device has refused waits,
  /// others may submit copies and take the value that it was to get.
  [[nodiscard]] TimelineValue reached(TimelineValue completed);

  /// The value of the last submitted batch.
  [[nodiscard]] TimelineValue lastSubmitted() const noexcept { return lastSubmitted_; }

  /// The device has refused a batch, and the next step will try again.
  [[nodiscard]] bool refused() const noexcept { return !batch_.empty(); }

  /// Somebody else has submitted a batch. REQUIRES: not `refused()`.
  void submittedBeside(TimelineValue value) { noteSubmitted(value); }

 private:
  enum class Progress : std::uint8_t { Done, Blocked, Failed };
  /// A relocation's turn. Stale, if the relocation has been used again or has got a turn of higher priority.
  struct Turn {
    Relocation* relocation;
    std::uint32_t life;
    std::uint8_t priority;
    [[nodiscard]] bool stale() const noexcept { return relocation->life != life || relocation->priority != priority; }
  };
  using Turns = std::deque<Turn>;
  struct Allowance {
    ByteCount bytes;
    std::uint32_t pieces;
  };

  [[nodiscard]] bool recordQueue(Turns& queue, Allowance& left, StepReport& report, std::vector<Failed>& failed,
                                 Result<void>& deviceError);
  Progress record(Relocation& relocation, Allowance& left, StepReport& report, std::vector<Failed>& failed,
                  Result<void>& deviceError);
  Progress recordTransfer(Relocation& relocation, Transfer& transfer, Allowance& left, StepReport& report,
                          Result<void>& deviceError);
  [[nodiscard]] Turns& turnsOf(const Relocation& relocation) noexcept {
    return relocation.moves ? moves_ : relocation.from ? updates_ : uploads_[0];
  }
  [[nodiscard]] bool writesDirectly(const Transfer& transfer) const noexcept;
  [[nodiscard]] bool writeDirectly(Relocation& relocation, Transfer& transfer, ByteCount bytes);
  void addPiece(Relocation& relocation, const CopyPiece& piece, ByteCount bytes, Allowance& left);
  Result<void> submit(StepReport& report);
  void noteSubmitted(TimelineValue value) {
    lastSubmitted_ = value;
    submitted_.push_back(value);
  }

  Device& device_;
  StagingPages& staging_;
  TagTable& tags_;
  Witness* const witness_;                                         ///< Null: nobody looks on.
  const ByteCount directBytes_ = device_.caps().directWriteBytes;  ///< Of a step.
  ByteCount directLeft_ = directBytes_;                            ///< Of this one.
  std::vector<std::unique_ptr<Relocation>> storage_;
  std::vector<Relocation*> free_;
  Turns updates_;
  std::array<Turns, 4> uploads_;  ///< By priority.
  std::uint32_t waiting_ = 0;     ///< Relocations in them.
  Turns moves_;
  std::vector<CopyPiece> batch_;
  std::vector<Relocation*> touched_;   ///< Have pieces in `batch_`.
  std::vector<Relocation*> recorded_;  ///< All pieces are in `batch_` or submitted; wait for the submission.
  std::deque<Relocation*> inFlight_;   ///< Submitted, oldest first.
  std::deque<Relocation*> written_;    ///< Needed no copy, oldest first.
  ByteCount waitingUpdateBytes_ = 0;
  ByteCount waitingUploadBytes_ = 0;
  ByteCount leftBytes_ = 0;
  WaitingMoves waitingMoves_;
  TimelineValue lastSubmitted_ = 0;
  std::deque<TimelineValue> submitted_;  ///< Values of batches that `reached` has not seen done.
  TimelineValue reached_ = 0;            ///< The last one that it has.
};

}  // namespace flux
