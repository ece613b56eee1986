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
    evacuation_.forgetSurvey();
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
    evacuation_.stop();
    return;
  }
  const auto blocks = static_cast<std::uint32_t>(blocks_.size());
  // Behind the last block come the mirrors, which are few.
  const auto ask = [this, blocks](std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t i = first; i < end; ++i) noteHeld(blocks_[i]);
    if (end == blocks) forEachMirrorPlace([this](const Placement& place) { evacuation_.hold(place.chunk); });
  };
  const bool enough = evacuation_.choose(chunks_.reservedBytes() - hardLimitBytes_, blocks, ask);
  if (desc_.evicts) evacuate(quota, report);
  if (toldOfShrink_ || (enough && steps_ < shrinkSince_ + kPatienceSteps)) return;
  toldOfShrink_ = true;
  errors_.push_back(makeError(ErrorCode::OutOfBudget, "what is held on the device", {},
                              {hardLimitBytes_, chunks_.reservedBytes(), placedBytes()}));
}

/// Chunks in which something is held do not go, also if they were about to.
void Pool::Impl::noteHeld(const Block& block) {
  if (!evacuation_.listens() || !isHeld(block)) return;
  for (const Placement* place : {&block.place, &newestPlace(block)}) {
    if (place->range) evacuation_.hold(place->chunk);
  }
}

/// Blocks leave the chunks that have to go, whether frames draw them or not: those that do miss them, and they come
/// back to the chunks that stay.
void Pool::Impl::evacuate(const StepQuota& quota, StepReport& report) {
  if (!evacuation_.underWay()) return;
  const auto count = static_cast<std::uint32_t>(blocks_.size());
  ByteCount left = quota.evictBytes - std::min(quota.evictBytes, leavingBytes_);
  for (std::uint32_t looks = std::min(residency_.policy().looks, count); looks > 0 && left > 0; --looks) {
    if (++lastEvacuated_ >= count) lastEvacuated_ = 0;
    if (ring_.hot(lastEvacuated_).state() != BlockState::Resident) continue;
    if (!evacuation_.goes(ring_.hot(lastEvacuated_).chunk())) continue;
    Block& block = blocks_[lastEvacuated_];
    const ByteCount bytes = block.place.bytes;
    if (!mayLeave(block, steps_, true)) continue;
    dropMove(block);
    if (beginLeaving(block, lastEvacuated_, true, report)) left -= std::min(left, bytes);
  }
}

}  // namespace flux
