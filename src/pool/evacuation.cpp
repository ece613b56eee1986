#include "pool/evacuation.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace flux {

bool Evacuation::choose(ByteCount excess, std::uint32_t holders, const AskHolders& ask) {
  std::erase_if(chosen_, [this](ChunkIndex chunk) { return !goes(chunk); });
  // The limit may have risen, or others have gone: what need not go is of use to what waits for room.
  while (!chosen_.empty() && bytes_ - spaceOf(chosen_.back())->bytes(chosen_.back()) >= excess) {
    keep(chosen_.back());
    chosen_.pop_back();
  }
  if (bytes_ >= excess) return true;
  const bool fresh = !surveyed_;
  if (fresh && !survey(holders, ask)) return true;  // not known yet
  for (std::uint32_t i = 0; i < kChunksChosen && bytes_ < excess && !emptiest_.empty(); ++i) {
    std::ranges::pop_heap(emptiest_, std::ranges::greater{});
    const ChunkIndex chunk = emptiest_.back().second;
    emptiest_.pop_back();
    // It may have gone, or got something that is held, since it was looked at.
    ChunkSpace* const space = spaceOf(chunk);
    if (space != nullptr && !held_[indexOf(chunk)]) take(*space, chunk);
  }
  surveyed_ = !emptiest_.empty();
  return bytes_ >= excess || surveyed_ || !fresh;
}

bool Evacuation::survey(std::uint32_t holders, const AskHolders& ask) {
  if (seenHolders_ == 0 && seenChunks_ == 0) {
    held_.assign(kMaxChunks, false);
    goes_.resize(kMaxChunks);
    emptiest_.clear();
  }
  if (seenHolders_ < holders) {
    const std::uint32_t end = std::min(holders, seenHolders_ + kHolderLooks);
    ask(std::exchange(seenHolders_, end), end);
    if (end < holders) return false;
  }

  std::uint32_t chunks = 0;
  for (const ChunkSpace& each : spaces_) chunks = std::max(chunks, each.chunkIndexEnd());
  const std::uint32_t end = std::min(chunks, seenChunks_ + kChunkLooks);
  for (; seenChunks_ < end; ++seenChunks_) {
    const ChunkIndex chunk{seenChunks_};
    const ChunkSpace* const space = spaceOf(chunk);
    if (space == nullptr || goes(chunk) || held_[seenChunks_]) continue;
    emptiest_.emplace_back(space->bytes(chunk) - space->freeBytes(chunk), chunk);
    std::ranges::push_heap(emptiest_, std::ranges::greater{});
  }
  if (seenChunks_ < chunks) return false;
  forgetSurvey();
  surveyed_ = true;
  return true;
}

void Evacuation::stop() {
  for (const ChunkIndex chunk : chosen_) keep(chunk);
  chosen_.clear();
  forgetSurvey();
}

void Evacuation::forgetSurvey() {
  surveyed_ = false;
  seenHolders_ = seenChunks_ = 0;
}

void Evacuation::hold(ChunkIndex chunk) {
  if (!listens()) return;
  held_[indexOf(chunk)] = true;
  keep(chunk);
}

/// A defragmenter may be emptying it, or one of the same index that has gone.
void Evacuation::take(ChunkSpace& space, ChunkIndex chunk) {
  for (Defragmenter& each : defragmenters_) each.leave(chunk);
  if (!space.retired(chunk)) space.retireChunk(chunk);
  chosen_.push_back(chunk);
  goes_[indexOf(chunk)] = true;
  bytes_ += space.bytes(chunk);
}

void Evacuation::keep(ChunkIndex chunk) {
  if (!goes(chunk)) return;
  forget(chunk);
  spaceOf(chunk)->restoreChunk(chunk);
}

void Evacuation::forget(ChunkIndex chunk) {
  if (!goes(chunk)) return;
  goes_[indexOf(chunk)] = false;
  bytes_ -= spaceOf(chunk)->bytes(chunk);
}

/// Null: the chunk has gone.
ChunkSpace* Evacuation::spaceOf(ChunkIndex chunk) const noexcept {
  const auto found = std::ranges::find_if(spaces_, [chunk](const ChunkSpace& each) { return each.contains(chunk); });
  return found != spaces_.end() ? &*found : nullptr;
}

}  // namespace flux
