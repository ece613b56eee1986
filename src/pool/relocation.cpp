#include "pool/relocation.hpp"

#include "base/rounding.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <ranges>
#include <utility>

namespace flux {
namespace {

constexpr std::size_t kKeptTransfers = 32;

}  // namespace

void Relocation::add(const PartTarget& part, EditRanges& ranges, std::uint32_t oldOffset) {
  const auto slot = static_cast<std::uint32_t>(parts.size());
  parts.push_back(part);
  std::uint32_t at = 0;
  const auto addUnchanged = [&](std::uint32_t end) {
    if (at == end) return;
    Transfer& transfer = transfers.emplace_back();
    transfer.from = Transfer::From::OldPlace;
    transfer.target = slot;
    transfer.offset = at;
    transfer.bytes = end - at;
    transfer.oldOffset = oldOffset + at;
  };
  for (const EditRanges::Range& range : ranges.ranges()) {
    addUnchanged(range.offset);
    Transfer& transfer = transfers.emplace_back();
    transfer.contents = ranges.contents(range);
    transfer.from = transfer.contents.staged() ? Transfer::From::Staged : Transfer::From::Source;
    transfer.target = slot;
    transfer.offset = range.offset;
    transfer.bytes = range.bytes;
    at = range.end();
  }
  addUnchanged(part.bytes);
  ranges.clear();
}

void Relocation::forget(PartId part) {
  for (Transfer& transfer : transfers) {
    if (parts[transfer.target].part != part) continue;
    transfer.done = transfer.bytes;
    transfer.contents.source = Source::bytes({});
  }
}

Relocation& RelocationQueue::create() {
  if (free_.empty()) {
    storage_.push_back(std::make_unique<Relocation>());
    return *storage_.back();
  }
  Relocation& relocation = *free_.back();
  free_.pop_back();
  return relocation;
}

void RelocationQueue::recycle(Relocation& relocation) {
  leftBytes_ -= relocation.leftBytes();
  std::vector<PartTarget> parts = std::move(relocation.parts);
  std::vector<Transfer> transfers = std::move(relocation.transfers);
  parts.clear();
  transfers.clear();
  const std::uint32_t life = relocation.life;
  relocation = Relocation{};
  relocation.life = life + 1;
  // They keep their capacity, but for the few that a large block needed: in time all of them would have had one.
  if (parts.capacity() <= kKeptTransfers) relocation.parts = std::move(parts);
  if (transfers.capacity() <= kKeptTransfers) relocation.transfers = std::move(transfers);
  free_.push_back(&relocation);
}

void RelocationQueue::enqueue(Relocation& relocation) {
  turnsOf(relocation).push_back({&relocation, relocation.life, relocation.priority});
  for (const Transfer& transfer : relocation.transfers) relocation.transferBytes += transfer.bytes;
  leftBytes_ += relocation.leftBytes();
  if (relocation.moves) {
    waitingMoves_.bytes += relocation.transferBytes;
    waitingMoves_.pieces += relocation.transfers.size();
    return;
  }
  (relocation.from ? waitingUpdateBytes_ : waitingUploadBytes_) += relocation.transferBytes;
  ++waiting_;
}

void RelocationQueue::prioritise(Relocation& relocation, Priority priority) {
  const auto wanted = static_cast<std::uint8_t>(priority);
  if (relocation.from || relocation.recorded || wanted <= relocation.priority) return;
  relocation.priority = wanted;  // its turn of before is stale from now on
  uploads_[wanted].push_back({&relocation, relocation.life, wanted});
}

void RelocationQueue::drop(Relocation& relocation) {
  for (Transfer& transfer : relocation.transfers) transfer.contents.source = Source::bytes({});
  leftBytes_ -= relocation.leftBytes();
  relocation.dropped = true;  // taken out where it is met: removing a block stays O(1)
}

Result<void> RelocationQueue::advance(const StepQuota& quota, StepReport& report, std::vector<Failed>& failed) {
  Result<void> deviceError;
  // A batch that was refused goes first, and alone: it is what the quota of its own step allowed.
  if (batch_.empty()) {
    Allowance half{quota.uploadBytes / 2, quota.pieces / 2};
    Allowance left{quota.uploadBytes, quota.pieces};
    const Allowance before = half;
    (void)recordQueue(updates_, half, report, failed, deviceError);
    left.bytes -= before.bytes - half.bytes;
    left.pieces -= before.pieces - half.pieces;
    bool all = true;
    for (Turns& turns : std::views::reverse(uploads_)) {
      all = all && recordQueue(turns, left, report, failed, deviceError);
    }
    if (all) (void)recordQueue(updates_, left, report, failed, deviceError);
    Allowance room{quota.moveBytes, quota.movePieces};
    (void)recordQueue(moves_, room, report, failed, deviceError);
  }
  directLeft_ = directBytes_;
  report.waitingBlocks += waiting_;
  if (Result<void> submitted = submit(report); !submitted) return submitted;
  return deviceError;
}

bool RelocationQueue::recordQueue(Turns& queue, Allowance& left, StepReport& report, std::vector<Failed>& failed,
                                  Result<void>& deviceError) {
  for (; !queue.empty(); queue.pop_front()) {
    if (queue.front().stale()) continue;
    Relocation& relocation = *queue.front().relocation;
    if (!relocation.dropped && record(relocation, left, report, failed, deviceError) == Progress::Blocked) return false;
    // Dropped ones go the same way: the open batch may still hold pieces of them.
    if (relocation.inOpenBatch || relocation.lastBatch != 0) {
      recorded_.push_back(&relocation);
    } else {
      written_.push_back(&relocation);
    }
    relocation.recorded = true;
    if (relocation.moves) {
      waitingMoves_.bytes -= relocation.transferBytes;
      waitingMoves_.pieces -= relocation.transfers.size();
      continue;
    }
    (relocation.from ? waitingUpdateBytes_ : waitingUploadBytes_) -= relocation.transferBytes;
    --waiting_;
  }
  return true;
}

void RelocationQueue::abandon() {
  for (Turns* turns : {&updates_, &uploads_[0], &uploads_[1], &uploads_[2], &uploads_[3], &moves_}) {
    for (const Turn& turn : *turns) {
      if (!turn.stale()) recorded_.push_back(turn.relocation);
    }
    turns->clear();
  }
  inFlight_.insert(inFlight_.end(), recorded_.begin(), recorded_.end());
  inFlight_.insert(inFlight_.end(), written_.begin(), written_.end());
  for (Relocation* relocation : inFlight_) {
    if (!relocation->dropped) drop(*relocation);
    recycle(*relocation);
  }
  FLUX_ASSERT(leftBytes_ == 0, "what blocks leave is counted until they have left it, or stay");
  written_.clear();
  inFlight_.clear();
  recorded_.clear();
  touched_.clear();
  batch_.clear();
  waitingUpdateBytes_ = 0;
  waitingUploadBytes_ = 0;
  waitingMoves_ = {};
  waiting_ = 0;
}

RelocationQueue::Progress RelocationQueue::record(Relocation& relocation, Allowance& left, StepReport& report,
                                                  std::vector<Failed>& failed, Result<void>& deviceError) {
  while (relocation.nextTransfer < relocation.transfers.size()) {
    Transfer& transfer = relocation.transfers[relocation.nextTransfer];
    const Progress progress = recordTransfer(relocation, transfer, left, report, deviceError);
    if (progress == Progress::Blocked) return progress;
    if (progress == Progress::Failed) {
      PartTarget& part = relocation.parts[transfer.target];
      Error error = makeError(ErrorCode::SourceFailed, "", transfer.contents.where);
      error.handle = relocation.block;
      failed.push_back({&relocation, part.part, error});
      part.failed = true;
      if (!relocation.partsStandAlone) {
        drop(relocation);
        return progress;
      }
    }
    ++relocation.nextTransfer;
  }
  return Progress::Done;
}

RelocationQueue::Progress RelocationQueue::recordTransfer(Relocation& relocation, Transfer& transfer, Allowance& left,
                                                          StepReport& report, Result<void>& deviceError) {
  const PartTarget& part = relocation.parts[transfer.target];
  while (transfer.done < transfer.bytes) {
    if (left.bytes == 0) return Progress::Blocked;
    const ByteCount allowed =
        std::min(ByteCount{transfer.bytes} - transfer.done, std::max<ByteCount>(left.bytes & ~ByteCount{3}, 4));
    if (writesDirectly(transfer)) {
      const ByteCount written = transfer.from == Transfer::From::Staged ? transfer.bytes : allowed;
      if (!writeDirectly(relocation, transfer, written)) return Progress::Failed;
      report.uploadedBytes += written;
      tags_.uploaded(relocation.tag, written);
      report.directBytes += written;
      left.bytes -= std::min(left.bytes, written);
      continue;
    }
    if (left.pieces == 0) return Progress::Blocked;
    CopyPiece piece;
    piece.destination = relocation.to.chunk;
    piece.destinationOffset = relocation.to.offset + part.offset + transfer.offset + transfer.done;
    ByteCount bytes = 0;

    if (transfer.from == Transfer::From::OldPlace) {
      bytes = allowed;
      piece.source = relocation.from->chunk;
      piece.sourceOffset = relocation.from->offset + transfer.oldOffset + transfer.done;
      if (relocation.moves) {
        report.relocatedBytes += bytes;
        tags_.relocated(relocation.tag, bytes);
      } else {
        report.copiedBytes += bytes;
        tags_.copied(relocation.tag, bytes);
      }
    } else {
      StagedBytes staged;
      ByteOffset stagedOffset = 0;
      if (transfer.from == Transfer::From::Staged) {
        staged = std::exchange(transfer.contents.source, Source::bytes({})).stagedBytes();
        stagedOffset = transfer.offset - transfer.contents.begins;
        bytes = transfer.bytes;
      } else {
        Result<StagedBytes> reserved = staging_.reserve(std::min(allowed, staging_.pageBytes()));
        if (!reserved) {
          if (reserved.error().code != ErrorCode::StagingFull) deviceError = Unexpected(reserved.error());
          return Progress::Blocked;
        }
        staged = std::move(*reserved);
        bytes = staged.bytes().size();
        const auto offset = transfer.offset + static_cast<std::uint32_t>(transfer.done);
        if (!transfer.contents.fill(relocation.block, part.part, offset, staged.bytes(), witness_)) {
          return Progress::Failed;
        }
      }
      const StagingSpan& span = staging_.use(staged);
      piece.source = span.page;
      piece.sourceOffset = span.offset + stagedOffset;
      report.uploadedBytes += bytes;
      tags_.uploaded(relocation.tag, bytes);
    }

    piece.bytes = wholeWords(bytes);
    addPiece(relocation, piece, bytes, left);
    transfer.done += bytes;
  }
  return Progress::Done;
}

/// All that is left of a transfer, or nothing. What is staged is read by the host only where that is the rule, because
/// pages may be uncached.
bool RelocationQueue::writesDirectly(const Transfer& transfer) const noexcept {
  switch (transfer.from) {
    case Transfer::From::Source:
      return transfer.bytes - transfer.done <= directLeft_;
    case Transfer::From::Staged:
      return directBytes_ == kAllBytes;
    case Transfer::From::Written:
      return true;
    case Transfer::From::OldPlace:
      break;
  }
  return false;
}

/// False: the source failed.
bool RelocationQueue::writeDirectly(Relocation& relocation, Transfer& transfer, ByteCount bytes) {
  const PartTarget& part = relocation.parts[transfer.target];
  const auto offset = transfer.offset + static_cast<std::uint32_t>(transfer.done);
  if (transfer.from != Transfer::From::Written) {
    const std::span<std::byte> place =
        device_.mapped(relocation.to.chunk, relocation.to.offset + part.offset + offset, bytes);
    if (transfer.from == Transfer::From::Staged) {
      const Source source = std::exchange(transfer.contents.source, Source::bytes({}));
      std::copy_n(source.data().data() + (transfer.offset - transfer.contents.begins), place.size(), place.data());
    } else if (!transfer.contents.fill(relocation.block, part.part, offset, place, witness_)) {
      return false;
    }
    if (directBytes_ != kAllBytes) directLeft_ -= std::min(directLeft_, bytes);
  }
  transfer.done += bytes;
  return true;
}

void RelocationQueue::writeNow(Relocation& relocation) {
  for (Transfer& transfer : relocation.transfers) {
    if (transfer.from != Transfer::From::Source || !transfer.contents.source.isGivenNow()) continue;
    (void)writeDirectly(relocation, transfer, transfer.bytes);  // Bytes that are there cannot fail.
    transfer.contents = {};
    transfer.done = 0;
    transfer.from = Transfer::From::Written;  // Counted in a step, as all that arrives.
  }
}

void RelocationQueue::addPiece(Relocation& relocation, const CopyPiece& piece, ByteCount bytes, Allowance& left) {
  batch_.push_back(piece);
  left.bytes -= std::min(left.bytes, bytes);
  --left.pieces;
  if (!relocation.inOpenBatch) {
    relocation.inOpenBatch = true;
    touched_.push_back(&relocation);
  }
}

Result<void> RelocationQueue::submit(StepReport& report) {
  if (batch_.empty()) {  // What is left of what was recorded needed no more copies.
    inFlight_.insert(inFlight_.end(), recorded_.begin(), recorded_.end());
    recorded_.clear();
    return {};
  }
  if (Result<void> sealed = staging_.seal(); !sealed) return sealed;
  const Result<TimelineValue> value = device_.submit(batch_);
  if (!value) return Unexpected(value.error());

  report.pieces += static_cast<std::uint32_t>(batch_.size());
  staging_.submitted(*value);
  noteSubmitted(*value);
  for (Relocation* relocation : touched_) {
    relocation->lastBatch = *value;
    relocation->inOpenBatch = false;
  }
  inFlight_.insert(inFlight_.end(), recorded_.begin(), recorded_.end());
  touched_.clear();
  recorded_.clear();
  batch_.clear();
  return {};
}

TimelineValue RelocationQueue::reached(TimelineValue completed) {
  for (; !submitted_.empty() && submitted_.front() <= completed; submitted_.pop_front()) reached_ = submitted_.front();
  return submitted_.empty() && !refused() ? completed : reached_;
}

Relocation* RelocationQueue::takeFinished(TimelineValue completed) {
  while (!written_.empty()) {
    Relocation* const relocation = written_.front();
    written_.pop_front();
    if (!relocation->dropped) return relocation;
    recycle(*relocation);
  }
  while (!inFlight_.empty() && inFlight_.front()->lastBatch <= completed) {
    Relocation* relocation = inFlight_.front();
    inFlight_.pop_front();
    if (!relocation->dropped) return relocation;
    recycle(*relocation);
  }
  return nullptr;
}

}  // namespace flux
