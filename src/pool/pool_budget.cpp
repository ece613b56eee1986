// Limits of device memory that change while the pool lives, and how the pool gets below a limit that has fallen: empty
// chunks go; then the emptiest chunks are taken out of service, and whatever is in them leaves.

#include "pool/pool_impl.hpp"

#include <algorithm>

namespace flux {
namespace {

constexpr std::chrono::milliseconds kAskEvery{250};
/// A limit that rises is followed by this part of the way at each look, so that a device that wavers moves little.
constexpr ByteCount kRiseDivisor = 4;
/// Steps after which it is reported that a limit that has fallen is not reached.
constexpr std::uint64_t kPatienceSteps = 240;
/// In a step in which chunks are chosen: blocks and chunks that are looked at, and chunks that are taken out of
/// service, which costs a look at each of their ranges. A step's quota of evictions empties four of the default size.
constexpr std::uint32_t kSurveyLooks = 16'384;
constexpr std::uint32_t kChunkLooks = 1024;
constexpr std::uint32_t kChunksChosen = 16;

constexpr std::uint32_t indexOf(ChunkIndex chunk) {
  return static_cast<std::uint32_t>(chunk);
}

}  // namespace

Result<void> Pool::Impl::setBudget(const Budget& budget, std::source_location where) {
  if (lost_) return Unexpected(named(makeError(ErrorCode::DeviceLost, "device", where), "budget", {}, where));
  const bool follows = budget.hardBytes == 0;
  const ByteCount hard = follows ? seenDeviceLimit() : budget.hardBytes;
  const HeldMemory held = heldMemory();
  if (held.chunkBytes > hard) {
    return Unexpected(makeError(ErrorCode::OutOfBudget, "what is held on the device", where,
                                {hard, held.chunkBytes, held.pinnedBytes, held.longLivedBytes}));
  }
  followsDevice_ = follows;
  softBytes_ = budget.softBytes;
  setLimits(hard);
  beginShrinking();
  return {};
}

void Pool::Impl::setLimits(ByteCount hard) {
  // A device that wavers does not make the patience with it begin anew.
  if (chunks_.reservedBytes() <= hardLimitBytes_) {
    beginShrinking();
    forgetSurvey();
  }
  hardLimitBytes_ = hard;
  const ByteCount part = desc_.evicts ? hard / 100 * residency_.policy().softPercent : hard;
  softLimitBytes_ = softBytes_ != 0 ? std::min(softBytes_, hard) : part;
  noteRoom();
}

/// Should there be more than the limit, it is reported when it has been so for long.
void Pool::Impl::beginShrinking() {
  shrinkSince_ = steps_;
  toldOfShrink_ = false;
}

/// What the device has for this pool: what is not taken by others in this process.
ByteCount Pool::Impl::seenDeviceLimit() {
  const MemoryBudget budget = device_.budget();
  const ByteCount others = budget.usedBytes - std::min<ByteCount>(budget.usedBytes, chunks_.reservedBytes());
  return seen(RecordKind::DeviceBudget, budget.budgetBytes - std::min(budget.budgetBytes, others));
}

template <class Visit>
void Pool::Impl::forEachMirrorPlace(const Visit& visit) const {
  for (std::uint32_t m = 0; mirrors_ != nullptr && m < mirrors_->most(); ++m) {
    if (const std::optional<Placement>& place = mirrors_->placeOf(m)) visit(*place);
    if (const std::optional<Placement>& next = mirrors_->nextPlaceOf(m)) visit(*next);
  }
}

bool Pool::Impl::isHeld(const Block& block) const noexcept {
  if (!block.live || (!block.place.range && block.relocation == nullptr)) return false;
  return block.pins > 0 || !desc_.evicts || isLongLived(block);
}

HeldMemory Pool::Impl::heldMemory() const {
  HeldMemory held;
  std::vector<bool> holds(kMaxChunks);
  const auto hold = [&](const Placement& place) { holds[static_cast<std::uint32_t>(place.chunk)] = true; };
  for (std::uint32_t i = 1; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (!isHeld(block)) continue;
    const Placement& place = newestPlace(block);
    HeldBlock& entry = held.blocks.emplace_back();
    entry = {{i, block.generation}, block.name.data(), place.bytes, HeldBy::Pool};
    if (isLongLived(block)) entry.by = HeldBy::Lifetime;
    if (block.pins > 0) entry.by = HeldBy::Pin;
    if (entry.by == HeldBy::Pin) held.pinnedBytes += place.bytes;
    if (entry.by == HeldBy::Lifetime) held.longLivedBytes += place.bytes;
    hold(place);
    if (block.place.range) hold(block.place);
  }
  forEachMirrorPlace(hold);
  chunks_.forEach([&](ChunkIndex chunk, const ChunkInfo& info) {
    if (holds[static_cast<std::uint32_t>(chunk)]) held.chunkBytes += info.bytes;
  });
  return held;
}

Result<void> Pool::Impl::demote(BlockHandle handle, std::source_location where) {
  Block* const block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  block->demoted = true;
  return {};
}

/// Null: the chunk has gone.
ChunkSpace* Pool::Impl::spaceOf(ChunkIndex chunk) noexcept {
  const auto found = std::ranges::find_if(spaces_, [chunk](const ChunkSpace& each) { return each.contains(chunk); });
  return found != spaces_.end() ? &*found : nullptr;
}

// ---- Getting below a limit that has fallen -----------------------------------------------------------------

void Pool::Impl::followBudget(const StepQuota& quota, StepReport& report, std::chrono::steady_clock::time_point now) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Residency);
  if (followsDevice_ && now - askedDevice_ >= kAskEvery) {
    askedDevice_ = now;
    const ByteCount limit = seenDeviceLimit();
    const ByteCount hard = hardLimitBytes_;
    if (limit != hard) setLimits(limit < hard ? limit : hard + (limit - hard + kRiseDivisor - 1) / kRiseDivisor);
  }
  while (chunks_.reservedBytes() > hardLimitBytes_ && releaseAnyEmptyChunk()) {
  }
  if (chunks_.reservedBytes() <= hardLimitBytes_) {
    for (const ChunkIndex chunk : evacuation_.chunks) keepChunk(chunk);
    evacuation_.chunks.clear();
    forgetSurvey();
    return;
  }
  const bool enough = chooseChunks();
  if (desc_.evicts) evacuate(quota, report);
  if (toldOfShrink_ || (enough && steps_ < shrinkSince_ + kPatienceSteps)) return;
  toldOfShrink_ = true;
  errors_.push_back(makeError(ErrorCode::OutOfBudget, "what is held on the device", {},
                              {hardLimitBytes_, chunks_.reservedBytes(), placedBytes()}));
}

/// Takes the emptiest chunks in which nothing is held out of service, as many as have to go. False: there are too few.
bool Pool::Impl::chooseChunks() {
  Evacuation& all = evacuation_;
  const ByteCount needed = chunks_.reservedBytes() - hardLimitBytes_;
  // The limit may have risen, or others have gone: what need not go is of use to what waits for room.
  while (!all.chunks.empty()) {
    const ChunkIndex last = all.chunks.back();
    if (all.goes[indexOf(last)] && all.bytes - chunks_[last].bytes < needed) break;
    keepChunk(last);
    all.chunks.pop_back();
  }
  if (all.bytes >= needed) return true;
  const bool fresh = !all.surveyed;
  if (fresh && !survey()) return true;  // not known yet
  for (std::uint32_t i = 0; i < kChunksChosen && all.bytes < needed && !all.emptiest.empty(); ++i) {
    std::ranges::pop_heap(all.emptiest, std::ranges::greater{});
    const ChunkIndex chunk = all.emptiest.back().second;
    all.emptiest.pop_back();
    // It may have gone, or got something that is held, since it was looked at. The defragmenter may be emptying it,
    // or one of the same index that went.
    ChunkSpace* const chunkSpace = spaceOf(chunk);
    if (chunkSpace == nullptr || all.goes[indexOf(chunk)] || all.holds[indexOf(chunk)]) continue;
    for (Defragmenter& each : defragmenters_) each.leave(chunk);
    if (!chunkSpace->retired(chunk)) chunkSpace->retireChunk(chunk);
    all.chunks.push_back(chunk);
    all.goes[indexOf(chunk)] = true;
    all.bytes += chunks_[chunk].bytes;
  }
  all.surveyed = !all.emptiest.empty();
  return all.bytes >= needed || all.surveyed || !fresh;
}

/// Finds out in which chunks something is held, and which of the others are the emptiest: so many blocks and chunks a
/// step. True: now it is known.
bool Pool::Impl::survey() {
  Evacuation& all = evacuation_;
  if (all.seenBlocks == 0) {
    all.holds.assign(kMaxChunks, false);
    all.goes.resize(kMaxChunks);
    all.emptiest.clear();
  }
  const auto blocks = static_cast<std::uint32_t>(blocks_.size());
  const std::uint32_t blockEnd = std::min(blocks, all.seenBlocks + kSurveyLooks);
  for (; all.seenBlocks < blockEnd; ++all.seenBlocks) noteHeld(blocks_[all.seenBlocks]);
  if (all.seenBlocks < blocks) return false;
  if (all.seenChunks == 0) forEachMirrorPlace([this](const Placement& place) { noteHeld(place); });

  const std::uint32_t chunks = std::max(spaces_[0].chunkIndexEnd(), spaces_[1].chunkIndexEnd());
  const std::uint32_t chunkEnd = std::min(chunks, all.seenChunks + kChunkLooks);
  for (; all.seenChunks < chunkEnd; ++all.seenChunks) {
    const ChunkIndex chunk{all.seenChunks};
    const ChunkSpace* const chunkSpace = spaceOf(chunk);
    if (chunkSpace == nullptr || all.goes[all.seenChunks] || all.holds[all.seenChunks]) continue;
    const ByteCount bytes = chunks_[chunk].bytes;
    all.emptiest.emplace_back(bytes - std::min(bytes, chunkSpace->freeBytes(chunk)), chunk);
    std::ranges::push_heap(all.emptiest, std::ranges::greater{});
  }
  if (all.seenChunks < chunks) return false;
  all.seenBlocks = all.seenChunks = 0;
  all.surveyed = true;
  return true;
}

void Pool::Impl::forgetSurvey() {
  evacuation_.surveyed = false;
  evacuation_.seenBlocks = evacuation_.seenChunks = 0;
}

void Pool::Impl::noteHeld(const Block& block) {
  if (evacuation_.holds.empty() || !isHeld(block)) return;
  for (const Placement* place : {&block.place, &newestPlace(block)}) {
    if (place->range) noteHeld(*place);
  }
}

/// Chunks in which something is held do not go, also if they were about to.
void Pool::Impl::noteHeld(const Placement& place) {
  if (evacuation_.holds.empty()) return;
  evacuation_.holds[indexOf(place.chunk)] = true;
  keepChunk(place.chunk);
}

void Pool::Impl::keepChunk(ChunkIndex chunk) {
  if (stopEvacuating(chunk)) spaceOf(chunk)->restoreChunk(chunk);
}

/// False: the chunk was not about to go.
bool Pool::Impl::stopEvacuating(ChunkIndex chunk) {
  if (evacuation_.goes.empty() || !evacuation_.goes[indexOf(chunk)]) return false;
  evacuation_.goes[indexOf(chunk)] = false;
  evacuation_.bytes -= chunks_[chunk].bytes;
  return true;
}

/// Blocks leave the chunks that have to go, whether frames draw them or not: those that do miss them, and they come
/// back to the chunks that stay.
void Pool::Impl::evacuate(const StepQuota& quota, StepReport& report) {
  if (evacuation_.chunks.empty()) return;
  const auto count = static_cast<std::uint32_t>(blocks_.size());
  ByteCount left = quota.evictBytes - std::min(quota.evictBytes, leavingBytes_);
  for (std::uint32_t looks = std::min(residency_.policy().looks, count); looks > 0 && left > 0; --looks) {
    if (++evacuation_.lastBlock >= count) evacuation_.lastBlock = 0;
    if (ring_.hot(evacuation_.lastBlock).state() != BlockState::Resident) continue;
    if (!evacuation_.goes[indexOf(ring_.hot(evacuation_.lastBlock).chunk())]) continue;
    Block& block = blocks_[evacuation_.lastBlock];
    const ByteCount bytes = block.place.bytes;
    if (!mayLeave(block, steps_, true)) continue;
    dropMove(block);
    if (beginLeaving(block, evacuation_.lastBlock, true, report)) left -= std::min(left, bytes);
  }
}

}  // namespace flux
