#include "pool/defragmenter.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace flux {
namespace {

constexpr ByteCount kLargeDivisor = 16;

constexpr ByteCount percentOf(ByteCount bytes, std::uint32_t percent) {
  return bytes / 100 * percent + bytes % 100 * percent / 100;
}

/// In chunks that hold something.
ByteCount heldFreeBytes(const ChunkSpace& space) {
  const ByteCount free = space.freeBytes();
  return free - std::min(free, space.readyBytes());
}

ByteCount usedBytes(const ChunkSpace& space) {
  const ByteCount reserved = space.reservedBytes();
  return reserved - std::min(reserved, space.freeBytes());
}

}  // namespace

void Defragmenter::setGoal(const DefragGoal& goal, std::uint64_t step) {
  wantedChunks_ = goal.freeChunks;
  holeBytes_ = goal.holeBytes;
  isGoal_ = true;
  lookAt_ = 0;
  beginSearch(step);
  std::ranges::fill(notBefore_, 0);
}

/// What gets a chunk of its own needs chunks to go.
void Defragmenter::noteRefusal(const ChunkSpace& space, ByteCount bytes, ByteCount alignment, std::uint64_t step) {
  if (space.dedicated(bytes)) return noteLack(space, bytes, step);
  if (!automatic_ || wanted() || (step < noHoleBefore_ && bytes >= deniedHole_)) return;
  holeBytes_ = bytes + std::lcm(alignment, kPlaceUnitBytes) - kPlaceUnitBytes;  // wherever it begins
  isGoal_ = false;
  beginSearch(step);
}

void Defragmenter::noteLack(const ChunkSpace& space, ByteCount bytes, std::uint64_t step) {
  if (!automatic_ || wanted() || step < noGoalBefore_) return;
  wantedChunks_ = static_cast<std::uint32_t>((bytes + space.fullSizeBytes() - 1) / space.fullSizeBytes());
  isGoal_ = false;
  beginSearch(step);
}

void Defragmenter::beginSearch(std::uint64_t step) {
  sweepAt_ = 0;
  windowTried_ = false;
  nextLook_ = 0;
  lastMove_ = wonStep_ = step;
}

void Defragmenter::work(ChunkSpace& space, BlockMover& mover, std::uint64_t step, bool quiet) {
  if (heldFreeBytes(space) >= triedWith_ + space.fullSizeBytes()) forgetFailures(step);
  if (victim_) {
    const bool gone = !space.retired(*victim_);  // under pressure, as soon as it was empty
    if (gone || space.liveRanges(*victim_) == 0) {
      emptied(space, step, quiet);
    } else if (step > lastMove_ + kPatienceSteps) {
      makesHole() ? putBack(space) : giveUp(space, step);
    } else if (pass_ == Pass::Clear) {
      clear(space, mover, step);
    } else if (pass_ >= Pass::Seek) {
      widen(space, mover, step);
    } else {
      empty(space, mover, step);
    }
    return;
  }
  if (holeBytes_ != 0 && holeIsThere(space)) {
    holeBytes_ = 0;
    retrySteps_ = policy_.retrySteps;
  }
  if (holeBytes_ != 0) return makeHole(space, mover, step);
  if (!wanted() && !quiet && step < nextChunk_) return;
  look(space, mover, step);
}

// ---- Which chunk -------------------------------------------------------------------------------------------

void Defragmenter::look(ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  if (lookAt_ == 0) {
    best_.reset();
    held_ = 0;
  }
  const std::uint32_t end = space.chunkIndexEnd();
  notBefore_.resize(std::max<std::size_t>(notBefore_.size(), end));
  for (std::uint32_t looks = 0; looks < kChunkLooks && lookAt_ < end; ++looks, ++lookAt_) {
    const Candidate candidate{ChunkIndex{lookAt_}, space.sharedUse(ChunkIndex{lookAt_})};
    if (candidate.use.bytes == 0) continue;
    ++held_;
    if (step < notBefore_[lookAt_]) continue;
    // Used bytes for each byte of the chunk. Sizes are under 64 GiB, so products of multiples of 16 bytes fit.
    const auto cost = [](const ChunkSpace::SharedUse& use, ByteCount other) {
      return use.usedBytes / kPlaceUnitBytes * (other / kPlaceUnitBytes);
    };
    if (!best_ || cost(candidate.use, best_->use.bytes) < cost(best_->use, candidate.use.bytes)) best_ = candidate;
  }
  if (lookAt_ < end) return;
  lookAt_ = 0;
  decide(space, mover, step);
}

void Defragmenter::decide(ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  // What has been looked at may have changed since.
  if (best_) best_->use = space.sharedUse(best_->chunk);
  if (held_ > 1 && best_ && best_->use.bytes != 0 && worthwhile(space, *best_)) {
    begin(space, best_->chunk, Pass::Survey, step);
    return;
  }
  if (wantedChunks_ != 0) return giveUpChunks(space, mover, step);
  seen_ = stampOf(space);
  nextLook_ = step + policy_.stepsBetween;
}

/// If none can be found, and none will be when what is going has come free. That nothing has been tried is no reason to
/// be deaf to requests.
void Defragmenter::giveUpChunks(const ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  const bool comes = held_ > 1 && best_ && fitsElsewhere(space, *best_, mover.goingBytes());
  if (comes && step < lastMove_ + kSearchSteps) return;
  if (isGoal_) mover.goalFailed(wantedChunks_ * space.fullSizeBytes());
  wantedChunks_ = 0;
  if (best_ && !comes) return;
  noGoalBefore_ = step + mostRetrySteps();
  triedWith_ = heldFreeBytes(space);
}

/// `going`: if so much more were free.
bool Defragmenter::fitsElsewhere(const ChunkSpace& space, const Candidate& candidate, ByteCount going) {
  return heldFreeBytes(space) + going >= candidate.use.bytes;  // of which a part is free in the chunk itself
}

bool Defragmenter::worthwhile(const ChunkSpace& space, const Candidate& candidate) const {
  if (!fitsElsewhere(space, candidate)) return false;
  if (wanted()) return true;
  const ByteCount elsewhere = heldFreeBytes(space) - (candidate.use.bytes - candidate.use.usedBytes);
  const ByteCount used = candidate.use.usedBytes;
  const ByteCount slack = percentOf(usedBytes(space), policy_.freeUsedPercent);
  if (used + slack > elsewhere) return false;
  if (used < percentOf(candidate.use.bytes, policy_.sparsePercent)) return true;
  return used <= percentOf(candidate.use.bytes, policy_.fullPercent) &&
         heldFreeBytes(space) > percentOf(space.fullSizeBytes(), policy_.freeChunkPercent) + slack;
}

// ---- Emptying it -------------------------------------------------------------------------------------------

void Defragmenter::begin(ChunkSpace& space, ChunkIndex chunk, Pass pass, std::uint64_t step) {
  space.retireChunk(chunk);
  victim_ = chunk;
  pass_ = pass;
  next_ = space.firstTaken(chunk).range;
  before_ = {};
  holeBegin_ = holeEnd_ = 0;
  lastMove_ = step;
}

void Defragmenter::empty(ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  const ByteCount least = pass_ == Pass::Large ? space.fullSizeBytes() / kLargeDivisor : 0;
  for (std::uint32_t looks = 0; looks < kRangeLooks; ++looks) {
    if (!next_) {  // each pass ends with a step
      if (pass_ != Pass::All) pass_ = pass_ == Pass::Survey ? Pass::Large : Pass::All;
      next_ = space.firstTaken(*victim_).range;
      return;
    }
    const ChunkSpace::TakenRange range = space.taken(next_);
    if (!range.range) {  // it has gone meanwhile
      next_ = space.firstTaken(*victim_).range;
      continue;
    }
    const RangeId behind = space.nextTaken(next_).range;
    if (pass_ == Pass::Survey) {
      if (mover.stays(next_)) return giveUp(space, step);
    } else if (range.bytes >= least) {
      if (mover.busy()) return;
      const MoveStart start = mover.move(next_);
      looks += kLooksOfAMove - 1;
      if (start == MoveStart::NoRoom || start == MoveStart::Stays) return giveUp(space, step);
      if (start == MoveStart::Started) lastMove_ = step;
    }
    next_ = behind;
  }
}

void Defragmenter::emptied(ChunkSpace& space, std::uint64_t step, bool quiet) {
  const bool kept = space.lacksSpare() || (holeBytes_ != 0 && !holeIsThere(space));
  if (space.retired(*victim_) && kept) space.restoreChunk(*victim_);
  victim_.reset();
  wantedChunks_ -= std::min(wantedChunks_, 1U);
  retrySteps_ = policy_.retrySteps;
  nextChunk_ = step + (quiet ? 0 : policy_.stepsBetween);
}

void Defragmenter::giveUp(ChunkSpace& space, std::uint64_t step) {
  notBefore_[static_cast<std::uint32_t>(*victim_)] = step + mostRetrySteps();
  putBack(space);
  triedWith_ = heldFreeBytes(space);
  if (wanted()) return;
  nextChunk_ = step + retrySteps_;
  retrySteps_ = std::min(2 * retrySteps_, mostRetrySteps());
}

/// With so much more room than there was it may go well.
void Defragmenter::forgetFailures(std::uint64_t step) {
  triedWith_ = kNeverTried;
  std::ranges::fill(notBefore_, 0);
  noHoleBefore_ = noGoalBefore_ = 0;
  nextChunk_ = std::min(nextChunk_, step);
  retrySteps_ = policy_.retrySteps;
}

void Defragmenter::putBack(ChunkSpace& space) {
  space.restoreChunk(*victim_);
  victim_.reset();
}

void Defragmenter::revive(ChunkSpace& space, std::uint64_t step) {
  putBack(space);
  windowTried_ = false;
  nextChunk_ = step + policy_.retrySteps;
}

void Defragmenter::leave(ChunkIndex chunk) {
  if (victim_ == chunk) victim_.reset();
}

void Defragmenter::abandon() {
  victim_.reset();
  wantedChunks_ = 0;
  holeBytes_ = 0;
}

// ---- Making a hole -----------------------------------------------------------------------------------------

/// The one with the fewest used bytes that fit elsewhere, of the chunks whose turn it is.
std::optional<Defragmenter::Window> Defragmenter::cheapestWindow(const ChunkSpace& space, const BlockMover& mover) {
  std::optional<Window> best;
  std::uint32_t looks = kWindowLooks;
  for (std::uint32_t chunks = space.chunkIndexEnd(); chunks > 0 && looks > 0; --chunks, --looks) {
    windowAt_ = windowAt_ + 1 < space.chunkIndexEnd() ? windowAt_ + 1 : 0;
    const ChunkIndex chunk{windowAt_};
    const ChunkSpace::SharedUse use = space.sharedUse(chunk);
    if (use.bytes < holeBytes_) continue;
    const ByteCount elsewhere = heldFreeBytes(space) - std::min(heldFreeBytes(space), use.bytes - use.usedBytes);
    Window window{.chunk = chunk};
    ChunkSpace::TakenRange first = space.firstTaken(chunk);  // in the window
    for (ChunkSpace::TakenRange range = first; looks > 0; --looks) {
      const ByteOffset end = range.range ? range.offset : use.bytes;
      // Its front goes as long as it stays large enough.
      while (first.range != range.range && end - (first.offset + first.bytes) >= holeBytes_) {
        window = {chunk, first.range, first.offset + first.bytes, window.usedBytes - first.bytes};
        first = space.nextTaken(first.range);
      }
      const bool fits = end - window.begin >= holeBytes_ && window.usedBytes <= elsewhere;
      if (fits && (!best || window.usedBytes < best->usedBytes)) best = window;
      if (!range.range) break;
      const ChunkSpace::TakenRange behind = space.nextTaken(range.range);
      if (mover.stays(range.range)) {
        window = {chunk, range.range, range.offset + range.bytes, 0};
        first = behind;
      } else {
        window.usedBytes += range.bytes;
      }
      range = behind;
    }
  }
  return best;
}

/// Into what is free, and a chunk. `going`: if so much more were free.
bool Defragmenter::holeFits(const ChunkSpace& space, ByteCount going) const {
  return holeBytes_ <= heldFreeBytes(space) + going && holeBytes_ <= space.largestSharedBytes();
}

/// The window; if that is not enough, a round through all chunks; and again, as long as a round wins something.
void Defragmenter::makeHole(ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  if (!holeFits(space)) return giveUpHole(space, mover, step);
  if (std::exchange(windowTried_, true)) return sweep(space, mover, step);
  const std::optional<Window> window = cheapestWindow(space, mover);
  if (!window) return;
  begin(space, window->chunk, Pass::Clear, step);
  before_ = window->before;
  holeBegin_ = window->begin;
  next_ = firstOfWindow(space).range;
}

ChunkSpace::TakenRange Defragmenter::firstOfWindow(const ChunkSpace& space) const {
  if (space.taken(before_).range) return space.nextTaken(before_);
  ChunkSpace::TakenRange range = space.firstTaken(*victim_);
  while (range.range && range.offset < holeBegin_) range = space.nextTaken(range.range);
  return range;
}

/// What is left in the window moves. One that finds no room may find some when others have left the device.
void Defragmenter::clear(ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  for (std::uint32_t looks = 0; looks < kRangeLooks; ++looks) {
    const ChunkSpace::TakenRange range = space.taken(next_);
    if (!range.range || range.offset >= holeBegin_ + holeBytes_) {  // the end; or it has gone meanwhile
      const ChunkSpace::TakenRange first = firstOfWindow(space);
      if (!first.range || first.offset >= holeBegin_ + holeBytes_) return putBack(space);
      next_ = first.range;
      return;
    }
    if (mover.busy()) return;
    const MoveStart start = mover.move(next_);
    looks += kLooksOfAMove - 1;
    if (start == MoveStart::Started) lastMove_ = step;
    const bool inVain = start == MoveStart::NoRoom && step > lastMove_ + kRoomSteps;
    if (inVain || start == MoveStart::Stays) return putBack(space);
    next_ = space.nextTaken(next_).range;
  }
}

/// One chunk after the other; once more, if that has made the largest gap larger.
void Defragmenter::sweep(ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  const std::uint32_t end = space.chunkIndexEnd();
  if (sweepAt_ == 0) sweepBegan_ = space.largestFreeBytes();
  for (std::uint32_t looks = 0; looks < kChunkLooks && sweepAt_ < end; ++looks) {
    const ChunkIndex chunk{sweepAt_++};
    if (space.sharedUse(chunk).bytes == 0) continue;
    begin(space, chunk, Pass::Seek, step);
    return;
  }
  if (sweepAt_ < end) return;
  sweepAt_ = 0;
  windowTried_ = false;
  if (space.largestFreeBytes() > sweepBegan_) wonStep_ = step;
  giveUpHole(space, mover, step);
}

/// If it would not be there when all that is going has come free, or nothing has been won for long. In the first case
/// nothing more has to be tried to know it, so requests of that size are heard again at once.
void Defragmenter::giveUpHole(const ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  const bool comes = holeFits(space, mover.goingBytes());
  if (comes && step < wonStep_ + kSearchSteps) return;
  if (isGoal_) mover.goalFailed(holeBytes_);
  const ByteCount denied = std::exchange(holeBytes_, 0);
  if (!comes) return;
  deniedHole_ = denied;
  noHoleBefore_ = step + retrySteps_;
  triedWith_ = heldFreeBytes(space);
  retrySteps_ = std::min(2 * retrySteps_, mostRetrySteps());
}

void Defragmenter::widen(ChunkSpace& space, BlockMover& mover, std::uint64_t step) {
  for (std::uint32_t looks = 0; looks < kRangeLooks && pass_ != Pass::Retire; ++looks) {
    const ChunkSpace::TakenRange range = space.taken(next_);
    if (!range.range) {  // the end of the chunk; or it has gone meanwhile, and so has the place to go on from
      if (pass_ == Pass::Seek) return putBack(space);
      pass_ = Pass::Retire;
      break;
    }
    const ChunkSpace::TakenRange behind = space.nextTaken(next_);
    if (pass_ == Pass::Widen || range.offset > holeBegin_) {
      if (mover.busy()) return;
      const bool enough = pass_ == Pass::Widen && range.offset >= holeBegin_ + holeBytes_;
      const bool moves = !enough && mover.move(next_) == MoveStart::Started;
      looks += kLooksOfAMove - 1;
      if (moves) {
        pass_ = Pass::Widen;
        holeEnd_ = range.offset + range.bytes;
        lastMove_ = step;
      } else if (pass_ == Pass::Widen) {
        pass_ = Pass::Retire;
      }
    }
    if (pass_ == Pass::Seek) {
      before_ = range.range;
      holeBegin_ = range.offset + range.bytes;
    }
    next_ = behind.range;
  }
  if (pass_ != Pass::Retire) return;
  const bool known = !before_ || space.taken(before_).range;  // if it has gone, the hole has grown by it
  const ChunkSpace::TakenRange first = before_ && known ? space.nextTaken(before_) : space.firstTaken(*victim_);
  if (!known || !first.range || first.offset >= holeEnd_) putBack(space);
}

}  // namespace flux
