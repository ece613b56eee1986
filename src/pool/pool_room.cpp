// Room for blocks that are to come to the device: how much is there, who leaves for the rest, and who would.

#include "pool/pool_impl.hpp"

#include <algorithm>
#include <utility>

namespace flux {

ByteCount Pool::Impl::placedBytes() const noexcept {
  return spaces_[0].placedBytes() + spaces_[1].placedBytes();
}

/// Whether so many bytes more stay under the soft limit.
bool Pool::Impl::admits(ByteCount bytes) const noexcept {
  const ByteCount placed = placedBytes();
  return placed < softLimitBytes_ && bytes <= softLimitBytes_ - placed;
}

/// For producers: whether all that may be on its way would find room.
void Pool::Impl::noteRoom() noexcept {
  if (!desc_.evicts) return;
  nearlyFull_.store(!admits(desc_.stagingLimitBytes + desc_.maxInstructionBytes), std::memory_order_relaxed);
}

/// For so much that found no room, and for what is over the soft limit.
Pool::Impl::Shortage Pool::Impl::shortageWith(ByteCount wanted) const {
  const ByteCount placed = placedBytes();
  const ByteCount soft = softLimitBytes_;
  if (wanted == 0 && placed <= soft) return {};
  const ByteCount going = std::min(placed, retirement_.bytesWaiting() + leavingBytes_);
  // Where there is room below the limit, what was refused found no range that is large enough.
  const ByteCount scattered = wanted - std::min(wanted, going);
  const ByteCount over = placed - going + wanted - std::min(placed - going + wanted, soft);
  return {std::max(scattered, over), over == 0};
}

/// Lets the coldest blocks leave.
void Pool::Impl::makeRoom(const StepQuota& quota, StepReport& report) {
  Shortage shortage = shortageWith(std::exchange(missingBytes_, 0));
  shortage.bytes = std::min(shortage.bytes, quota.evictBytes);
  if (shortage.bytes == 0) return;
  chooseVictims(shortage);
  for (const std::uint32_t victim : victims_) {
    if (victim >= blocks_.size() || !mayLeave(blocks_[victim], steps_)) continue;
    dropMove(blocks_[victim]);
    if (!beginLeaving(blocks_[victim], victim, false, report)) residency_.bar(victim);
  }
}

/// Looks at `looks` blocks, and takes the coldest, `closeLooks` of them at most, until they make up for the shortage:
/// `take(index)` answers how many bytes come free with one; 0: it cannot leave.
template <class Take>
void Pool::Impl::takeColdest(Residency& residency, const Shortage& shortage, std::uint32_t looks,
                             std::uint32_t closeLooks, const Take& take) const {
  const auto frame = static_cast<std::uint32_t>(gate_.progress().newestFrame);
  residency.look(looks, ring_.count(), frame, [&](std::uint32_t index) -> std::optional<std::uint32_t> {
    if (ring_.hot(index).state() != BlockState::Resident) return std::nullopt;
    // Where those lie that were long-lived, what comes back never goes.
    if (shortage.ofHoles && blocks_[index].lifetime != Lifetime::Streaming) return std::nullopt;
    return ring_.usage().lastUsed(index);
  });
  for (ByteCount found = 0; closeLooks > 0 && found < shortage.bytes && !residency.empty(); --closeLooks) {
    const std::uint32_t index = residency.takeColdest().index;
    const ByteCount bytes = take(index);
    if (bytes == 0) residency.bar(index);
    found += bytes;
  }
}

void Pool::Impl::chooseVictims(const Shortage& shortage) {
  victims_.clear();
  const ResidencyPolicy& policy = residency_.policy();
  takeColdest(residency_, shortage, policy.looks, policy.closeLooks, [&](std::uint32_t index) -> ByteCount {
    if (!mayLeave(blocks_[index], steps_)) return 0;
    victims_.push_back(index);
    return blocks_[index].place.bytes;
  });
  if (journal_ == nullptr) return;
  const std::uint64_t count = seen(RecordKind::VictimCount, victims_.size());
  victims_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(count, blocks_.size())));
  for (std::uint32_t& victim : victims_) victim = static_cast<std::uint32_t>(seen(RecordKind::Victim, victim));
}

// ---- What would have to go ---------------------------------------------------------------------------------

/// What leaving would take of the store: what is read back, and the copies that would be spares no more. None: it
/// cannot leave.
std::optional<Pool::Impl::LeavingCost> Pool::Impl::costOfLeaving(const Block& block, std::uint32_t index) const {
  const std::optional<std::vector<LeavingPart>> parts = partsToReadBack(block, index);
  if (!parts) return std::nullopt;
  const ByteCount readBack = bytesOf(*parts);
  return LeavingCost{readBack, readBack + store_.spareBytes(index)};
}

/// The choice is made on a copy of what is known about the blocks, and of the room in the store.
EvictionReport Pool::Impl::wouldEvict(ByteCount bytes, ByteCount alignment) const {
  EvictionReport report;
  report.goingBytes = retirement_.bytesWaiting() + leavingBytes_;
  if (lost_ || wouldFit(bytes, alignment, Lifetime::Streaming)) return report;
  const Shortage shortage = shortageWith(bytes);
  report.neededBytes = shortage.bytes;
  if (!desc_.evicts) return report;

  Residency residency = residency_;
  ByteCount storeRoom = store_.roomBytes();
  std::vector<bool> leaves(blocks_.size());
  const std::uint64_t nextStep = steps_ + 1;
  takeColdest(residency, shortage, ring_.count(), ring_.count(), [&](std::uint32_t index) -> ByteCount {
    const Block& block = blocks_[index];
    if (!mayLeave(block, nextStep)) return 0;
    const std::optional<LeavingCost> cost = costOfLeaving(block, index);
    if (!cost || cost->storeBytes > storeRoom) return 0;
    storeRoom -= cost->storeBytes;
    leaves[index] = true;
    const BlockHandle handle{index, block.generation};
    report.blocks.push_back(
        {handle, block.name.data(), block.tag, block.place.bytes, cost->readBackBytes, framesSinceUse(handle)});
    report.evictedBytes += block.place.bytes;
    return block.place.bytes;
  });

  const auto frame = static_cast<std::uint32_t>(gate_.progress().newestFrame);
  for (std::uint32_t i = 1; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (!block.live || !block.place.range || block.leaving != 0 || leaves[i]) continue;
    if (block.pins > 0) {
      report.pinnedBytes += block.place.bytes;
    } else if (isLongLived(block) || (shortage.ofHoles && block.lifetime == Lifetime::LongLived)) {
      report.longLivedBytes += block.place.bytes;
    } else if (!mayLeave(block, nextStep)) {
      report.changingBytes += block.place.bytes;
    } else if (residency.age(i, ring_.usage().lastUsed(i), frame) < residency.policy().idleFrames) {
      report.drawnBytes += block.place.bytes;
    } else if (const auto cost = costOfLeaving(block, i); !cost || cost->storeBytes > storeRoom) {
      report.homelessBytes += block.place.bytes;
    }
  }
  return report;
}

}  // namespace flux
