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
/// Blocks that are looked at in a step in which chunks are chosen.
constexpr std::uint32_t kSurveyLooks = 16'384;

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
  return {};
}

void Pool::Impl::setLimits(ByteCount hard) {
  hardLimitBytes_ = hard;
  const ByteCount part = desc_.evicts ? hard / 100 * residency_.policy().softPercent : hard;
  softLimitBytes_ = softBytes_ != 0 ? std::min(softBytes_, hard) : part;
  noteRoom();
  shrinkSince_ = steps_;
  toldOfShrink_ = false;
}

/// What the device has for this pool: what is not taken by others in this process.
ByteCount Pool::Impl::seenDeviceLimit() {
  const MemoryBudget budget = device_.budget();
  const ByteCount others = budget.usedBytes - std::min<ByteCount>(budget.usedBytes, chunks_.reservedBytes());
  return seen(RecordKind::DeviceBudget, budget.budgetBytes - std::min(budget.budgetBytes, others));
}

bool Pool::Impl::isHeld(const Block& block) const noexcept {
  if (!block.live || (!block.place.range && block.relocation == nullptr)) return false;
  return block.pins > 0 || !desc_.evicts || (block.lifetime == Lifetime::LongLived && !block.demoted);
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
    if (block.lifetime == Lifetime::LongLived && !block.demoted) entry.by = HeldBy::Lifetime;
    if (block.pins > 0) entry.by = HeldBy::Pin;
    if (entry.by == HeldBy::Pin) held.pinnedBytes += place.bytes;
    if (entry.by == HeldBy::Lifetime) held.longLivedBytes += place.bytes;
    hold(place);
    if (block.place.range) hold(block.place);
  }
  for (std::uint32_t m = 0; mirrors_ != nullptr && m < mirrors_->most(); ++m) {
    if (const std::optional<Placement>& place = mirrors_->placeOf(m)) hold(*place);
    if (const std::optional<Placement>& next = mirrors_->nextPlaceOf(m)) hold(*next);
  }
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
    for (const ChunkIndex chunk : evacuated_) {
      if (space(Lifetime::Streaming).retired(chunk)) space(Lifetime::Streaming).restoreChunk(chunk);
    }
    evacuated_.clear();
    return;
  }
  const bool enough = chooseChunks();
  if (desc_.evicts) evacuate(quota, report);
  if (toldOfShrink_ || (enough && steps_ < shrinkSince_ + kPatienceSteps)) return;
  toldOfShrink_ = true;
  errors_.push_back(makeError(ErrorCode::OutOfBudget, "what is held on the device", {},
                              {hardLimitBytes_, chunks_.reservedBytes(), placedBytes()}));
}

/// Finds out in which chunks something is held, so many blocks a step. True: now it is known.
bool Pool::Impl::surveyHeld() {
  if (surveyed_ == 0) holds_.assign(kMaxChunks, false);
  const auto count = static_cast<std::uint32_t>(blocks_.size());
  const std::uint32_t end = std::min(count, surveyed_ + kSurveyLooks);
  for (; surveyed_ < end; ++surveyed_) {
    const Block& block = blocks_[surveyed_];
    if (!isHeld(block)) continue;
    holds_[static_cast<std::uint32_t>(newestPlace(block).chunk)] = true;
    if (block.place.range) holds_[static_cast<std::uint32_t>(block.place.chunk)] = true;
  }
  if (surveyed_ < count) return false;
  surveyed_ = 0;
  return true;
}

/// Takes the emptiest chunks in which nothing is held out of service, as many as have to go. False: there are too few.
bool Pool::Impl::chooseChunks() {
  ChunkSpace& streaming = space(Lifetime::Streaming);
  std::erase_if(evacuated_, [&](ChunkIndex chunk) { return !streaming.retired(chunk); });
  ByteCount goes = 0;
  for (const ChunkIndex chunk : evacuated_) goes += chunks_[chunk].bytes;
  const ByteCount needed = chunks_.reservedBytes() - hardLimitBytes_;
  if (goes >= needed) return true;
  if (!surveyHeld()) return true;  // not known yet
  while (goes < needed) {
    std::optional<ChunkIndex> emptiest;
    ByteCount least = 0;
    chunks_.forEach([&](ChunkIndex chunk, const ChunkInfo& info) {
      if (!streaming.contains(chunk) || streaming.retired(chunk)) return;
      if (holds_[static_cast<std::uint32_t>(chunk)]) return;
      const ByteCount placed = info.bytes - std::min(info.bytes, streaming.freeBytes(chunk));
      if (!emptiest || placed < least) {
        emptiest = chunk;
        least = placed;
      }
    });
    if (!emptiest) return false;
    streaming.retireChunk(*emptiest);
    evacuated_.push_back(*emptiest);
    goes += chunks_[*emptiest].bytes;
  }
  return true;
}

/// Blocks leave the chunks that have to go, whether frames draw them or not: those that do miss them, and they come
/// back to the chunks that stay.
void Pool::Impl::evacuate(const StepQuota& quota, StepReport& report) {
  const auto count = static_cast<std::uint32_t>(blocks_.size());
  ByteCount left = quota.evictBytes - std::min(quota.evictBytes, leavingBytes_);
  for (std::uint32_t looks = std::min(residency_.policy().looks, count); looks > 0 && left > 0; --looks) {
    if (++evacuating_ >= count) evacuating_ = 0;
    if (ring_.hot(evacuating_).state() != BlockState::Resident) continue;
    if (std::ranges::find(evacuated_, ring_.hot(evacuating_).chunk()) == evacuated_.end()) continue;
    Block& block = blocks_[evacuating_];
    const ByteCount bytes = block.place.bytes;
    if (!mayLeave(block)) continue;
    dropMove(block);
    if (beginLeaving(block, evacuating_, true, report)) left -= std::min(left, bytes);
  }
}

}  // namespace flux
