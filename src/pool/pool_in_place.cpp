// Updates that overwrite a block where it is. They wait among the block's edits until no relocation runs and no frame
// is submitting; then they are a batch of their own, which waits on the device for the frames in flight. After that
// nothing is left to do: no place has changed, so there is nothing to publish.

#include "base/rounding.hpp"
#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <utility>

namespace flux {
namespace {

/// All of an update goes at once, so staging must be able to take it, whatever else waits there.
constexpr ByteCount kStagingDivisor = 4;

ByteCount laterBytes(std::span<const PartUpdate> updates, const auto& bytesOf) {
  ByteCount bytes = 0;
  for (const PartUpdate& update : updates) bytes += update.source.isLater() ? bytesOf(update) : 0;
  return bytes;
}

}  // namespace

Result<void> Pool::Impl::updateInPlace(BlockHandle handle, std::span<const PartUpdate> updates,
                                       std::source_location where) {
  Block* const block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  const auto fail = [&](ErrorCode code, std::string_view what, ErrorNumbers numbers) {
    return Unexpected(named(makeError(code, what, where, numbers), block->name.data(), handle, where));
  };
  if (!lost_ && ring_.hot(handle.index).state() == BlockState::Lost) {
    return fail(ErrorCode::InvalidArgument, "a lost block", {});
  }
  const Result<ByteCount> all = nameRanges(*block, handle, updates, where);
  if (!all) return Unexpected(all.error());
  const ByteCount limit = desc_.stagingLimitBytes / kStagingDivisor;
  if (*all > limit) return fail(ErrorCode::TooLarge, "an update in place", {*all, limit});
  const ByteCount later = laterBytes(updates, [&](const PartUpdate& update) {
    return update.bytes != 0 ? update.bytes : partBytes(*block, handle.index, update.part) - update.offset;
  });
  if (block->laterInPlaceBytes + later > limit) {
    return fail(ErrorCode::StagingFull, "updates in place", {block->laterInPlaceBytes + later, limit});
  }
  std::vector<Edit> edits;
  const Result<void> taken = takeUpdates(*block, handle, updates, edits, where);
  if (!taken) return taken;
  dropMove(*block);
  block->laterInPlaceBytes += later;
  mergeEdits(*block, edits, true);
  writeShadows(*block, handle, updates);
  block->where = where;
  queueForUpdate(handle.index);
  ++counters_.blocksUpdated;
  return {};
}

bool Pool::Impl::onlyInPlace(const Block& block) {
  return !block.edits.empty() && !block.absent && std::ranges::all_of(block.edits, &Edit::inPlace);
}

Result<void> Pool::Impl::gatherInPlace(StepQuota& quota, StepReport& report) {
  inPlacePieces_.clear();
  gathered_.clear();
  if (inPlaceQueue_.empty()) return {};
  const bool heldBack = gate_.submitting();  // asked now, so that no source is asked too early
  Result<void> error;
  ByteCount bytesLeft = quota.uploadBytes / 2;
  std::uint32_t piecesLeft = quota.pieces / 2;
  const ByteCount bytesBefore = bytesLeft;
  const std::uint32_t piecesBefore = piecesLeft;
  std::erase_if(inPlaceQueue_, [&](BlockHandle handle) {
    const std::uint32_t index = handle.index;
    if (find(handle) == nullptr) return true;
    Block& block = blocks_[index];
    dropStaleEdits(block, index);
    if (!block.edits.empty() && !onlyInPlace(block)) {
      updateQueue_.push_back(handle);  // it is still queued
      return true;
    }
    if (!block.place.range) loseEdits(block, index);
    if (block.edits.empty()) {
      block.queuedForUpdate = false;
      return true;
    }
    if (heldBack || !error || bytesLeft == 0 || piecesLeft == 0) return false;
    const Result<void> staged = block.laterInPlaceBytes != 0 ? stageInPlace(block, index) : Result<void>{};
    if (!staged) {
      // Those behind it may need no more staging, and give back what they have.
      if (staged.error().code != ErrorCode::StagingFull) error = staged;
      return false;
    }
    const std::size_t before = inPlacePieces_.size();
    const ByteCount bytes = addPiecesInPlace(block, index);
    const std::size_t pieces = inPlacePieces_.size() - before;
    if (!gathered_.empty() && (bytes > bytesLeft || pieces > piecesLeft)) {
      inPlacePieces_.resize(before);
      return false;
    }
    bytesLeft -= std::min(bytes, bytesLeft);
    piecesLeft -= static_cast<std::uint32_t>(std::min<std::size_t>(pieces, piecesLeft));
    gathered_.push_back({index, bytes});
    return false;
  });
  quota.uploadBytes -= bytesBefore - bytesLeft;
  quota.pieces -= piecesBefore - piecesLeft;
  const auto waiting = static_cast<std::uint32_t>(inPlaceQueue_.size());
  report.waitingBlocks += waiting;
  if (heldBack) report.heldBackBlocks += waiting;
  return error;
}

/// Brings all that waits for the block into staging. Where a source fails, the part keeps its bytes.
Result<void> Pool::Impl::stageInPlace(Block& block, std::uint32_t index) {
  for (Edit& edit : block.edits) {
    EditRanges staged;
    Result<void> result;
    for (const EditRanges::Range& range : edit.ranges.ranges()) {
      const EditContents& contents = edit.ranges.contents(range);
      if (contents.staged() || !result) {
        staged.add(range.offset, range.bytes, contents);
      } else {
        result = stageRange(edit, range, {index, block.generation}, staged);
      }
    }
    edit.ranges = std::move(staged);
    if (!result) return result;
  }
  return {};
}

/// What there is no staging for goes to `staged` as it is.
Result<void> Pool::Impl::stageRange(const Edit& edit, const EditRanges::Range& range, BlockHandle handle,
                                    EditRanges& staged) {
  const EditContents& contents = edit.ranges.contents(range);
  for (std::uint32_t at = range.offset; at < range.end();) {
    const Result<StagedBytes> piece =
        staging_.reserveAhead(std::min(ByteCount{range.end() - at}, staging_.pageBytes()));
    if (!piece) {
      staged.add(at, range.end() - at, contents);
      return Unexpected(piece.error());
    }
    const auto bytes = static_cast<std::uint32_t>(piece->bytes().size());
    if (!contents.fill(handle, edit.part, at, piece->bytes(), journal_)) {
      const std::string_view name = blocks_[handle.index].name.data();
      errors_.push_back(named(makeError(ErrorCode::SourceFailed, "", contents.where), name, handle, contents.where));
      break;
    }
    staged.add(at, bytes, {Source::staged(*piece), at, contents.where});
    at += bytes;
  }
  return {};
}

/// Returns their bytes.
ByteCount Pool::Impl::addPiecesInPlace(Block& block, std::uint32_t index) {
  const BlockLayout& layout = *ring_.cold(index).layout;
  ByteCount bytes = 0;
  for (Edit& edit : block.edits) {
    const PartPlacement& part = layout.parts[partIndex(edit.part)];
    FLUX_ASSERT(part.sizeBytes == edit.bytes, "a part that is overwritten is there");
    for (const EditRanges::Range& range : edit.ranges.ranges()) {
      const EditContents& contents = edit.ranges.contents(range);
      const StagingSpan& span = StagingPages::spanOf(contents.source.stagedBytes());
      CopyPiece piece;
      piece.source = span.page;
      piece.sourceOffset = span.offset + (range.offset - contents.begins);
      piece.destination = block.place.chunk;
      piece.destinationOffset = block.place.offset + part.offsetBytes + range.offset;
      piece.bytes = wholeWords(range.bytes);
      inPlacePieces_.push_back(piece);
      bytes += range.bytes;
    }
  }
  return bytes;
}

Result<void> Pool::Impl::submitInPlace(StepReport& report) {
  if (gathered_.empty()) return {};
  for (const CopyPiece& piece : inPlacePieces_) staging_.use(piece.source.page());
  Result<TimelineValue> value = TimelineValue{0};
  Result<void> sealed = staging_.seal();
  const auto submit = [&](const QueueValues& tags) {
    std::array<QueueValue, kMaxQueues> waits;
    std::size_t count = 0;
    // The copy queue's batches are in order anyway.
    for (std::uint32_t q = 1; q < std::min(kMaxQueues, device_.caps().queueCount); ++q) {
      if (tags[q] > completed(QueueId{q})) waits[count++] = {QueueId{q}, tags[q]};
    }
    value = device_.submit(inPlacePieces_, std::span(waits).first(count));
    return value.value_or(0);
  };
  const bool tried = sealed && gate_.overwrite(submit);
  if (!tried || !value) {
    if (!sealed) return sealed;
    if (!tried) report.heldBackBlocks += static_cast<std::uint32_t>(gathered_.size());
    return tried ? Result<void>(Unexpected(value.error())) : Result<void>{};
  }

  staging_.submitted(*value);
  relocations_.submittedBeside(*value);
  for (const Gathered& gathered : gathered_) {
    Block& block = blocks_[gathered.block];
    report.uploadedBytes += gathered.bytes;
    tags_.uploaded(block.tag, gathered.bytes);
    block.changedStep = steps_;
    for (Edit& edit : block.edits) noteContents(gathered.block, edit.part, edit.bytes, edit.ranges);
    block.edits.clear();
    block.laterInPlaceBytes = 0;
    block.queuedForUpdate = false;
    showIfNewest(block, gathered.block);  // what had a version has gone with its part
  }
  std::erase_if(inPlaceQueue_, [this](BlockHandle handle) { return !blocks_[handle.index].queuedForUpdate; });
  report.pieces += static_cast<std::uint32_t>(inPlacePieces_.size());
  report.waitingBlocks -= static_cast<std::uint32_t>(gathered_.size());
  return {};
}

}  // namespace flux
